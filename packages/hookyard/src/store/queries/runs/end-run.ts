// A run ends, is cancelled, or is queued again as if it had never run. The caller brings the transaction.
import { sql } from 'kysely'
import type { Trx } from '../../schema.ts'
import { chunks, toJson } from '../statements.ts'
import { closeWindow, openWindows, pullWaiting, type Opening } from './windows.ts'

export interface Ending {
  readonly status: 'done' | 'failed' | 'skipped' | 'cancelled'
  readonly reason: string | null
  readonly error: string | null
  readonly at: number
  readonly summary?: string | null
  readonly details?: unknown
}

/** Writes how the run ended; failed and cancelled ones close the window that they opened. */
export async function endRun(trx: Trx, runId: string, ending: Ending): Promise<void> {
  const { status, reason, error, at, summary = null, details } = ending
  const ended = { status, reason, error, summary, details: toJson(details), finishedAt: at, journalDue: 1 }
  await trx
    .updateTable('runs')
    .set({ ...ended, waiting: 0, leaseOwner: null, leaseUntil: null, cancelReason: null })
    .where('id', '=', runId)
    .execute()
  if (status !== 'failed' && status !== 'cancelled') return
  const closed = await closeWindow(trx, runId)
  if (closed) await pullWaiting(trx, closed)
}

/**
 * A queued or paused run ends at once; a running one is asked to; a finished one stays as it is. The caller sees to the
 * window that the run may have opened.
 */
export async function cancelRun(
  trx: Trx,
  runId: string,
  reason: string,
  at: number,
): Promise<'ended' | 'asked' | 'finished'> {
  // The question before its run, as an answer does: two transactions that meet here wait, and do not deadlock.
  await trx
    .updateTable('questions')
    .set({ status: 'withdrawn', closedAt: at })
    .where('runId', '=', runId)
    .where('status', '=', sql.lit('open'))
    .execute()
  const ended = await trx
    .updateTable('runs')
    .set({ status: 'cancelled', reason, finishedAt: at, waiting: 0, journalDue: 1 })
    .where('id', '=', runId)
    .where('status', 'in', ['queued', 'paused'])
    .executeTakeFirst()
  if (ended.numUpdatedRows > 0n) return 'ended'
  const asked = await trx
    .updateTable('runs')
    .set(({ fn, val }) => ({ cancelReason: fn.coalesce('cancelReason', val(reason)) }))
    .where('id', '=', runId)
    .where('status', '=', 'running')
    .executeTakeFirst()
  return asked.numUpdatedRows > 0n ? 'asked' : 'finished'
}

/** Queues ended runs for now, with all their repeats before them; attempts stay in the trail, windows open anew. */
export async function queueAfresh(
  trx: Trx,
  runs: readonly Omit<Opening, 'from'>[],
  at: number,
): Promise<void> {
  const outcome = { reason: null, summary: null, details: null, error: null, cancelReason: null }
  const times = { runAt: at, startedAt: null, finishedAt: null }
  for (const ids of chunks(runs.map(({ id }) => id))) {
    await trx
      .updateTable('runs')
      .set({ ...outcome, ...times, status: 'queued', failures: 0, journalDue: 0 })
      .where('id', 'in', ids)
      .execute()
  }
  const openings = runs.map((run) => ({ ...run, from: at }))
  await openWindows(trx, openings)
}

/** Queues a failed or cancelled run again; false for any other. */
export async function retryRun(trx: Trx, runId: string, at: number): Promise<boolean> {
  const run = await trx
    .selectFrom('runs')
    .select(['id', 'module', 'entity', 'cooldownMs'])
    .where('id', '=', runId)
    .where('status', 'in', ['failed', 'cancelled'])
    .executeTakeFirst()
  if (run) await queueAfresh(trx, [run], at)
  return run !== undefined
}

// A run that has ended is queued as if it had never run; its attempts stay in the trail.
import type { Transaction } from 'kysely'
import { chunks } from '../chunks.ts'
import type { Database } from '../../schema.ts'
import { openWindows } from './windows.ts'

/** Ended runs, as they are queued again. */
export interface EndedRun {
  readonly id: string
  readonly module: string
  readonly entity: string
  readonly cooldownMs: number
}

/** Queues the runs for now, with all their repeats before them; each opens its window anew. */
export async function queueAfresh(
  trx: Transaction<Database>,
  runs: readonly EndedRun[],
  at: number,
): Promise<void> {
  const cleared = {
    reason: null,
    summary: null,
    details: null,
    error: null,
    started_at: null,
    finished_at: null,
  }
  for (const group of chunks(runs, 1)) {
    await trx
      .updateTable('runs')
      .set({ ...cleared, status: 'queued', run_at: at, failures: 0, cancel_reason: null, journal_due: 0 })
      .where(
        'id',
        'in',
        group.map((run) => run.id),
      )
      .execute()
  }
  await openWindows(
    trx,
    runs.map((run) => ({ ...run, from: at })),
  )
}

/** Queues a failed or cancelled run again; false for any other. */
export async function retryRun(trx: Transaction<Database>, runId: string, at: number): Promise<boolean> {
  const run = await trx
    .selectFrom('runs')
    .select(['id', 'module', 'entity', 'cooldown_ms as cooldownMs'])
    .where('id', '=', runId)
    .where('status', 'in', ['failed', 'cancelled'])
    .executeTakeFirst()
  if (!run) return false
  await queueAfresh(trx, [run], at)
  return true
}

// New runs: planned for a delivery, or invoked, commanded, scheduled. With `concurrency: cancel_running` the newer run takes
// the place of those of its entity that have not ended. The caller brings the transaction.
import { sql } from 'kysely'
import type { Trx } from '../../schema.ts'
import type { CreateOptions, CreateResult, NewRun } from '../../store.ts'
import { unfinishedQuery } from '../deliveries/entity-states.ts'
import { insertAlike, toJson } from '../statements.ts'
import { cancelRun } from './end-run.ts'
import { closeWindow, openWindows, pullWaiting } from './windows.ts'

/**
 * Creates a run that no delivery planned, unless its idempotency key is known or it is to respect an open window; only
 * then does it take the place of others.
 */
export async function createRun(
  trx: Trx,
  run: NewRun,
  { respectWindow = false, idempotency, invokedBy }: CreateOptions,
): Promise<CreateResult> {
  const { module, entity } = run
  if (idempotency) {
    const { scope, key, fingerprint } = idempotency
    const keys = trx.selectFrom('idempotency').select(['fingerprint', 'runId'])
    const known = await keys.where(({ and }) => and({ scope, key })).executeTakeFirst()
    if (known?.fingerprint === fingerprint) return { status: 'existing', runId: known.runId }
    if (known) return { status: 'conflict' }
  }
  if (respectWindow) {
    const windows = trx.selectFrom('windows').select('until').where('until', '>', run.createdAt)
    const window = await windows.where(({ and }) => and({ module, entity })).executeTakeFirst()
    if (window) return { status: 'cooldown', until: window.until }
  }
  const replaced = (await runsBefore(trx, run)).filter((id) => id !== invokedBy)
  let closed = false
  for (const id of replaced) {
    const ended = (await cancelRun(trx, id, 'replaced', run.createdAt)) === 'ended'
    if (ended && (await closeWindow(trx, id))) closed = true
  }
  // Behind the closing: the run opens a window of its own.
  await insertRuns(trx, [run])
  if (closed) await pullWaiting(trx, run)
  const kept = idempotency && { ...idempotency, runId: run.id }
  if (kept) await trx.insertInto('idempotency').values(kept).execute()
  return { status: 'created', runId: run.id, ...(replaced.length > 0 && { replaced }) }
}

/** The runs in whose place this one comes: unfinished, not waiting for newer deliveries, and not asked to stop yet. */
export async function runsBefore(trx: Trx, { module, entity, concurrency }: NewRun): Promise<string[]> {
  if (concurrency !== 'cancel_running') return []
  const before = await unfinishedQuery(trx, [{ module, entity }])
    .where('waiting', '=', sql.lit(0))
    .where('cancelReason', 'is', null)
    .execute()
  return before.map((run) => run.id)
}

/** Inserts runs with their recipients; a run that does not wait opens its cooldown window now. */
export async function insertRuns(trx: Trx, runs: readonly NewRun[]): Promise<void> {
  await insertAlike(trx, 'runs', runs.map(toRunRow))
  await insertRecipients(trx, runs)
  const opening = runs.filter((run) => !run.waiting).map((run) => ({ ...run, from: run.runAt }))
  await openWindows(trx, opening)
}

/** Adds recipients to runs; one who is named already is not named twice. */
export async function insertRecipients(trx: Trx, runs: readonly Pick<NewRun, 'id' | 'recipients'>[]) {
  const rows = runs.flatMap(({ id: runId, recipients }) =>
    recipients.map((recipient) => ({ runId, recipient })),
  )
  await insertAlike(trx, 'runRecipients', rows, true)
}

const toRunRow = (run: NewRun) => ({
  id: run.id,
  module: run.module,
  entity: run.entity,
  repository: run.repository,
  trigger: JSON.stringify(run.trigger),
  delivery: run.delivery,
  status: 'queued' as const,
  attempt: 0,
  failures: 0,
  costUsd: 0,
  input: toJson(run.input),
  depth: run.depth,
  concurrency: run.concurrency,
  cooldownMs: run.cooldownMs,
  waiting: run.waiting ? 1 : 0,
  dueAt: run.dueAt,
  runAt: run.runAt,
  journalDue: 0,
  tainted: run.tainted === true ? 1 : 0,
  createdAt: run.createdAt,
})

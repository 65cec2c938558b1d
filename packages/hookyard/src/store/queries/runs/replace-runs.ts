// `concurrency: cancel_running`: a newer run takes the place of those of its entity that have not ended. The caller
// brings the transaction.
import { sql, type Transaction } from 'kysely'
import { cancelRun } from './cancel-run.ts'
import { unfinishedQuery } from '../deliveries/entity-states.ts'
import { insertRuns } from './new-rows.ts'
import type { Database } from '../../schema.ts'
import type { NewRun } from '../../store.ts'
import { closeWindow, pullWaiting } from './windows.ts'

/** The runs in whose place this one comes: unfinished, not waiting for newer deliveries, and not asked to stop yet. */
export async function runsBefore(
  trx: Transaction<Database>,
  { module, entity, concurrency }: NewRun,
): Promise<string[]> {
  if (concurrency !== 'cancel_running') return []
  const before = await unfinishedQuery(trx, [{ module, entity }])
    .where('waiting', '=', sql.lit(0))
    .where('cancel_reason', 'is', null)
    .execute()
  return before.map((run) => run.id)
}

/** Inserts the run, and cancels those in whose place it comes, but for `spared`; answers with their ids. */
export async function insertInPlace(
  trx: Transaction<Database>,
  run: NewRun,
  spared: string | undefined,
): Promise<string[]> {
  const replaced = (await runsBefore(trx, run)).filter((id) => id !== spared)
  let closed = false
  for (const id of replaced) {
    const ended = (await cancelRun(trx, id, 'replaced', run.createdAt)) === 'ended'
    if (ended && (await closeWindow(trx, id))) closed = true
  }
  // Behind the closing: the run opens a window of its own.
  await insertRuns(trx, [run])
  if (closed) await pullWaiting(trx, run)
  return replaced
}

// A run is cancelled. The caller brings the transaction, and sees to the window that the run may have opened.
import type { Transaction } from 'kysely'
import { withdrawQuestion } from '../questions/questions.ts'
import type { Database } from '../../schema.ts'

/** A queued or paused run ends at once; a running one is asked to; a finished one stays as it is. */
export async function cancelRun(
  trx: Transaction<Database>,
  runId: string,
  reason: string,
  at: number,
): Promise<'ended' | 'asked' | 'finished'> {
  // The question before its run, as an answer does: two transactions that meet here wait, and do not deadlock.
  await withdrawQuestion(trx, runId, at)
  const ended = await trx
    .updateTable('runs')
    .set({ status: 'cancelled', reason, finished_at: at, waiting: 0, journal_due: 1 })
    .where('id', '=', runId)
    .where('status', 'in', ['queued', 'paused'])
    .executeTakeFirst()
  if (ended.numUpdatedRows > 0n) return 'ended'
  const asked = await trx
    .updateTable('runs')
    .set((eb) => ({ cancel_reason: eb.fn.coalesce('cancel_reason', eb.val(reason)) }))
    .where('id', '=', runId)
    .where('status', '=', 'running')
    .executeTakeFirst()
  return asked.numUpdatedRows > 0n ? 'asked' : 'finished'
}

// How an attempt ended becomes rows, all at once. The caller brings the transaction.
import type { Trx } from '../../schema.ts'
import type { Settlement } from '../../store.ts'
import { insertMessages } from '../outbox/outbox.ts'
import { insertQuestion } from '../questions/questions.ts'
import { toJson } from '../statements.ts'
import { endRun } from './end-run.ts'

/** Writes the settlement; false, and nothing written, when the owner no longer holds this attempt. */
export async function settleRun(trx: Trx, owner: string, settlement: Settlement): Promise<boolean> {
  const { runId, attempt, at, error, details } = settlement
  const run = await trx
    .selectFrom('runs')
    .select(['module', 'entity', 'cancelReason', 'costUsd', 'tainted'])
    .where(({ and }) => and({ id: runId, status: 'running', leaseOwner: owner, attempt }))
    .executeTakeFirst()
  if (!run) return false
  const { module, entity, tainted, cancelReason: reason } = run
  const update = trx.updateTable('runs').where('id', '=', runId)
  await update.set({ costUsd: run.costUsd + settlement.costUsd }).execute()
  await trx
    .updateTable('attempts')
    .set({ finishedAt: at, status: attemptStatus(settlement), error })
    .where(({ and }) => and({ runId, attempt }))
    .execute()
  const released = { leaseOwner: null, leaseUntil: null }
  if (settlement.kind === 'finished') {
    await endRun(trx, runId, settlement)
    if (settlement.state !== undefined) {
      const kept = { state: JSON.stringify(settlement.state), runId, updatedAt: at, tainted }
      await trx
        .insertInto('states')
        .values({ module, entity, ...kept })
        .onConflict((conflict) => conflict.columns(['module', 'entity']).doUpdateSet(kept))
        .execute()
    }
  } else if (reason !== null) {
    await endRun(trx, runId, { status: 'cancelled', reason, error, at, details })
    // A question of a run that is to end is not asked.
    return true
  } else if (settlement.kind === 'paused') {
    // What is recorded so far stays with the run for its end.
    await update.set({ ...released, status: 'paused', details: toJson(details), error: null }).execute()
    await insertQuestion(trx, runId, settlement.question)
  } else {
    const { runAt, counted } = settlement
    await update
      .set(({ eb }) => ({ failures: eb('failures', '+', counted ? 1 : 0) }))
      .set({ ...released, status: 'queued', runAt, error })
      .execute()
  }
  await insertMessages(trx, settlement.messages)
  return true
}

function attemptStatus(settlement: Settlement): string {
  if (settlement.kind === 'finished') return settlement.status
  if (settlement.kind === 'paused') return 'paused'
  return settlement.counted ? 'failed' : 'again'
}

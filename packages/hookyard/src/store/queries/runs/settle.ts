// How an attempt ended becomes rows, all at once. The caller brings the transaction.
import type { Transaction } from 'kysely'
import { endRun } from './end-run.ts'
import { insertMessages } from './new-rows.ts'
import { insertQuestion } from '../questions/questions.ts'
import { toJson } from '../json.ts'
import type { Database } from '../../schema.ts'
import type { Settlement } from '../../store.ts'

/** Writes the settlement; false, and nothing written, when the owner no longer holds this attempt. */
export async function settleRun(
  trx: Transaction<Database>,
  owner: string,
  settlement: Settlement,
): Promise<boolean> {
  const { runId, attempt, at, error, costUsd } = settlement
  const run = await trx
    .selectFrom('runs')
    .select(['id', 'module', 'entity', 'cancel_reason', 'cost_usd', 'tainted'])
    .where('id', '=', runId)
    .where('status', '=', 'running')
    .where('lease_owner', '=', owner)
    .where('attempt', '=', attempt)
    .executeTakeFirst()
  if (!run) return false
  const cost_usd = run.cost_usd + costUsd
  await trx.updateTable('runs').set({ cost_usd }).where('id', '=', runId).execute()
  await trx
    .updateTable('attempts')
    .set({ finished_at: at, status: attemptStatus(settlement), error })
    .where('run_id', '=', runId)
    .where('attempt', '=', attempt)
    .execute()
  if (settlement.kind === 'finished') {
    await endRun(trx, run, settlement)
    if (settlement.state !== undefined) await keepState(trx, run, settlement.state, at)
  } else if (run.cancel_reason !== null) {
    await endRun(trx, run, {
      status: 'cancelled',
      reason: run.cancel_reason,
      error,
      at,
      details: settlement.details,
    })
    // A question of a run that is to end is not asked.
    return true
  } else if (settlement.kind === 'paused') {
    await pause(trx, settlement)
  } else {
    await queueAgain(trx, settlement)
  }
  await insertMessages(trx, settlement.messages)
  return true
}

function attemptStatus(settlement: Settlement): string {
  if (settlement.kind === 'finished') return settlement.status
  if (settlement.kind === 'paused') return 'paused'
  return settlement.counted ? 'failed' : 'again'
}

async function queueAgain(
  trx: Transaction<Database>,
  { runId, runAt, counted, error }: Extract<Settlement, { kind: 'again' }>,
): Promise<void> {
  await trx
    .updateTable('runs')
    .set((eb) => ({
      status: 'queued',
      run_at: runAt,
      failures: eb('failures', '+', counted ? 1 : 0),
      error,
      lease_owner: null,
      lease_until: null,
    }))
    .where('id', '=', runId)
    .execute()
}

/** What is recorded so far stays with the run for its end. */
async function pause(
  trx: Transaction<Database>,
  { runId, details, question }: Extract<Settlement, { kind: 'paused' }>,
): Promise<void> {
  await trx
    .updateTable('runs')
    .set({ status: 'paused', details: toJson(details), error: null, lease_owner: null, lease_until: null })
    .where('id', '=', runId)
    .execute()
  await insertQuestion(trx, runId, question)
}

async function keepState(
  trx: Transaction<Database>,
  run: { readonly id: string; readonly module: string; readonly entity: string; readonly tainted: number },
  value: unknown,
  at: number,
): Promise<void> {
  const kept = { state: JSON.stringify(value), run_id: run.id, updated_at: at, tainted: run.tainted }
  await trx
    .insertInto('states')
    .values({ module: run.module, entity: run.entity, ...kept })
    .onConflict((conflict) => conflict.columns(['module', 'entity']).doUpdateSet(kept))
    .execute()
}

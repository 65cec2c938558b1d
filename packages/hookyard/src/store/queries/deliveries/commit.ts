// Plans become rows: decisions, runs, messages, all of a batch or none. The caller brings the transaction.
import { sql, type Transaction } from 'kysely'
import { cancelRun } from '../runs/cancel-run.ts'
import { insertAlike, powersOfTwo, runCompiled } from '../compiled-once.ts'
import { insertMessages, insertRecipients, insertRuns } from '../runs/new-rows.ts'
import { runsBefore } from '../runs/replace-runs.ts'
import { countReplays } from './replay.ts'
import { markRepositories } from '../runs/schedules.ts'
import type { Database } from '../../schema.ts'
import { StalePlanError, type CoalescedRun, type NewRun, type Plan } from '../../store.ts'
import { closeWindow, pullWaiting } from '../runs/windows.ts'

/**
 * Writes the replays, and the plans whose delivery is still `received`; returns the running runs that were asked
 * to stop.
 * @throws StalePlanError when a run to coalesce into no longer waits, a new waiting run is not alone, a run is there that
 * a new one should have cancelled, or a replay is not the delivery's next one.
 */
export async function commitPlans(trx: Transaction<Database>, plans: readonly Plan[]): Promise<string[]> {
  const replays = plans.filter((plan) => plan.replay !== undefined)
  const firsts = plans.filter((plan) => plan.replay === undefined)
  await countReplays(trx, replays)
  const fresh = [...(await stillReceived(trx, firsts)), ...replays]
  const asked = new Set<string>()
  // Runs of later plans may meet those of earlier ones, so they are written in the order of the plans;
  // those that meet nothing go in together.
  let unwritten: NewRun[] = []
  for (const plan of fresh) {
    if (plan.cancelled.length > 0 || plan.coalesced.length > 0) {
      await insertPlanned(trx, unwritten)
      unwritten = []
      await changeRuns(trx, plan, asked)
    } else {
      unwritten.push(...plan.runs)
    }
  }
  await insertPlanned(trx, unwritten)
  await insertDecisions(trx, fresh)
  await insertMessages(
    trx,
    fresh.flatMap((plan) => plan.messages),
  )
  await setStatuses(trx, fresh)
  await markRepositories(
    trx,
    fresh.map((plan) => plan.deliveryId),
  )
  return [...asked]
}

/** One plan per delivery that waits for one: after a crash the same plans may come again. */
async function stillReceived(trx: Transaction<Database>, plans: readonly Plan[]): Promise<Plan[]> {
  const byDelivery = new Map<number, Plan>()
  for (const plan of plans) if (!byDelivery.has(plan.deliveryId)) byDelivery.set(plan.deliveryId, plan)
  const received = new Set<number>()
  for (const ids of powersOfTwo([...byDelivery.keys()])) {
    const build = () =>
      trx
        .selectFrom('deliveries')
        .select('id')
        .where('id', 'in', ids)
        .where('status', '=', sql.lit('received'))
    for (const row of await runCompiled(trx, 'still received', build, ids)) received.add(row.id)
  }
  return [...byDelivery.values()].filter((plan) => received.has(plan.deliveryId))
}

// Cancelling first: a plan may end the waiting run of an entity and begin another. The waiting run is
// pulled last, since it may be one that this very plan brings.
async function changeRuns(trx: Transaction<Database>, plan: Plan, asked: Set<string>): Promise<void> {
  const closed: { module: string; entity: string }[] = []
  for (const { runId, reason } of plan.cancelled) {
    const cancelled = await cancelRun(trx, runId, reason, plan.at)
    if (cancelled === 'asked') asked.add(runId)
    const window = cancelled === 'ended' ? await closeWindow(trx, runId) : null
    if (window) closed.push(window)
  }
  await insertPlanned(trx, plan.runs)
  for (const run of plan.coalesced) await coalesce(trx, run)
  for (const window of closed) await pullWaiting(trx, window)
}

async function coalesce(trx: Transaction<Database>, run: CoalescedRun): Promise<void> {
  const updated = await trx
    .updateTable('runs')
    .set({
      delivery: run.delivery,
      trigger: JSON.stringify(run.trigger),
      run_at: run.runAt,
      due_at: run.dueAt,
      cooldown_ms: run.cooldownMs,
    })
    .where('id', '=', run.runId)
    .where('waiting', '=', 1)
    .executeTakeFirst()
  if (updated.numUpdatedRows === 0n) {
    throw new StalePlanError(
      `run ${run.runId} no longer waits, so delivery ${run.delivery} cannot join it: decide again`,
    )
  }
  await insertRecipients(
    trx,
    run.recipients.map((recipient) => ({ run_id: run.runId, recipient })),
  )
}

async function insertPlanned(trx: Transaction<Database>, runs: readonly NewRun[]): Promise<void> {
  const waiting = new Set<string>()
  for (const { module, entity } of runs.filter((run) => run.waiting)) {
    const taken = waiting.has(`${module}\n${entity}`) || (await isWaiting(trx, module, entity))
    if (taken) throw new StalePlanError(`another run of ${module} waits for ${entity} by now: decide again`)
    waiting.add(`${module}\n${entity}`)
  }
  for (const run of runs) {
    const [unknown] = await runsBefore(trx, run)
    if (unknown !== undefined)
      throw new StalePlanError(`run ${unknown} came meanwhile, and ${run.id} is to replace it: decide again`)
  }
  await insertRuns(trx, runs)
}

async function isWaiting(trx: Transaction<Database>, module: string, entity: string): Promise<boolean> {
  const found = await trx
    .selectFrom('runs')
    .select('id')
    .where('module', '=', module)
    .where('entity', '=', entity)
    .where('waiting', '=', sql.lit(1))
    .executeTakeFirst()
  return found !== undefined
}

async function insertDecisions(trx: Transaction<Database>, plans: readonly Plan[]): Promise<void> {
  const decisions = plans.flatMap((plan) =>
    plan.decisions.map(({ user, module, outcome, reason, runId }) => ({
      delivery_id: plan.deliveryId,
      user_name: user,
      module,
      outcome,
      reason,
      run_id: runId,
      replay: plan.replay ?? 0,
    })),
  )
  await insertAlike(trx, 'decisions', decisions)
}

async function setStatuses(trx: Transaction<Database>, plans: readonly Plan[]): Promise<void> {
  for (const alike of Map.groupBy(plans, (plan) => `${plan.status}\n${plan.error ?? ''}`).values()) {
    const [{ status, error } = {} as Plan] = alike
    for (const ids of powersOfTwo(alike.map((plan) => plan.deliveryId))) {
      const build = () => trx.updateTable('deliveries').set({ status, error }).where('id', 'in', ids)
      await runCompiled(trx, 'set statuses', build, [status, error, ...ids])
    }
  }
}

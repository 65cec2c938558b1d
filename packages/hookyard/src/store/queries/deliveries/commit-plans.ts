// Plans become rows: decisions, runs, messages, all of a batch or none. The caller brings the transaction.
import { sql } from 'kysely'
import type { Trx } from '../../schema.ts'
import { StalePlanError, type CoalescedRun, type NewRun, type Plan } from '../../store.ts'
import { insertMessages } from '../outbox/outbox.ts'
import { insertRecipients, insertRuns, runsBefore } from '../runs/create-run.ts'
import { cancelRun } from '../runs/end-run.ts'
import { closeWindow, pullWaiting } from '../runs/windows.ts'
import { insertAlike, powersOfTwo, runCompiled } from '../statements.ts'

/**
 * Writes the replays, and the plans whose delivery is still `received`; returns the running runs that were asked
 * to stop.
 * @throws StalePlanError when a run to coalesce into no longer waits, a new waiting run is not alone, a run is there that
 * a new one should have cancelled, or a replay is not the delivery's next one.
 */
export async function commitPlans(trx: Trx, plans: readonly Plan[]): Promise<string[]> {
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
  const messages = fresh.flatMap((plan) => plan.messages)
  await insertMessages(trx, messages)
  await setStatuses(trx, fresh)
  const deliveryIds = fresh.map((plan) => plan.deliveryId)
  await markRepositories(trx, deliveryIds)
  return [...asked]
}

/** @throws StalePlanError when another replay was faster, or the delivery has not been dispatched yet. */
async function countReplays(trx: Trx, plans: readonly Plan[]): Promise<void> {
  for (const { deliveryId, guid, replay = 0 } of plans) {
    const counted = await trx
      .updateTable('deliveries')
      .set({ replays: replay })
      .where(({ and }) => and({ id: deliveryId, replays: replay - 1 }))
      .where('status', '!=', 'received')
      .executeTakeFirst()
    if (counted.numUpdatedRows === 0n)
      throw new StalePlanError(`replay ${replay} of delivery ${guid} is not the next one: decide again`)
  }
}

/** One plan per delivery that waits for one: after a crash the same plans may come again. */
async function stillReceived(trx: Trx, plans: readonly Plan[]): Promise<Plan[]> {
  const byDelivery = new Map<number, Plan>()
  for (const plan of plans) if (!byDelivery.has(plan.deliveryId)) byDelivery.set(plan.deliveryId, plan)
  const received = new Set<number>()
  for (const ids of powersOfTwo([...byDelivery.keys()])) {
    const build = () => {
      const some = trx.selectFrom('deliveries').select('id').where('id', 'in', ids)
      return some.where('status', '=', sql.lit('received'))
    }
    for (const row of await runCompiled(trx, 'still received', build, ids)) received.add(row.id)
  }
  return [...byDelivery.values()].filter((plan) => received.has(plan.deliveryId))
}

// Cancelling first: a plan may end the waiting run of an entity and begin another. The waiting run is
// pulled last, since it may be one that this very plan brings.
async function changeRuns(trx: Trx, plan: Plan, asked: Set<string>): Promise<void> {
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

async function coalesce(trx: Trx, run: CoalescedRun): Promise<void> {
  const { runId, delivery, trigger, recipients, ...times } = run
  const updated = await trx
    .updateTable('runs')
    .set({ delivery, trigger: JSON.stringify(trigger), ...times })
    .where(({ and }) => and({ id: runId, waiting: 1 }))
    .executeTakeFirst()
  if (updated.numUpdatedRows === 0n)
    throw new StalePlanError(
      `run ${runId} no longer waits, so delivery ${delivery} cannot join it: decide again`,
    )
  await insertRecipients(trx, [{ id: runId, recipients }])
}

async function insertPlanned(trx: Trx, runs: readonly NewRun[]): Promise<void> {
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

async function isWaiting(trx: Trx, module: string, entity: string): Promise<boolean> {
  const found = trx.selectFrom('runs').select('id').where('waiting', '=', sql.lit(1))
  return (await found.where(({ and }) => and({ module, entity })).executeTakeFirst()) !== undefined
}

async function insertDecisions(trx: Trx, plans: readonly Plan[]): Promise<void> {
  const decisions = plans.flatMap(({ deliveryId, replay = 0, decisions }) =>
    decisions.map(({ user: userName, module, outcome, reason, runId }) => {
      return { deliveryId, userName, module, outcome, reason, runId, replay }
    }),
  )
  await insertAlike(trx, 'decisions', decisions)
}

async function setStatuses(trx: Trx, plans: readonly Plan[]): Promise<void> {
  for (const alike of Map.groupBy(plans, (plan) => `${plan.status}\n${plan.error ?? ''}`).values()) {
    const [{ status, error } = {} as Plan] = alike
    for (const ids of powersOfTwo(alike.map((plan) => plan.deliveryId))) {
      const build = () => trx.updateTable('deliveries').set({ status, error }).where('id', 'in', ids)
      await runCompiled(trx, 'set statuses', build, [status, error, ...ids])
    }
  }
}

/** How old a repository's mark may grow before a delivery renews it, in ms. */
const MARK_MS = 86_400_000

/** Remembers the repositories of these deliveries: a schedule's tick may be about them. */
async function markRepositories(trx: Trx, deliveryIds: readonly number[]): Promise<void> {
  for (const ids of powersOfTwo(deliveryIds)) {
    const build = () =>
      trx
        .insertInto('repositories')
        .columns(['name', 'seenAt'])
        .expression(({ selectFrom }) =>
          selectFrom('deliveries')
            .select(({ fn }) => ['repository as name', fn.max('receivedAt').as('seenAt')])
            .where('id', 'in', ids)
            .where('repository', 'is not', null)
            .groupBy('repository'),
        )
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet(({ ref }) => ({ seenAt: ref('excluded.seenAt') }))
            .where(sql<boolean>`repositories.seen_at < excluded.seen_at - ${sql.lit(MARK_MS)}`),
        )
    await runCompiled(trx, 'mark repositories', build, ids)
  }
}

// What happened and why: the trail of a delivery or of everything about an entity, from what the stages wrote.
import type { DeliveryRecord, RunRecord, SentMessage, Store } from '../store/store.ts'
import type { Target } from './target.ts'

export interface Trail {
  readonly target: Target
  readonly deliveries: readonly DeliveryTrail[]
  /** Runs of the entity that no delivery above names: invoked, scheduled, resumed. */
  readonly otherRuns: readonly RunTrail[]
}

export interface DeliveryTrail extends DeliveryRecord {
  readonly runs: readonly RunTrail[]
  readonly messages: readonly SentMessage[]
}

export interface RunTrail extends RunRecord {
  readonly messages: readonly SentMessage[]
}

/** Deliveries and runs shown of an entity. */
const LIMIT = 20

/** Collects the trail, newest first; null when nothing is known of the target. */
export async function traceTarget(store: Store, target: Target): Promise<Trail | null> {
  const deliveries =
    target.kind === 'delivery'
      ? [await store.deliveries.get(target.guid)].filter((delivery) => delivery !== null)
      : await store.deliveries.ofEntity(target.entity, LIMIT)
  const trails = await Promise.all(deliveries.map((delivery) => traceDelivery(store, delivery)))
  const named = new Set(trails.flatMap((trail) => trail.runs.map((run) => run.id)))
  const others =
    target.kind === 'entity'
      ? (await store.runs.list({ entity: target.entity, limit: LIMIT })).filter((run) => !named.has(run.id))
      : []
  if (trails.length === 0 && others.length === 0) return null
  return {
    target,
    deliveries: trails,
    otherRuns: await Promise.all(others.map((run) => traceRun(store, run))),
  }
}

async function traceDelivery(store: Store, delivery: DeliveryRecord): Promise<DeliveryTrail> {
  const ids = [...new Set(delivery.decisions.flatMap((decision) => decision.runId ?? []))]
  const runs = (await Promise.all(ids.map((id) => store.runs.get(id)))).filter((run) => run !== null)
  const messages = await store.outbox.ofDelivery(delivery.guid)
  return {
    ...delivery,
    runs: await Promise.all(runs.map((run) => traceRun(store, run))),
    messages: messages.filter((message) => message.runId === null),
  }
}

async function traceRun(store: Store, run: RunRecord): Promise<RunTrail> {
  return { ...run, messages: await store.outbox.ofRun(run.id) }
}

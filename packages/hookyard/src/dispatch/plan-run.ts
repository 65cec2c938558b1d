// A run enters a plan: it is made, or joins the one that waits, and replaces others. Touches the plan and the tracker's
// memory of the batch alone.
import type { User } from '../config/config.ts'
import { fields } from '../lib/fields.ts'
import type { Binding } from '../registry/manifest.ts'
import type { NewRun, RunTrigger } from '../store/store.ts'
import type { DeliveryToDecide, Draft, World } from './world.ts'

/** One run for everybody who wants it, or none: the window decides once per delivery and module. */
export function planRun(
  binding: Binding,
  wanting: readonly User[],
  delivery: DeliveryToDecide,
  world: World,
  draft: Draft,
) {
  const { module, trigger: policy } = binding
  const { tracker, now } = world
  const { concurrency } = module.manifest
  const { verdict, replaces } =
    delivery.replay === undefined
      ? tracker.evaluate(module.name, delivery.entity, policy, concurrency, now)
      : {
          verdict: { kind: 'start' as const },
          replaces: tracker.replaced(module.name, delivery.entity, concurrency),
        }
  const recipients = wanting.map((user) => user.name)

  if (verdict.kind === 'skip') return { outcome: 'skipped' as const, reason: 'cooldown', runId: null }
  replace(module.name, delivery.entity, replaces, world, draft)

  if (verdict.kind === 'join') {
    tracker.joined(module.name, delivery.entity, verdict.dueAt)
    draft.coalesced.push({
      runId: verdict.runId,
      delivery: delivery.guid,
      trigger: triggerOf(delivery),
      recipients,
      runAt: verdict.runAt,
      dueAt: verdict.dueAt,
      cooldownMs: policy.cooldownMs,
    })
    return { outcome: 'coalesced' as const, reason: 'joined_waiting_run', runId: verdict.runId }
  }
  const waits = verdict.kind === 'wait'
  const run: NewRun = {
    id: world.newRunId(),
    module: module.name,
    entity: delivery.entity,
    repository: delivery.repository,
    trigger: triggerOf(delivery),
    delivery: delivery.guid,
    recipients,
    runAt: waits ? verdict.runAt : now,
    dueAt: waits ? verdict.dueAt : now,
    waiting: waits,
    concurrency,
    cooldownMs: policy.cooldownMs,
    input: null,
    depth: 0,
    createdAt: now,
  }
  addRun(run, world, draft)
  if (waits && verdict.coalesced)
    return { outcome: 'coalesced' as const, reason: 'window_open', runId: run.id }
  return { outcome: 'ran' as const, reason: waits ? 'debounced' : null, runId: run.id }
}

/** A run that waits for nothing: with `cancel_running` in the place of those that have not ended. */
export function startRun(run: NewRun, world: World, draft: Draft): void {
  const { module, entity, concurrency } = run
  replace(module, entity, world.tracker.replaced(module, entity, concurrency), world, draft)
  addRun(run, world, draft)
}

function replace(
  module: string,
  entity: string,
  runIds: readonly string[],
  { tracker }: World,
  draft: Draft,
): void {
  for (const runId of runIds) draft.cancelled.push({ runId, reason: 'replaced' })
  tracker.cancelled(module, entity, runIds)
}

function addRun(run: NewRun, { tracker, now }: World, draft: Draft): void {
  draft.runs.push(run)
  tracker.created(run.module, run.entity, { ...run, at: now })
}

function triggerOf(delivery: DeliveryToDecide): RunTrigger {
  const login = fields(fields(delivery.payload)['sender'])['login']
  return {
    type: 'webhook',
    event: delivery.event,
    action: delivery.action,
    by: typeof login === 'string' ? login : null,
    at: new Date(delivery.receivedAt).toISOString(),
  }
}

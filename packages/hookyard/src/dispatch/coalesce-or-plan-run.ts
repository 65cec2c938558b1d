// A run enters the plan: it is made, or joins the one that waits (a push is coalesced here), and replaces others.
// Touches the plan and the tracker's memory of the batch alone.
import type { User } from '../config/config.ts'
import { fields, text } from '../lib/fields.ts'
import type { Binding } from '../registry/manifest.ts'
import { newRun } from '../store/new-run.ts'
import type { NewRun, RunTrigger } from '../store/store.ts'
import type { DecisionContext, DeliveryToDecide } from './decision-context.ts'

/** One run for everybody who wants it, or none: the window decides once per delivery and module. */
export function planRun(
  { module, trigger: policy }: Binding,
  users: readonly User[],
  context: DecisionContext,
) {
  const { delivery, tracker, draft, now } = context
  const { entity, guid, repository } = delivery
  const { concurrency } = module.manifest
  const { verdict, replaces } =
    delivery.replay === undefined
      ? tracker.evaluate(module.name, entity, policy, concurrency, now)
      : { verdict: { kind: 'start' } as const, replaces: tracker.replaced(module.name, entity, concurrency) }
  if (verdict.kind === 'skip') return { outcome: 'skipped', reason: 'cooldown', runId: null } as const
  cancel(module.name, replaces, 'replaced', context)

  const recipients = users.map((user) => user.name)
  const trigger = triggerOf(delivery)
  const { cooldownMs } = policy
  if (verdict.kind === 'join') {
    const { runId, runAt, dueAt } = verdict
    tracker.joined(module.name, entity, { dueAt, runAt, cooldownMs })
    draft.coalesced.push({ runId, delivery: guid, trigger, recipients, runAt, dueAt, cooldownMs })
    return { outcome: 'coalesced', reason: 'joined_waiting_run', runId } as const
  }
  const waiting = verdict.kind === 'wait'
  const { runAt, dueAt } = waiting ? verdict : { runAt: now, dueAt: now }
  const about = { id: context.newRunId(), entity, repository, delivery: guid, trigger, recipients }
  const run = newRun(module, { ...about, createdAt: now, runAt, dueAt, waiting, cooldownMs })
  addRun(run, context)
  if (waiting && verdict.coalesced)
    return { outcome: 'coalesced', reason: 'window_open', runId: run.id } as const
  return { outcome: 'ran', reason: waiting ? 'debounced' : null, runId: run.id } as const
}

/** A run that waits for nothing: with `cancel_running` in the place of those that have not ended. */
export function startRun(run: NewRun, context: DecisionContext): void {
  const { module, entity, concurrency } = run
  cancel(module, context.tracker.replaced(module, entity, concurrency), 'replaced', context)
  addRun(run, context)
}

/** Ends the module's runs of the delivery's entity. */
export function cancel(
  module: string,
  runIds: readonly string[],
  reason: string,
  { tracker, draft, delivery }: DecisionContext,
): void {
  draft.cancelled.push(...runIds.map((runId) => ({ runId, reason })))
  tracker.cancelled(module, delivery.entity, runIds)
}

function addRun(run: NewRun, { tracker, draft }: DecisionContext): void {
  draft.runs.push(run)
  tracker.created(run)
}

const triggerOf = ({ event, action, payload, receivedAt }: DeliveryToDecide): RunTrigger => ({
  type: 'webhook',
  event,
  action,
  by: text(fields(fields(payload)['sender'])['login']),
  at: new Date(receivedAt).toISOString(),
})

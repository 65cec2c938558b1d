// One delivery -> one plan: who hears, which modules match, why or why not, and the messages for those whom no
// module served. Touches nothing but the tracker's memory of the batch; dispatch, simulate, why and replay all
// decide here.
import { mayCommand } from '../command/match-commands.ts'
import type { User } from '../config/config.ts'
import { toError } from '../lib/errors.ts'
import type { Binding, Module } from '../registry/manifest.ts'
import type { Decision, Plan } from '../store/store.ts'
import { decideCommands } from './decide-commands.ts'
import { hearersOf, unheard } from './hearing.ts'
import { notify, withoutModule } from './notify.ts'
import { pathsOf } from './paths.ts'
import { planRun } from './plan-run.ts'
import { refusal, unwantedBy } from './refusal.ts'
import { concerned } from './relevance.ts'
import type { Bindings, DeliveryToDecide, Draft, World } from './world.ts'

export type { Bindings, DeliveryToDecide, Facts, World } from './world.ts'

/** The pairs whose state the tracker must know before `decide`. The payload is not read yet: nobody knows which command. */
export function pairsOf(
  delivery: Pick<DeliveryToDecide, 'event' | 'action' | 'repository' | 'entity'>,
  registry: Bindings,
) {
  const modules = [
    ...registry.bindingsFor(delivery.event, delivery.action).map((binding) => binding.module),
    ...registry.cancelledBy(delivery.event, delivery.action),
    ...(mayCommand(delivery) ? registry.replacing() : []),
  ]
  return [...new Set(modules.map((module) => module.name))].map((module) => ({
    module,
    entity: delivery.entity,
  }))
}

/** Decides one delivery. Never throws: what goes wrong with one module or user is a decision with its reason. */
export function decide(delivery: DeliveryToDecide, world: World): Plan {
  const draft: Draft = { decisions: [], runs: [], coalesced: [], cancelled: [], messages: [] }
  const heard = hearersOf(delivery, world)
  const audience = concerned(heard, delivery.payload)

  if (world.facts?.own) {
    leaveAlone(heard, delivery, world, draft)
    return planOf(delivery, world, draft)
  }
  for (const module of world.registry.cancelledBy(delivery.event, delivery.action)) {
    cancelEntity(module, delivery, world, draft)
  }
  const commanded = decideCommands(delivery, audience, world, draft)
  const taken = new Set<string>()
  for (const binding of world.registry.bindingsFor(delivery.event, delivery.action)) {
    // Commanded and bound to the same comment, a module is decided once.
    if (commanded.decided.has(binding.module.name)) continue
    const people = [...audience, ...(commanded.callers.get(binding.module.name) ?? [])]
    for (const decision of decideModule(binding, people, delivery, world, draft)) {
      draft.decisions.push(decision)
      if (takes(decision)) taken.add(decision.user)
    }
  }
  for (const user of heard) {
    if (!audience.includes(user)) draft.decisions.push(withoutModule(user, 'no_message', 'not_mine'))
    // Said also when a module took it: the message about its run stays away as well.
    else if (world.access.isMuted(user.name, delivery.entity, world.now))
      draft.decisions.push(withoutModule(user, 'no_message', 'muted'))
    // A comment that holds a valid command is taken, for everybody.
    else if (commanded.taken) draft.decisions.push(withoutModule(user, 'no_message', 'command'))
    else if (!taken.has(user.name)) notify(user, delivery, world, draft)
  }
  draft.decisions.push(
    ...unheard(delivery, world).filter(({ user }) => !heard.some((one) => one.name === user)),
  )
  if (heard.length === 0)
    draft.decisions.push(withoutModule(world.access.firstAdmin(), 'no_message', 'repo_removed'))
  return planOf(delivery, world, draft)
}

function planOf(delivery: DeliveryToDecide, world: World, draft: Draft): Plan {
  return {
    deliveryId: delivery.id,
    guid: delivery.guid,
    status: 'dispatched',
    error: null,
    at: world.now,
    ...draft,
  }
}

/** What this service wrote itself starts nothing, cancels nothing, and is told to nobody. */
function leaveAlone(heard: readonly User[], delivery: DeliveryToDecide, world: World, draft: Draft): void {
  for (const { module } of world.registry.bindingsFor(delivery.event, delivery.action)) {
    for (const { name: user } of heard)
      draft.decisions.push({ user, module: module.name, outcome: 'skipped', reason: 'own', runId: null })
  }
  for (const user of heard) draft.decisions.push(withoutModule(user, 'no_message', 'own'))
}

/** A module has taken the event for a user with these decisions; the formatted message stays away. */
export function takes(decision: Decision): boolean {
  return (
    decision.outcome === 'ran' ||
    decision.outcome === 'coalesced' ||
    (decision.outcome === 'skipped' && decision.reason === 'cooldown')
  )
}

function decideModule(
  binding: Binding,
  audience: readonly User[],
  delivery: DeliveryToDecide,
  world: World,
  draft: Draft,
): Decision[] {
  const { module } = binding
  const say = (
    user: User,
    outcome: Decision['outcome'],
    reason: string | null,
    runId: string | null = null,
  ) => ({
    user: user.name,
    module: module.name,
    outcome,
    reason,
    runId,
  })
  try {
    const paths = pathsOf(module, delivery, world.facts)
    const unwanted = unwantedBy(module, delivery) ?? paths.against
    const verdicts = audience.map((user) => [user, refusal(module, user, unwanted)] as const)
    const wanting = verdicts.filter(([, reason]) => reason === null).map(([user]) => user)
    const result = wanting.some((user) => world.access.mayAct(user, delivery.repository))
      ? planRun(binding, wanting, delivery, world, draft)
      : { outcome: 'skipped' as const, reason: 'not_authorized', runId: null }
    return verdicts.map(([user, reason]) =>
      reason === null
        ? say(user, result.outcome, result.reason ?? paths.open, result.runId)
        : say(user, 'skipped', reason),
    )
  } catch (thrown) {
    return audience.map((user) => say(user, 'skipped', `error:${toError(thrown).message.slice(0, 200)}`))
  }
}

function cancelEntity(module: Module, delivery: DeliveryToDecide, world: World, draft: Draft): void {
  const runIds = world.tracker.unended(module.name, delivery.entity)
  const reason = `cancel_on:${delivery.action ?? delivery.event}`
  for (const runId of runIds) draft.cancelled.push({ runId, reason })
  world.tracker.cancelled(module.name, delivery.entity, runIds)
}

// One delivery -> one plan: who hears, which modules match, why or why not, and the messages for those whom no
// module served. Touches nothing but the tracker's memory of the batch; dispatch, simulate, why and replay all
// decide here.
import { mayCommand } from '../command/match-commands.ts'
import type { User } from '../config/config.ts'
import type { Binding } from '../registry/manifest.ts'
import type { Decision, Plan } from '../store/store.ts'
import { decideCommands } from './decide-commands.ts'
import {
  type Bindings,
  type DecisionContext,
  type DeliveryToDecide,
  type InForce,
  emptyPlan,
  errorReason,
  skipped,
  withoutModule,
} from './decision-context.ts'
import { notEligible, pathsOf, unwantedBy } from './eligibility.ts'
import { cancel, planRun } from './coalesce-or-plan-run.ts'
import { audienceOf, hearersOf, unheard } from './who-hears.ts'

export type { Bindings, DeliveryToDecide, Facts, InForce } from './decision-context.ts'

/** The pairs whose state the tracker must know before `decide`. The payload is not read yet: nobody knows which command. */
export function pairsOf(
  delivery: Pick<DeliveryToDecide, 'event' | 'action' | 'repository' | 'entity'>,
  registry: Bindings,
) {
  const { event, action, entity } = delivery
  const modules = [
    ...registry.bindingsFor(event, action).map((binding) => binding.module),
    ...registry.cancelledBy(event, action),
    ...(mayCommand(delivery) ? registry.replacing() : []),
  ]
  return [...new Set(modules.map(({ name }) => name))].map((module) => ({ module, entity }))
}

/** Decides one delivery. Never throws: what goes wrong with one module or user is a decision with its reason. */
export function decide(delivery: DeliveryToDecide, inForce: InForce): Plan {
  const draft = emptyPlan(delivery, inForce.now)
  const context: DecisionContext = { ...inForce, delivery, draft }
  const { registry, access, tracker } = inForce
  const { event, action, entity } = delivery
  const bindings = registry.bindingsFor(event, action)
  const heard = hearersOf(context)
  if (inForce.facts?.own) {
    leaveAlone(bindings, heard, context)
    return draft
  }
  for (const { name } of registry.cancelledBy(event, action))
    cancel(name, tracker.unended(name, entity), `cancel_on:${action ?? event}`, context)
  const audience = audienceOf(context, heard)
  const commanded = decideCommands(bindings, audience, context)
  const taken = new Set<string>()
  for (const binding of bindings) {
    const { name } = binding.module
    // Commanded and bound to the same comment, a module is decided once.
    if (commanded.decided.has(name)) continue
    const decisions = decideModule(binding, [...audience, ...(commanded.callers.get(name) ?? [])], context)
    draft.decisions.push(...decisions)
    for (const decision of decisions) if (takes(decision)) taken.add(decision.user)
  }
  for (const user of heard) {
    const silent = (reason: string) => draft.decisions.push(withoutModule(user, 'no_message', reason))
    if (!audience.includes(user)) silent('not_mine')
    // Said also when a module took it: the message about its run stays away as well.
    else if (access.isMuted(user.name, entity, inForce.now)) silent('muted')
    // A comment that holds a valid command is taken, for everybody.
    else if (commanded.taken) silent('command')
    else if (!taken.has(user.name)) notify(user, context)
  }
  draft.decisions.push(...unheard(context).filter(({ user }) => !heard.some(({ name }) => name === user)))
  if (heard.length === 0)
    draft.decisions.push(withoutModule(access.firstAdmin(), 'no_message', 'repo_removed'))
  return draft
}

/** What this service wrote itself starts nothing, cancels nothing, and is told to nobody. */
function leaveAlone(bindings: readonly Binding[], heard: readonly User[], { draft }: DecisionContext): void {
  for (const { module } of bindings)
    draft.decisions.push(...heard.map((user) => skipped(module.name, user, 'own')))
  draft.decisions.push(...heard.map((user) => withoutModule(user, 'no_message', 'own')))
}

/** A module has taken the event for a user with these decisions; the formatted message stays away. */
export function takes({ outcome, reason }: Decision): boolean {
  return outcome === 'ran' || outcome === 'coalesced' || (outcome === 'skipped' && reason === 'cooldown')
}

function decideModule(binding: Binding, audience: readonly User[], context: DecisionContext): Decision[] {
  const { delivery, facts, access } = context
  const { module } = binding
  try {
    const paths = pathsOf(module, delivery, facts)
    const unwanted = unwantedBy(module, delivery) ?? paths.against
    const reasons = new Map(audience.map((user) => [user, notEligible(module, user, unwanted)]))
    const wanting = audience.filter((user) => reasons.get(user) === null)
    const result = wanting.some((user) => access.mayAct(user, delivery.repository))
      ? planRun(binding, wanting, context)
      : ({ outcome: 'skipped', reason: 'not_authorized', runId: null } as const)
    return [...reasons].map(([user, reason]) =>
      reason === null
        ? { user: user.name, module: module.name, ...result, reason: result.reason ?? paths.open }
        : skipped(module.name, user, reason),
    )
  } catch (thrown) {
    return audience.map((user) => skipped(module.name, user, errorReason(thrown)))
  }
}

/** The formatted message of contract section 5, for a user whom no module served. */
function notify(user: User, { format, delivery, draft, now }: DecisionContext): void {
  const { guid, event, action, payload, replay } = delivery
  try {
    const message = format(event, action, payload)
    const address = user.address ?? 'log:'
    // Two users who share a chat hear of a delivery once.
    const dedupeKey = `delivery:${guid}:${replay ?? 0}:${address}`
    if (message)
      draft.messages.push({ address, message, dedupeKey, runId: null, delivery: guid, createdAt: now })
    draft.decisions.push(
      message ? withoutModule(user, 'notified', null) : withoutModule(user, 'no_message', 'nothing_to_say'),
    )
  } catch (thrown) {
    draft.decisions.push(withoutModule(user, 'no_message', errorReason(thrown)))
  }
}

// What today's configuration would decide for past deliveries, beside what was decided. Nothing is stored, run or
// sent. Each delivery is decided at the moment of its arrival, with the windows that the ones before it would have
// opened.
import type { Access } from '../access/access.ts'
import type { Reading } from '../access/reading.ts'
import { CooldownTracker } from '../dispatch/cooldown-tracker.ts'
import { type Bindings, type Facts, decide } from '../dispatch/decide.ts'
import type { Message } from '../send/message.ts'
import type { Decision, PastDelivery } from '../store/store.ts'

export interface StoredSimulationOptions {
  readonly registry: Bindings
  readonly access: Access
  readonly format: (event: string, action: string | null, payload: unknown) => Message | null
}

export interface StoredSimulation {
  readonly delivery: PastDelivery
  /** What was decided when it came in, replays left out. */
  readonly was: readonly SimulatedDecision[]
  readonly would: readonly SimulatedDecision[]
  /** Those of `was` that would be no more, and those of `would` that were not. */
  readonly gone: readonly SimulatedDecision[]
  readonly come: readonly SimulatedDecision[]
}

export type SimulatedDecision = Omit<Decision, 'runId' | 'replay'>

/** A simulator of one past; it is to be given its deliveries in the order of their arrival. */
export function createStoredSimulator(
  options: StoredSimulationOptions,
): (delivery: PastDelivery) => StoredSimulation {
  const tracker = new CooldownTracker([])
  let runs = 0
  return (delivery) => {
    const was = delivery.decisions.filter(({ replay }) => replay === undefined)
    const now = delivery.receivedAt
    tracker.endRunsUntil(now)
    const plan = decide(
      { ...delivery, payload: JSON.parse(delivery.payload) as unknown },
      {
        ...options,
        tracker,
        newRunId: () => `simulated-${(runs += 1)}`,
        now,
        facts: factsOf(delivery, was, options.access),
      },
    )
    return compare(delivery, was.map(withoutRun), plan.decisions.map(withoutRun))
  }
}

/** GitHub is not asked again: what the decisions of the time show is taken to hold. */
function factsOf({ repository }: PastDelivery, was: readonly Decision[], access: Access): Facts {
  const own = was.some(({ reason }) => reason === 'own')
  const ran = was.some(({ outcome }) => outcome === 'ran')
  const outside = was.flatMap(({ module, reason }) =>
    module !== null && reason === 'filtered:paths' ? [module] : [],
  )
  const readings = new Map(
    access.addedBeyond(repository).map(({ name }) => [name, readingIn(was, name)] as const),
  )
  return { own, author: ran ? 'allowed' : 'assumed', outside, readings }
}

/** Who heard of the delivery at the time could read its repository. */
function readingIn(was: readonly Decision[], user: string): Reading {
  const own = was.filter((decision) => decision.user === user)
  const unread = READINGS.find((reading) => own.some(({ reason }) => reason === reading))
  return unread ?? (own.length > 0 ? 'readable' : 'readable_unknown')
}

const READINGS: readonly Reading[] = ['not_readable', 'no_login', 'readable_unknown']

const withoutRun = ({ user, module, outcome, reason }: Decision): SimulatedDecision => ({
  user,
  module,
  outcome,
  reason,
})

function compare(
  delivery: PastDelivery,
  was: readonly SimulatedDecision[],
  would: readonly SimulatedDecision[],
): StoredSimulation {
  const key = (decision: SimulatedDecision) => JSON.stringify(decision)
  const before = new Set(was.map(key))
  const after = new Set(would.map(key))
  return {
    delivery,
    was,
    would,
    gone: was.filter((decision) => !after.has(key(decision))),
    come: would.filter((decision) => !before.has(key(decision))),
  }
}

/** How far back windows may reach that are open at some moment, in ms: so much earlier a past is to begin. */
export function longestWindowMs(
  bindings: readonly { readonly cooldownMs: number; readonly maxWaitMs: number }[],
): number {
  return Math.max(0, ...bindings.map(({ cooldownMs, maxWaitMs }) => cooldownMs + maxWaitMs))
}

// Stored deliveries -> plans -> one commit. Enters: rows with status `received`. Leaves: their decisions, runs
// and messages, in the same transaction that marks them dispatched. Must never happen: a delivery dispatched
// twice or by half, or one bad delivery that holds up its neighbours.
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import type { Access } from '../access/access.ts'
import { NO_ENTITY } from '../entity/entity.ts'
import { toError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Message } from '../send/message.ts'
import { type DeliveryStore, type PendingDelivery, type Plan, isStoreFailure } from '../store/store.ts'
import { CooldownTracker } from './cooldown-tracker.ts'
import { type Bindings, decide, pairsOf } from './decide.ts'
import type { AskFacts } from './ask-facts.ts'
import { type Aside, createAside } from './aside.ts'
import { type HeldPayloads, createHeldPayloads, readMissing } from './held-payloads.ts'

export interface DispatcherOptions {
  readonly store: DeliveryStore
  /** Getters: a reload swaps both between two batches. */
  readonly registry: () => Bindings
  readonly access: () => Access
  readonly format: (event: string, action: string | null, payload: unknown) => Message | null
  readonly newRunId: () => string
  /** A large payload's first values, as JSON. Default: all of them. */
  readonly shorten?: (json: string) => Promise<string>
  /** Asks what cannot be read from a payload. Default: nothing has to be asked. */
  readonly askFacts?: AskFacts
  readonly clock: Clock
  readonly log: Log
  /** After each commit; `cancel` holds running runs that were asked to stop. */
  readonly onCommitted: (plans: readonly Plan[], cancel: readonly string[]) => void
  /** Deliveries in one transaction. @default 128 */
  readonly batchSize?: number
  /** How long after a failure of the store to try again, in ms. @default 1000 */
  readonly retryMs?: number
}

/** How often a delivery may fail to commit, alone, before it is kept as failed. Failures of the store do not count. */
const MAX_TRIES = 3
/** How long it works before others have a turn, in ms. */
const TURN_MS = 1
/** While deliveries come in, so many ms are left to the intake for each of dispatch … */
const INTAKE_SHARE = 2
/** … or so many, when more come in than can be dispatched: then their answers go first; up to a pause in ms … */
const FLOOD_SHARE = 9
const MAX_PAUSE_MS = 400
/** … and until the oldest delivery has waited so long, in ms: then both have their turn. */
const MAX_LAG_MS = 2_000
/** How long it sleeps at most, in ms. */
const POLL_MS = 5_000

export interface Dispatcher {
  start(): void
  /** There may be something to do. */
  wake(): void
  /** Spares the store a reading: the payload of a delivery that was accepted just now. */
  hold(guid: string, body: Uint8Array): void
  /** Finishes the batch under way. */
  stop(): Promise<void>
}

/** The loop that turns stored deliveries into decisions, runs and messages. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { log, batchSize = 128, retryMs = 1_000 } = options
  const stopping = new AbortController()
  let woken = true
  /** Deliveries that came in since the batch under way began. */
  let accepted = 0
  let notice: (() => void) | undefined
  let loop: Promise<void> = Promise.resolve()
  const aside = createAside({ ask: options.askFacts ?? (() => null), onReady: wake, retryMs })
  const held = createHeldPayloads()
  const bench: Bench = { options, aside, held, tries: new Map(), limit: batchSize }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      woken = false
      accepted = 0
      const began = performance.now()
      try {
        const { moved, lagMs } = await dispatchBatch(bench)
        if (moved > 0) {
          const share = accepted > moved ? FLOOD_SHARE : INTAKE_SHARE
          if (woken && lagMs < MAX_LAG_MS) await stepBack((performance.now() - began) * share)
          continue
        }
      } catch (thrown) {
        log.error({ err: toError(thrown) }, 'dispatch failed; the deliveries stay and are tried again')
        await delay(retryMs, undefined, { signal: stopping.signal }).catch(() => undefined)
        continue
      }
      if (!woken && !stopping.signal.aborted) await sleep()
    }
  }

  function wake(): void {
    woken = true
    notice?.()
  }

  /** Deliveries came in meanwhile. They go first: GitHub waits for their answer, and nobody for the decision. */
  async function stepBack(pauseMs: number): Promise<void> {
    await delay(Math.min(pauseMs, MAX_PAUSE_MS), undefined, { signal: stopping.signal }).catch(
      () => undefined,
    )
  }

  /** Until somebody wakes it; a lost wake-up costs a poll. */
  async function sleep(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      notice = resolve
      timer = setTimeout(resolve, POLL_MS)
    })
    clearTimeout(timer)
    notice = undefined
  }

  return {
    start() {
      loop = run()
    },
    wake,
    hold(guid, body) {
      accepted += 1
      held.hold(guid, body)
    },
    async stop() {
      stopping.abort()
      notice?.()
      await loop
    },
  }
}

/** What a batch is worked on with. */
interface Bench {
  readonly options: DispatcherOptions
  readonly aside: Aside
  readonly held: HeldPayloads
  /** Failed commits of single deliveries, by GUID. */
  readonly tries: Map<string, number>
  readonly limit: number
}

/** Dispatches the oldest deliveries, but for those that wait for a fact: how many, and how long the first has waited. */
async function dispatchBatch(bench: Bench): Promise<{ moved: number; lagMs: number }> {
  const { options, aside, held, limit } = bench
  const pending = await options.store.pending(limit + aside.waiting)
  // The store answers in order: what is held by now was accepted before it looked.
  if (pending.length === 0) held.clear()
  const deliveries = pending.filter(({ guid }) => !aside.isWaiting(guid)).slice(0, limit)
  const [oldest] = deliveries
  if (!oldest) return { moved: 0, lagMs: 0 }
  const lagMs = options.clock() - oldest.receivedAt
  const before = aside.waiting
  try {
    const { plans, damaged } = await planBatch(bench, deliveries)
    await commit(bench, plans)
    return { moved: plans.length + damaged + Math.max(0, aside.waiting - before), lagMs }
  } catch (thrown) {
    if (isStale(thrown)) return { moved: deliveries.length, lagMs } // decided again, from fresh state
    options.log.warn({ err: toError(thrown) }, 'a batch could not be committed; its deliveries go one by one')
    await dispatchEach(bench, deliveries)
  }
  return { moved: deliveries.length, lagMs }
}

/**
 * The path of deliveries whose batch failed: what is wrong with one must not hold up the others, but for later ones of
 * its entity.
 * @throws Error the first that a delivery failed with; it stays and is tried again.
 */
async function dispatchEach(bench: Bench, deliveries: readonly PendingDelivery[]): Promise<void> {
  const held = new Set<string>()
  const errors: unknown[] = []
  for (const delivery of deliveries) {
    if (held.has(delivery.entity)) continue
    const done = await dispatchAlone(bench, delivery).catch((thrown: unknown) => {
      errors.push(thrown)
      return false
    })
    if (!done && delivery.entity !== NO_ENTITY) held.add(delivery.entity)
  }
  if (errors.length > 0) throw errors[0]
}

/** False: the world moved meanwhile, and it is decided again. @throws Error it stays and is tried again. */
async function dispatchAlone(bench: Bench, delivery: PendingDelivery): Promise<boolean> {
  const { options, tries } = bench
  try {
    await commit(bench, (await planBatch(bench, [delivery])).plans)
    tries.delete(delivery.guid)
  } catch (thrown) {
    if (isStale(thrown)) return false
    if (isStoreFailure(thrown)) throw thrown
    const error = toError(thrown)
    const tried = (tries.get(delivery.guid) ?? 0) + 1
    tries.set(delivery.guid, tried)
    if (tried < MAX_TRIES) throw error
    await commit(bench, [failedPlan(delivery, error.message, options.clock())])
    tries.delete(delivery.guid)
    options.log.error(
      { err: error, delivery: delivery.guid },
      'this delivery could not be dispatched; it is kept as failed',
    )
  }
  return true
}

const isStale = (thrown: unknown) => toError(thrown).name === 'StalePlanError'

async function commit({ options, aside, held }: Bench, plans: readonly Plan[]): Promise<void> {
  if (plans.length === 0) return
  const cancel = await options.store.commit(plans)
  for (const { guid } of plans) {
    aside.forget(guid)
    held.release(guid)
  }
  options.onCommitted(plans, cancel)
}

/** The plans of those that wait for nothing; `damaged`: how many were set aside, since nobody can read them. */
async function planBatch(
  { options, aside, held }: Bench,
  deliveries: readonly PendingDelivery[],
): Promise<{ plans: Plan[]; damaged: number }> {
  const registry = options.registry()
  const access = options.access()
  const pairs = deliveries.flatMap((delivery) => pairsOf(delivery, registry))
  const tracker = new CooldownTracker(
    pairs.length === 0 ? [] : await options.store.entityStates(unique(pairs)),
  )
  const texts = await readMissing(held, deliveries, options.store)
  const { shorten = async (json) => json } = options
  const plans: Plan[] = []
  let since = performance.now()
  for (const delivery of deliveries) {
    const now = options.clock()
    try {
      const text = held.get(delivery.guid) ?? texts.get(delivery.guid)
      if (text === undefined) break // not read yet: the batch is large enough
      if (text === null) continue // damaged, and set aside
      const parsed = { ...delivery, payload: JSON.parse(await shorten(text)) as unknown }
      const facts = aside.factsOf(parsed)
      if (typeof facts === 'string') continue
      const world = { registry, access, tracker, format: options.format, newRunId: options.newRunId, now }
      plans.push(decide(parsed, facts === null ? world : { ...world, facts }))
    } catch (thrown) {
      plans.push(failedPlan(delivery, toError(thrown).message, now))
    }
    // A batch of large payloads must not keep the intake waiting.
    if (performance.now() - since < TURN_MS) continue
    await nextTurn()
    since = performance.now()
  }
  return { plans, damaged: [...texts.values()].filter((text) => text === null).length }
}

function failedPlan(delivery: PendingDelivery, error: string, at: number): Plan {
  return {
    deliveryId: delivery.id,
    guid: delivery.guid,
    status: 'failed',
    error,
    decisions: [],
    runs: [],
    coalesced: [],
    cancelled: [],
    messages: [],
    at,
  }
}

function unique(pairs: readonly { module: string; entity: string }[]): { module: string; entity: string }[] {
  return [...new Map(pairs.map((pair) => [`${pair.module}\n${pair.entity}`, pair])).values()]
}

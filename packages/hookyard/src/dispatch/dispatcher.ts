// Stored deliveries -> plans -> one commit. Enters: rows with status `received`. Leaves: their decisions, runs
// and messages, in the same transaction that marks them dispatched. Must never happen: a delivery dispatched
// twice or by half, or one bad delivery that holds up its neighbours.
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import { NO_ENTITY } from '../entity/entity.ts'
import { createAlarm } from '../lib/alarm.ts'
import { toError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { type DeliveryStore, type PendingDelivery, type Plan, isStoreFailure } from '../store/store.ts'
import { CooldownTracker } from './cooldown-tracker.ts'
import { type InForce, decide, pairsOf } from './decide.ts'
import { emptyPlan } from './decision-context.ts'
import type { AskFacts } from './ask-facts.ts'
import { PayloadCache } from './payload-cache.ts'
import { PendingFacts } from './pending-facts.ts'

export interface DispatcherOptions {
  readonly store: DeliveryStore
  /** Read once for each batch: a reload swaps it between two. */
  readonly inForce: () => Omit<InForce, 'tracker'>
  /** A large payload's first values, as JSON. Default: all of them. */
  readonly shorten?: (json: string) => Promise<string>
  /** Asks what cannot be read from a payload. */
  readonly askFacts: AskFacts
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
/** How long it sleeps at most, in ms: a lost wake-up costs a poll. */
const POLL_MS = 5_000

/** The loop that turns stored deliveries into decisions, runs and messages. */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #batchSize: number
  readonly #retryMs: number
  readonly #facts: PendingFacts
  readonly #payloads = new PayloadCache()
  readonly #alarm = createAlarm()
  readonly #stopping = new AbortController()
  /** Failed commits of single deliveries, by GUID. */
  readonly #tries = new Map<string, number>()
  /** Deliveries that came in since the batch under way began. */
  #accepted = 0
  #loop: Promise<void> = Promise.resolve()

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#batchSize = options.batchSize ?? 128
    this.#retryMs = options.retryMs ?? 1_000
    this.#facts = new PendingFacts(options.askFacts, () => this.wake(), this.#retryMs)
  }

  start(): void {
    this.#loop = this.#run()
  }

  /** There may be something to do. */
  wake(): void {
    this.#alarm.ring()
  }

  /** A delivery was accepted just now: it is dispatched at once, and keeping its payload spares the store a reading. */
  accepted(guid: string, body: Uint8Array): void {
    this.#accepted += 1
    this.#payloads.keep(guid, body)
    this.wake()
  }

  /** Finishes the batch under way. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.wake()
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#alarm.reset()
      this.#accepted = 0
      const began = performance.now()
      try {
        const { moved, lagMs } = await this.#dispatchBatch()
        if (moved > 0) {
          // Deliveries came in meanwhile. They go first: GitHub waits for their answer, and nobody for the decision.
          const share = this.#accepted > moved ? FLOOD_SHARE : INTAKE_SHARE
          if (this.#alarm.rung() && lagMs < MAX_LAG_MS)
            await this.#pause(Math.min((performance.now() - began) * share, MAX_PAUSE_MS))
          continue
        }
      } catch (thrown) {
        const error = { err: toError(thrown) }
        this.#options.log.error(error, 'dispatch failed; the deliveries stay and are tried again')
        await this.#pause(this.#retryMs)
        continue
      }
      if (!this.#stopping.signal.aborted) await this.#alarm.sleep(POLL_MS)
    }
  }

  #pause(ms: number): Promise<void> {
    return delay(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
  }

  /** Dispatches the oldest deliveries, but for those that wait for a fact: how many, and how long the first has waited. */
  async #dispatchBatch(): Promise<{ moved: number; lagMs: number }> {
    const { store, clock, log } = this.#options
    const pending = await store.pending(this.#batchSize + this.#facts.size)
    // The store answers in order: what is kept by now was accepted before it looked.
    if (pending.length === 0) this.#payloads.clear()
    const deliveries = pending.filter(({ guid }) => !this.#facts.has(guid)).slice(0, this.#batchSize)
    const [oldest] = deliveries
    if (!oldest) return { moved: 0, lagMs: 0 }
    const lagMs = clock() - oldest.receivedAt
    const before = this.#facts.size
    try {
      const { plans, damaged } = await this.#planBatch(deliveries)
      await this.#commit(plans)
      return { moved: plans.length + damaged + Math.max(0, this.#facts.size - before), lagMs }
    } catch (thrown) {
      if (!isStale(thrown)) {
        log.warn({ err: toError(thrown) }, 'a batch could not be committed; its deliveries go one by one')
        await this.#dispatchEach(deliveries)
      } // else decided again, from fresh state
    }
    return { moved: deliveries.length, lagMs }
  }

  /**
   * The path of deliveries whose batch failed: what is wrong with one must not hold up the others, but for later ones of
   * its entity.
   * @throws Error the first that a delivery failed with; it stays and is tried again.
   */
  async #dispatchEach(deliveries: readonly PendingDelivery[]): Promise<void> {
    const held = new Set<string>()
    const errors: unknown[] = []
    for (const delivery of deliveries) {
      if (held.has(delivery.entity)) continue
      const done = await this.#dispatchAlone(delivery).catch((thrown: unknown) => {
        errors.push(thrown)
        return false
      })
      if (!done && delivery.entity !== NO_ENTITY) held.add(delivery.entity)
    }
    if (errors.length > 0) throw errors[0]
  }

  /** False: its plan was stale, and it is decided again. @throws Error it stays and is tried again. */
  async #dispatchAlone(delivery: PendingDelivery): Promise<boolean> {
    const { guid } = delivery
    try {
      await this.#commit((await this.#planBatch([delivery])).plans)
    } catch (thrown) {
      if (isStale(thrown)) return false
      if (isStoreFailure(thrown)) throw thrown
      const err = toError(thrown)
      const tried = (this.#tries.get(guid) ?? 0) + 1
      this.#tries.set(guid, tried)
      if (tried < MAX_TRIES) throw err
      await this.#commit([failedPlan(delivery, err, this.#options.clock())])
      const fields = { err, delivery: guid }
      this.#options.log.error(fields, 'this delivery could not be dispatched; it is kept as failed')
    }
    this.#tries.delete(guid)
    return true
  }

  async #commit(plans: readonly Plan[]): Promise<void> {
    if (plans.length === 0) return
    const cancel = await this.#options.store.commit(plans)
    for (const { guid } of plans) {
      this.#facts.forget(guid)
      this.#payloads.release(guid)
    }
    this.#options.onCommitted(plans, cancel)
  }

  /** The plans of those that wait for nothing; `damaged`: how many are kept as failed, since nobody can read them. */
  async #planBatch(deliveries: readonly PendingDelivery[]): Promise<{ plans: Plan[]; damaged: number }> {
    const { store, clock, shorten = async (json) => json } = this.#options
    const inForce = this.#options.inForce()
    const pairs = deliveries.flatMap((delivery) => pairsOf(delivery, inForce.registry))
    const unique = [...new Map(pairs.map((pair) => [`${pair.module}\n${pair.entity}`, pair])).values()]
    const tracker = new CooldownTracker(unique.length === 0 ? [] : await store.entityStates(unique))
    const missing = deliveries.filter(({ guid }) => !this.#payloads.has(guid))
    // As many as the store reads at once. null: it is damaged, and the delivery is kept as failed.
    const read = missing.length === 0 ? [] : await store.payloads(missing)
    const texts = new Map(read.map((text, position) => [missing[position]?.guid, text]))
    const plans: Plan[] = []
    let since = performance.now()
    for (const delivery of deliveries) {
      const now = clock()
      try {
        const text = this.#payloads.get(delivery.guid) ?? texts.get(delivery.guid)
        if (text === undefined) break // not read yet: the batch is large enough
        if (text === null) continue
        const parsed = { ...delivery, payload: JSON.parse(await shorten(text)) as unknown }
        const facts = this.#facts.factsOf(parsed)
        if (typeof facts === 'string') continue
        plans.push(decide(parsed, { ...inForce, tracker, now, ...(facts && { facts }) }))
      } catch (thrown) {
        plans.push(failedPlan(delivery, thrown, now))
      }
      // A batch of large payloads must not keep the intake waiting.
      if (performance.now() - since < TURN_MS) continue
      await nextTurn()
      since = performance.now()
    }
    return { plans, damaged: read.filter((text) => text === null).length }
  }
}

const isStale = (thrown: unknown) => toError(thrown).name === 'StalePlanError'

const failedPlan = (delivery: PendingDelivery, thrown: unknown, at: number): Plan => ({
  ...emptyPlan(delivery, at),
  status: 'failed',
  error: toError(thrown).message,
})

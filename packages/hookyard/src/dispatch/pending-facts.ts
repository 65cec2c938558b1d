// Holds deliveries until GitHub answers; keeps the order per entity: later ones of the same entity wait as well (a closed
// pull request must not be decided before the opened one), all others pass. Only memory: after a crash GitHub is asked
// again.
import { NO_ENTITY } from '../entity/entity.ts'
import type { AskFacts } from './ask-facts.ts'
import type { DeliveryToDecide, Facts } from './decision-context.ts'

/** So many wait at a time; a flood of comments must not become a flood of questions. */
const MAX_PENDING = 256

export class PendingFacts {
  readonly #ask: AskFacts
  readonly #onReady: () => void
  readonly #retryMs: number
  readonly #asking = new Map<string, DeliveryToDecide>()
  /** Those that only wait for an earlier one of their entity: GUID to entity. */
  readonly #behind = new Map<string, string>()
  readonly #known = new Map<string, Facts>()

  /** `onReady`: an answer is there, or a question that failed may be asked again, which is after `retryMs`. */
  constructor(ask: AskFacts, onReady: () => void, retryMs: number) {
    this.#ask = ask
    this.#onReady = onReady
    this.#retryMs = retryMs
  }

  get size(): number {
    return this.#asking.size + this.#behind.size
  }

  has(guid: string): boolean {
    return this.#asking.has(guid) || this.#behind.has(guid)
  }

  /**
   * What is known, or null when there was nothing to ask. `pending` while it is being asked for, here or for an earlier
   * delivery of the entity; `full`: too many wait already. Give it deliveries oldest first.
   */
  factsOf(delivery: DeliveryToDecide): Facts | 'pending' | 'full' | null {
    const { guid, entity } = delivery
    if (this.has(guid)) return 'pending'
    const facts = this.#known.get(guid)
    if (!facts && this.size >= MAX_PENDING) return 'full'
    const asked = facts ? null : this.#ask(delivery)
    if (asked) this.#waitFor(delivery, asked)
    else if (this.#isBehind(delivery)) this.#behind.set(guid, entity)
    else return facts ?? null
    return 'pending'
  }

  /** The delivery is dispatched. */
  forget(guid: string): void {
    this.#known.delete(guid)
  }

  #waitFor(delivery: DeliveryToDecide, facts: Promise<Facts>): void {
    const { guid, entity } = delivery
    this.#asking.set(guid, delivery)
    const done = () => {
      this.#asking.delete(guid)
      for (const [waiting, about] of this.#behind) if (about === entity) this.#behind.delete(waiting)
      this.#onReady()
    }
    facts.then(
      (found) => {
        this.#known.set(guid, found)
        done()
      },
      () => setTimeout(done, this.#retryMs).unref(),
    )
  }

  #isBehind({ id, entity }: DeliveryToDecide): boolean {
    if (entity === NO_ENTITY) return false
    return [...this.#asking.values()].some((earlier) => earlier.entity === entity && earlier.id < id)
  }
}

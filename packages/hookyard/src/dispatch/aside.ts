// Deliveries that wait for a fact stand aside: the others pass them, and when the fact is there they are next. Later
// ones of the same entity do not pass: a closed pull request must not be decided before the opened one. Only memory:
// after a crash the fact is asked for again.
import { NO_ENTITY } from '../entity/entity.ts'
import type { DeliveryToDecide, Facts } from './world.ts'

/** So many wait at a time; a flood of comments must not become a flood of questions. */
const MAX_WAITING = 256

export interface Aside {
  /**
   * What is known, or null when there was nothing to ask. `waiting` while it is being asked for, here or for an
   * earlier delivery of the entity; `full`: too many wait already. Give it deliveries oldest first.
   */
  factsOf(delivery: DeliveryToDecide): Facts | 'waiting' | 'full' | null
  isWaiting(guid: string): boolean
  readonly waiting: number
  /** The delivery is dispatched. */
  forget(guid: string): void
}

export interface AsideOptions {
  readonly ask: (delivery: DeliveryToDecide) => Promise<Facts> | null
  /** A fact is there, or a question that failed may be asked again. */
  readonly onReady: () => void
  /** How long after a failure to ask again, in ms. */
  readonly retryMs: number
}

/** One per dispatcher. */
export function createAside({ ask, onReady, retryMs }: AsideOptions): Aside {
  const asking = new Map<string, DeliveryToDecide>()
  /** Those that only wait for an earlier one of their entity: GUID to entity. */
  const behind = new Map<string, string>()
  const known = new Map<string, Facts>()

  function waitFor(delivery: DeliveryToDecide, facts: Promise<Facts>): void {
    const { guid, entity } = delivery
    asking.set(guid, delivery)
    const done = () => {
      asking.delete(guid)
      for (const [waiting, about] of behind) if (about === entity) behind.delete(waiting)
      onReady()
    }
    facts.then(
      (found) => {
        known.set(guid, found)
        done()
      },
      () => setTimeout(done, retryMs).unref(),
    )
  }

  function isBehind({ id, entity }: DeliveryToDecide): boolean {
    if (entity === NO_ENTITY) return false
    return [...asking.values()].some((earlier) => earlier.entity === entity && earlier.id < id)
  }

  return {
    factsOf(delivery) {
      const { guid, entity } = delivery
      if (asking.has(guid) || behind.has(guid)) return 'waiting'
      const facts = known.get(guid)
      if (!facts && asking.size + behind.size >= MAX_WAITING) return 'full'
      const asked = facts ? null : ask(delivery)
      if (asked) waitFor(delivery, asked)
      else if (isBehind(delivery)) behind.set(guid, entity)
      else return facts ?? null
      return 'waiting'
    },
    isWaiting: (guid) => asking.has(guid) || behind.has(guid),
    get waiting() {
      return asking.size + behind.size
    },
    forget: (guid) => void known.delete(guid),
  }
}

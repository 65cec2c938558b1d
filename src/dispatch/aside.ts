// Deliveries that wait for a fact stand aside: the others pass them, and when the fact is there they are next. Only
// memory: after a crash the fact is asked for again.
import type { DeliveryToDecide, Facts } from './world.ts'

/** So many wait at a time; a flood of comments must not become a flood of questions. */
const MAX_WAITING = 256

export interface Aside {
  /**
   * What is known, `waiting` while it is being asked for, or null when there was nothing to ask. `full`: too many
   * wait already; come again.
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
  const waiting = new Set<string>()
  const known = new Map<string, Facts>()

  function waitFor(guid: string, facts: Promise<Facts>): void {
    waiting.add(guid)
    facts.then(
      (found) => {
        known.set(guid, found)
        waiting.delete(guid)
        onReady()
      },
      () => {
        const again = () => {
          waiting.delete(guid)
          onReady()
        }
        setTimeout(again, retryMs).unref()
      },
    )
  }

  return {
    factsOf(delivery) {
      const { guid } = delivery
      const facts = known.get(guid)
      if (facts) return facts
      if (waiting.has(guid)) return 'waiting'
      if (waiting.size >= MAX_WAITING) return 'full'
      const asked = ask(delivery)
      if (asked === null) return null
      waitFor(guid, asked)
      return 'waiting'
    },
    isWaiting: (guid) => waiting.has(guid),
    get waiting() {
      return waiting.size
    },
    forget: (guid) => void known.delete(guid),
  }
}

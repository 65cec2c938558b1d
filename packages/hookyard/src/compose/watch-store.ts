// The store as the stages see it, wrapped once: it knows whether writing works, and tells what calls have changed.
import type { Clock } from '../lib/clock.ts'
import type { Spending, Store } from '../store/store.ts'

/** How long an attempt speaks for the disk, in ms: whoever asks each second causes a write in five. */
const COUNTS_MS = 5_000

export interface StoreWatch {
  readonly clock: Clock
  /**
   * These runs gave way to a new one of a call, a module, a chat or the clock. Deliveries tell theirs by their plans.
   * @default nobody hears
   */
  readonly onReplaced?: (runIds: readonly string[]) => void
  readonly onSpent?: (spending: Spending) => void
}

/**
 * Its `ping` answers from the last attempt to store a delivery or a run, else it tries: a disk that is full still answers
 * every question, so a read says nothing.
 */
export function watchStore(store: Store, { clock, onReplaced, onSpent }: StoreWatch): Store {
  let last: { readonly at: number; readonly failed: boolean; readonly error?: unknown } | undefined
  let trying: Promise<void> | undefined

  async function attempt<T>(work: Promise<T>, hasWritten: (result: T) => boolean): Promise<T> {
    try {
      const result = await work
      if (hasWritten(result)) last = { at: clock(), failed: false }
      return result
    } catch (error) {
      last = { at: clock(), failed: true, error }
      throw error
    }
  }

  const tellReplaced = (runIds: readonly string[] = []) => {
    if (runIds.length > 0) onReplaced?.(runIds)
  }

  return {
    ...store,
    deliveries: {
      ...store.deliveries,
      // A duplicate is only read.
      accept: (batch) =>
        attempt(store.deliveries.accept(batch), (all) => all.some(({ status }) => status === 'accepted')),
    },
    runs: {
      ...store.runs,
      async create(run, options) {
        const result = await attempt(store.runs.create(run, options), ({ status }) => status === 'created')
        if (result.status === 'created') tellReplaced(result.replaced)
        return result
      },
      async spend(spending) {
        await store.runs.spend(spending)
        onSpent?.(spending)
      },
    },
    schedules: {
      ...store.schedules,
      async commit(tick) {
        const committed = await store.schedules.commit(tick)
        tellReplaced(committed?.replaced)
        return committed
      },
    },
    async ping() {
      // The clock may have been set back.
      if (!last || Math.abs(clock() - last.at) >= COUNTS_MS) {
        trying ??= attempt(store.ping(), () => true).finally(() => (trying = undefined))
        await trying
      } else if (last.failed) {
        throw last.error
      }
    },
  }
}

// Whether what comes in can be stored. A disk that is full still answers every question, so a read says nothing:
// the last attempt to write counts, and where there was none for a while, a small one of our own.
import type { Clock } from '../lib/clock.ts'
import type { Store } from './store.ts'

/** How long an attempt speaks for the disk, in ms: whoever asks each second causes a write in five. */
const COUNTS_MS = 5_000

/** The store; its `ping` answers from the last attempt to store a delivery or a run, else it tries. */
export function watchWrites(store: Store, clock: Clock): Store {
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
      create: (run, options) =>
        attempt(store.runs.create(run, options), ({ status }) => status === 'created'),
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

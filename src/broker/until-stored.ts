import { setTimeout as delay } from 'node:timers/promises'
import { isStoreFailure } from '../store/store.ts'

const STORE_RETRY_MS = 1_000

/** Tries again while the store fails, as long as the run has time. */
export async function untilStored<T>(signal: AbortSignal, write: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await write()
    } catch (thrown) {
      if (!isStoreFailure(thrown) || signal.aborted) throw thrown
      await delay(STORE_RETRY_MS, undefined, { signal })
    }
  }
}

// Runs that a newer one replaces (`cancel_running`) stop at once, whoever asked the store for the newer one: a call, a
// module, a chat or the clock. Deliveries tell theirs by their plans.
import type { Store } from '../store/store.ts'

/** The store, telling `onReplaced` which runs gave way to a new one. */
export function stopReplaced(store: Store, onReplaced: (runIds: readonly string[]) => void): Store {
  const tell = (runIds: readonly string[] = []) => {
    if (runIds.length > 0) onReplaced(runIds)
  }
  return {
    ...store,
    runs: {
      ...store.runs,
      async create(run, options) {
        const result = await store.runs.create(run, options)
        if (result.status === 'created') tell(result.replaced)
        return result
      },
    },
    schedules: {
      ...store.schedules,
      async commit(tick) {
        const committed = await store.schedules.commit(tick)
        tell(committed?.replaced)
        return committed
      },
    },
  }
}

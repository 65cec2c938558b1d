// better-sqlite3's native part, loaded into a thread. While it is loaded the thread must not be ended: Node then refuses
// the add-on's calls, and that aborts the whole process (node-addon-api, `Error::New napi_get_last_error_info`;
// https://github.com/WiseLibs/better-sqlite3/issues/1507 is of the same kind). Once it is loaded a thread may be ended at
// any time. A process ends its threads when it exits, and a thread those that it has started.
import SqliteConnection from 'better-sqlite3'

const NOT_BEGUN = 0
const LOADING = 1
const LOADED = 2
/** Must not begin any more. */
const FORBIDDEN = 3

/** Loading takes some ms, on a busy machine some hundred. */
const PATIENCE_MS = 10_000

/** What both sides see of one thread. */
export type AddonState = Int32Array<SharedArrayBuffer>

/** Of a thread that has not begun. */
export const newAddonState = (): AddonState =>
  new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

/**
 * In the thread, before its first connection.
 * @throws Error when the process is about to end. It must not wait for that: the end does not wake it.
 */
export function loadAddon(state: AddonState): void {
  if (Atomics.compareExchange(state, 0, NOT_BEGUN, LOADING) === FORBIDDEN)
    throw new Error('the process is about to end')
  new SqliteConnection(':memory:').close()
  Atomics.store(state, 0, LOADED)
  Atomics.notify(state, 0)
}

/** Before the thread may be ended: waits while it is loading, and keeps it from beginning. Blocks for up to 10 s. */
export function holdAddon(state: AddonState): void {
  const found = Atomics.compareExchange(state, 0, NOT_BEGUN, FORBIDDEN)
  if (found === LOADING) Atomics.wait(state, 0, LOADING, PATIENCE_MS)
}

// Starting the store's threads, each with better-sqlite3's native part. While it is loaded a thread must not be ended: Node
// then refuses the add-on's calls, and that aborts the whole process (node-addon-api, `Error::New
// napi_get_last_error_info`; https://github.com/WiseLibs/better-sqlite3/issues/1507 is of the same kind). Once it is loaded
// a thread may be ended at any time. A process ends its threads when it exits, and a thread those that it has started.
import SqliteConnection from 'better-sqlite3'
import { extname } from 'node:path'
import { Worker, workerData } from 'node:worker_threads'

const NOT_BEGUN = 0
const LOADING = 1
const LOADED = 2
/** Must not begin any more. */
const FORBIDDEN = 3

/** Loading takes some ms, on a busy machine some hundred. */
const PATIENCE_MS = 10_000

/** What both sides see of one thread. */
export type AddonState = Int32Array<SharedArrayBuffer>

/** What a thread is started with: its data, its own state, and that of the thread that it may start. */
interface Spawned<Data> {
  readonly data: Data
  readonly addons: readonly [own: AddonState, inner: AddonState]
}

/** Of a thread that has not begun. */
export const newAddonState = (): AddonState =>
  new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

/** Threads that live. */
const living = new Set<readonly AddonState[]>()
let isWatched = false

/** Starts the thread in the file `NAME` of this folder: `.ts` in a checkout, `.js` in a built package. */
export function spawnThread<Data>(name: string, data: Data, own = newAddonState()): Worker {
  const file = new URL(`./${name}${extname(import.meta.url)}`, import.meta.url)
  const workerData: Spawned<Data> = { data, addons: [own, newAddonState()] }
  if (!isWatched) process.on('exit', () => living.forEach((states) => states.forEach(holdAddon)))
  isWatched = true
  living.add(workerData.addons)
  const worker = new Worker(file, { workerData, name: `store-${name}` })
  worker.once('exit', () => living.delete(workerData.addons))
  return worker
}

/** In a thread of `spawnThread`: its data, and the state for the thread that it may start. */
export function readWorkerData<Data>() {
  const { data, addons } = workerData as Spawned<Data>
  return { data, own: addons[0], inner: addons[1] }
}

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

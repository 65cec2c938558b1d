import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type AddonState, holdAddon, newAddonState } from './addon.ts'

/** What a thread finds as its `workerData`. */
export interface Spawned<Data> {
  readonly data: Data
  /** Its own, and that of the thread that it may start. */
  readonly addons: readonly [own: AddonState, inner: AddonState]
}

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

import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'

/** Starts the thread in the file `NAME` of this folder: `.ts` in a checkout, `.js` in a built package. */
export function spawnThread(name: string, workerData: unknown): Worker {
  const file = new URL(`./${name}${extname(import.meta.url)}`, import.meta.url)
  return new Worker(file, { workerData, name: `store-${name}` })
}

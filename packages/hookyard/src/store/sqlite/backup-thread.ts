// Copies the database in a thread of its own: its reading holds up no writer, and its waiting no request.
import SqliteConnection from 'better-sqlite3'
import { parentPort, workerData } from 'node:worker_threads'
import { loadAddon } from './addon.ts'
import type { Spawned } from './spawn.ts'

/** What the thread is started with. */
export interface BackupData {
  readonly file: string
  readonly to: string
}

const {
  data: { file, to },
  addons,
} = workerData as Spawned<BackupData>
loadAddon(addons[0])
const connection = new SqliteConnection(file, { readonly: true, fileMustExist: true })
try {
  // One snapshot of one moment, without the side files, and without what was deleted.
  connection.prepare('vacuum into ?').run(to)
  parentPort?.postMessage('done')
} finally {
  connection.close()
}

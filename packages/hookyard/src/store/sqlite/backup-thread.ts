// Copies the database in a thread of its own: its reading holds up no writer, and its waiting no request.
import SqliteConnection from 'better-sqlite3'
import { parentPort } from 'node:worker_threads'
import { loadAddon, readWorkerData } from './threads.ts'

/** What the thread is started with. */
export interface BackupData {
  readonly file: string
  readonly to: string
}

const { data, own } = readWorkerData<BackupData>()
loadAddon(own)
const connection = new SqliteConnection(data.file, { readonly: true, fileMustExist: true })
try {
  // One snapshot of one moment, without the side files, and without what was deleted.
  connection.prepare('vacuum into ?').run(data.to)
  parentPort?.postMessage('done')
} finally {
  connection.close()
}

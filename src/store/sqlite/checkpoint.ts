// The checkpoint thread. A checkpoint inside a commit would stall that commit and all behind it; from a
// connection of its own a PASSIVE one stops nobody. Only when writers never pause does the log keep growing,
// and then a TRUNCATE, which makes them wait for a moment, begins it anew.
import SqliteConnection from 'better-sqlite3'
import { parentPort, workerData } from 'node:worker_threads'

const PASSIVE_BYTES = 4 * 1024 * 1024
const TRUNCATE_BYTES = 64 * 1024 * 1024
/** How long the log is left alone after it has been looked at. */
const PAUSE_MS = 50
/** How long a TRUNCATE waits for readers and for the writer before it gives up until the next time. */
const TRUNCATE_PATIENCE_MS = 100

interface WalState {
  /** Pages in the log, and how many of them are in the database already; -1 when there is no log. */
  readonly log: number
  readonly checkpointed: number
}

const port = parentPort
if (!port) throw new Error('checkpoint.ts is no program: openSqliteStore() starts it')
const connection = new SqliteConnection(workerData as string, { timeout: TRUNCATE_PATIENCE_MS })
connection.pragma('synchronous = FULL')
const pageBytes = connection.pragma('page_size', { simple: true }) as number

const checkpoint = (mode: 'NOOP' | 'PASSIVE' | 'TRUNCATE') =>
  (connection.pragma(`wal_checkpoint(${mode})`) as WalState[])[0] as WalState

function keepSmall(): void {
  const before = checkpoint('NOOP')
  if ((before.log - before.checkpointed) * pageBytes < PASSIVE_BYTES) return
  const after = checkpoint('PASSIVE')
  if (after.log * pageBytes > TRUNCATE_BYTES) checkpoint('TRUNCATE')
}

port.on('message', (message: 'written' | 'stop') => {
  if (message === 'stop') {
    connection.close()
    port.close()
    return
  }
  keepSmall()
  setTimeout(() => port.postMessage('ready'), PAUSE_MS)
})

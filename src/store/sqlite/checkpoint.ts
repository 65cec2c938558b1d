// The checkpoint thread. A checkpoint inside a commit would stall that commit and all behind it; from a
// connection of its own a PASSIVE one stops nobody. Only when writers never pause does the log keep growing,
// and then a TRUNCATE, which makes them wait for a moment, begins it anew.
import SqliteConnection from 'better-sqlite3'
import { parentPort, workerData } from 'node:worker_threads'

const PASSIVE_BYTES = 4 * 1024 * 1024
const TRUNCATE_BYTES = 64 * 1024 * 1024
/** How long the log is left alone after it has been looked at. */
const PAUSE_MS = 50
/** How long a TRUNCATE waits for readers to finish; the writer waits with it. */
const TRUNCATE_PATIENCE_MS = 50
/** How long it is not tried again when a reader was in the way. */
const TRUNCATE_PAUSE_MS = 2_000

interface WalState {
  /** 1: somebody was in the way, and not all was done. */
  readonly busy: number
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

/** Does what is due, and says how long to leave the log alone, in ms. */
function keepSmall(): number {
  const before = checkpoint('NOOP')
  if ((before.log - before.checkpointed) * pageBytes < PASSIVE_BYTES) return PAUSE_MS
  const after = checkpoint('PASSIVE')
  if (after.log * pageBytes < TRUNCATE_BYTES) return PAUSE_MS
  return checkpoint('TRUNCATE').busy === 1 ? TRUNCATE_PAUSE_MS : PAUSE_MS
}

let pause: NodeJS.Timeout | undefined

port.on('message', (message: 'written' | 'stop') => {
  if (message === 'stop') {
    clearTimeout(pause)
    connection.close()
    port.close()
    return
  }
  pause = setTimeout(() => port.postMessage('ready'), keepSmall())
})

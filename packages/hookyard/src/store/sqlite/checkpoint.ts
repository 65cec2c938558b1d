// The checkpoint thread. A checkpoint inside a commit would stall that commit and all behind it; a PASSIVE
// one from a connection of its own stops nobody. When writers never pause it cannot finish, and the log
// grows on: then the store's thread is asked to cut it, with next to nothing left to copy.
import SqliteConnection from 'better-sqlite3'
import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { createWhenToCopy } from './checkpoint-policy.ts'
import { loadAddon, readWorkerData } from './threads.ts'

/** After so long, in ms, a growing log is looked at again. */
const QUIET_MS = 50
const CUT_BYTES = 64 * 1024 * 1024
/** How long the log is left alone after it has been copied, in ms. */
const PAUSE_MS = 10
const FAILURE_PAUSE_MS = 5_000

interface WalState {
  /** Pages in the log, and how many of them are in the database already. */
  readonly log: number
  readonly checkpointed: number
}

const port = parentPort
if (!port) throw new Error('checkpoint.ts is no program: openSqliteStore() starts it')
const { data: file, own } = readWorkerData<string>()
loadAddon(own)
const connection = new SqliteConnection(file, { fileMustExist: true })
connection.pragma('synchronous = FULL')
const pageBytes = connection.pragma('page_size', { simple: true }) as number

const checkpoint = (mode: 'NOOP' | 'PASSIVE') =>
  (connection.pragma(`wal_checkpoint(${mode})`) as WalState[])[0] as WalState

const whenToCopy = createWhenToCopy()

function room(): number {
  const { bavail, bsize } = statfsSync(dirname(file))
  return bavail * bsize
}

function copyLog(): 'wait' | 'cut' | 'fine' {
  const { log, checkpointed } = checkpoint('NOOP')
  const when = whenToCopy(log, (log - checkpointed) * pageBytes, room)
  if (when !== 'copy') return when === 'wait' ? 'wait' : 'fine'
  const after = checkpoint('PASSIVE')
  // One that takes more than is free is cut as well: what lies on the disk twice leaves no room for new deliveries.
  return after.log * pageBytes > Math.min(CUT_BYTES, room()) ? 'cut' : 'fine'
}

let pause: NodeJS.Timeout | undefined

port.on('message', (message: 'written' | 'stop') => {
  if (message === 'written') return look()
  clearTimeout(pause)
  connection.close()
  port.close()
})

function look(): void {
  let pauseMs = PAUSE_MS
  try {
    const found = copyLog()
    if (found === 'wait') return void (pause = setTimeout(look, QUIET_MS))
    if (found === 'cut') port?.postMessage('cut')
  } catch (error) {
    // A full disk, say. Nothing is lost: the log keeps it all, and the next time may go better.
    port?.postMessage(error)
    pauseMs = FAILURE_PAUSE_MS
  }
  pause = setTimeout(() => port?.postMessage('ready'), pauseMs)
}

// Starts the thread that copies the write-ahead log into the database, and tells it when there is news.
import type BetterSqlite3 from 'better-sqlite3'
import type { Log } from '../../lib/log.ts'
import { spawnThread } from './spawn.ts'

export interface Checkpoints {
  /** Something may have been written. Cheap: the thread is told at most once at a time. */
  written(): void
  stop(): Promise<void>
}

/** Without its thread, the connection does checkpoints itself again: commits then stall, but the log stays small. */
export function startCheckpoints(file: string, connection: BetterSqlite3.Database, log: Log): Checkpoints {
  const thread = spawnThread('checkpoint', file)
  let told = false
  let stopping = false
  const exited = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
  thread.on('message', () => {
    told = false
  })
  thread.on('error', (error: Error) => {
    log.error({ err: error.message }, 'the checkpoint thread failed; commits do the checkpoints from now on')
  })
  thread.on('exit', () => {
    if (!stopping) connection.pragma('wal_autocheckpoint = 1000')
  })
  return {
    written() {
      if (told || stopping) return
      told = true
      thread.postMessage('written')
    },
    async stop() {
      stopping = true
      thread.postMessage('stop')
      await exited
    },
  }
}

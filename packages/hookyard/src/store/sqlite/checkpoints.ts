// The store's side of checkpoints: it tells their thread when there is news, and cuts a log grown too large.
import type BetterSqlite3 from 'better-sqlite3'
import type { Log } from '../../lib/log.ts'
import { spawnThread, type AddonState } from './threads.ts'

/** Without its thread, the connection does checkpoints itself again: commits then stall, but the log stays small. */
export function startCheckpoints(
  file: string,
  connection: BetterSqlite3.Database,
  log: Log,
  addon?: AddonState,
) {
  const thread = spawnThread('checkpoint', file, addon)
  const exited = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
  let told = false
  let stopping = false
  thread.on('message', (message: 'ready' | 'cut' | Error) => {
    if (message === 'ready') told = false
    else if (message !== 'cut') failed(message)
    else if (!stopping) cutLog()
  })
  thread.on('error', (error: Error) => {
    log.error({ err: error.message }, 'the checkpoint thread failed; commits do the checkpoints from now on')
  })
  thread.on('exit', () => {
    if (!stopping) connection.pragma('wal_autocheckpoint = 1000')
  })

  function failed(error: unknown): void {
    const what = 'the write-ahead log could not be copied into the database; it grows meanwhile'
    log.warn({ err: String(error) }, what)
  }

  // From this thread, between two requests, nobody contends for the writer's lock. A reader in the way is
  // not waited for: the next time will do.
  function cutLog(): void {
    if (connection.inTransaction) return
    const patience = connection.pragma('busy_timeout', { simple: true }) as number
    connection.pragma('busy_timeout = 0')
    try {
      connection.pragma('wal_checkpoint(TRUNCATE)')
    } catch (error) {
      failed(error)
    } finally {
      connection.pragma(`busy_timeout = ${patience}`)
    }
  }

  return {
    /** Something may have been written. Cheap: the thread is told at most once at a time. */
    written(): void {
      if (told || stopping) return
      told = true
      thread.postMessage('written')
    },
    /** Ends the thread, and leaves the log empty. */
    async stop(): Promise<void> {
      stopping = true
      thread.postMessage('stop')
      await exited
      cutLog()
    },
  }
}

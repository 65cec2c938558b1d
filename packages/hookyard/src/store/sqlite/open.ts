// The embedded database: a store in a thread of its own.
import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { systemClock, type Clock } from '../../lib/clock.ts'
import { silentLog, type Log } from '../../lib/log.ts'
import type { Store } from '../store.ts'
import { connectThread } from './rpc.ts'
import { spawnThread } from './spawn.ts'
import type { ThreadData } from './wire.ts'

export interface SqliteStoreOptions {
  /** Path of the database; made, with its folder, when it is missing. */
  readonly file: string
  /** Opens an existing database beside its owner, or without one; every method that writes rejects. */
  readonly readOnly?: boolean
  readonly clock?: Clock
  readonly log?: Log
}

/**
 * Opens the database as its only owner, waiting up to 3 s for a predecessor that is on its way out.
 * @throws StoreError `locked` when another process owns it, `unusable` when its tables are of another version.
 */
export async function openSqliteStore({
  file,
  readOnly = false,
  clock = systemClock,
  log = silentLog,
}: SqliteStoreOptions): Promise<Store> {
  const data: ThreadData = { file: resolve(file), readOnly, now: clock() }
  if (!readOnly) await mkdir(dirname(data.file), { recursive: true, mode: 0o700 })
  return connectThread(spawnThread('thread', data), log)
}

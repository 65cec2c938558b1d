// The write-ahead log stays small while the store is written to, without a checkpoint in any commit.
import SqliteConnection from 'better-sqlite3'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../lib/log.ts'
import type { Store } from '../store.ts'
import { newDelivery } from '../../../testing/store-contract/builders.ts'
import { startCheckpoints } from './checkpoints.ts'
import { openSqliteStore } from './open.ts'

const MIB = 1024 * 1024

let folder: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hookyard-wal-'))
  file = join(folder, 'hookyard.db')
})

afterEach(() => rm(folder, { recursive: true }))

/** Accepts so many MiB that do not compress, one per delivery. */
async function write(store: Store, mib: number): Promise<void> {
  for (let n = 0; n < mib; n += 1) {
    const body = Buffer.concat(
      Array.from({ length: 16 }, () => crypto.getRandomValues(new Uint8Array(MIB / 16))),
    )
    await store.deliveries.accept([newDelivery(crypto.randomUUID(), { body })])
  }
}

const sizeOf = async (path: string) => (await stat(path)).size

/** Calls the store until the condition holds; the limit is the test's timeout. */
async function untilThat(store: Store, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await store.ping()
}

test('a log of some MiB is copied into the database while the store is open, and none is left by closing', async () => {
  const store = await openSqliteStore({ file })
  await write(store, 6)
  // Copied once it is quiet; what came after that stays in the log until there is a MiB again.
  await untilThat(store, async () => (await sizeOf(file)) > 3 * MIB)
  expect(await store.deliveries.pending(10)).toHaveLength(6)
  await store.close()
  expect(existsSync(`${file}-wal`)).toBe(false)
  expect(await sizeOf(file)).toBeGreaterThan(6 * MIB)
})

test('the log begins anew under steady writing', async () => {
  const store = await openSqliteStore({ file })
  let written = 0
  await untilThat(store, async () => {
    await write(store, 1)
    written += MIB
    return written > 20 * MIB && (await sizeOf(`${file}-wal`)) < written / 2
  })
  await store.close()
})

test('a log that a reader let grow large is cut once the reader is gone', async () => {
  const store = await openSqliteStore({ file })
  const reader = new SqliteConnection(file, { readonly: true })
  reader.exec('begin')
  reader.prepare('select count(*) from deliveries').get()
  await write(store, 66)
  expect(await sizeOf(`${file}-wal`)).toBeGreaterThan(64 * MIB)
  reader.close()
  await untilThat(store, async () => (await sizeOf(`${file}-wal`)) < MIB)
  expect(await store.deliveries.pending(1)).toHaveLength(1)
  await store.close()
})

test('without its thread the connection does the checkpoints itself', async () => {
  const connection = new SqliteConnection(file)
  connection.pragma('journal_mode = WAL')
  connection.pragma('wal_autocheckpoint = 0')
  const errors: string[] = []
  // In a folder that is not there, the thread fails as it starts.
  const failed = new Promise<void>((resolve) => {
    const log = {
      ...silentLog,
      error: (_fields: object, message: string) => {
        errors.push(message)
        resolve()
      },
    }
    startCheckpoints(join(folder, 'missing', 'hookyard.db'), connection, log)
  })
  await failed
  while (connection.pragma('wal_autocheckpoint', { simple: true }) === 0) await new Promise(setImmediate)
  expect(connection.pragma('wal_autocheckpoint', { simple: true })).toBe(1_000)
  expect(errors).toEqual(['the checkpoint thread failed; commits do the checkpoints from now on'])
  connection.close()
})

// The write-ahead log stays small while the store is written to, without a checkpoint in any commit.
import SqliteConnection from 'better-sqlite3'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../lib/log.ts'
import { newDelivery } from '../contract/builders.ts'
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

const noise = (bytes: number) =>
  Buffer.concat(Array.from({ length: bytes / 50_000 }, () => crypto.getRandomValues(new Uint8Array(50_000))))

test('what was written reaches the database while the store is open, and the log begins anew', async () => {
  const store = await openSqliteStore({ file })
  let written = 0
  // Until the log has begun anew: then it holds less than was written. The test's timeout is the limit.
  for (let n = 0; written < 20 * MIB || (await stat(`${file}-wal`)).size > written / 2; n += 1) {
    await store.deliveries.accept([newDelivery(`d${n}`, { body: noise(MIB) })])
    written += MIB
  }
  expect((await stat(file)).size).toBeGreaterThan(4 * MIB)
  expect(await store.deliveries.pending(3)).toHaveLength(3)
  await store.close()
  expect(existsSync(`${file}-wal`)).toBe(false)
})

test('without its thread the connection does the checkpoints itself', async () => {
  const connection = new SqliteConnection(file)
  connection.pragma('journal_mode = WAL')
  connection.pragma('wal_autocheckpoint = 0')
  const errors: string[] = []
  // A file that is no database makes the thread fail as it starts.
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

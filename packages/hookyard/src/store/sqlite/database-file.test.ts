// The file is deleted, replaced or cut while it is open: what would be lost is not acknowledged. And what is no new
// database is not taken for one.
import SqliteConnection from 'better-sqlite3'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { silentLog } from '../../lib/log.ts'
import { newDelivery } from '../../../testing/store-contract/builders.ts'
import type { Store } from '../store.ts'
import { openSqliteStore } from './open.ts'

let folder: string
let file: string
let opened: Store[]
let said: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hookyard-file-'))
  file = join(folder, 'hookyard.db')
  opened = []
  said = []
})

afterEach(async () => {
  for (const store of opened) await store.close().catch(() => undefined)
  await rm(folder, { recursive: true })
})

async function open(readOnly = false): Promise<Store> {
  const say = (_fields: unknown, message: string) => void said.push(message)
  const store = await openSqliteStore({
    file,
    readOnly,
    log: { ...silentLog, error: say, info: say, warn: say },
  })
  opened.push(store)
  return store
}

/** A program of the operator's, beside the service. */
function withSqlite(statement: string): void {
  const connection = new SqliteConnection(file)
  connection.pragma('journal_mode = WAL')
  connection.exec(statement)
  connection.close()
}

/** How many of this process lead to the file; Linux alone can say. */
const openDescriptors = (path: string): number =>
  existsSync('/proc/self/fd')
    ? readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`) === path
        } catch {
          return false
        }
      }).length
    : Infinity

/** The thread that copies the log would find an accident, or make the log anew, when it opens the file behind it. */
const threadsHaveOpened = () => vi.waitUntil(() => openDescriptors(`${file}-wal`) >= 2, { timeout: 20_000 })

const big = (guid: string) => newDelivery(guid, { body: crypto.getRandomValues(new Uint8Array(50_000)) })

const ACCIDENTS: readonly [string, RegExp, () => Promise<unknown>][] = [
  ['deleted', /hookyard\.db was deleted/, () => rm(file)],
  ['moved away', /hookyard\.db was deleted/, () => rename(file, `${file}.old`)],
  [
    'replaced',
    /hookyard\.db was replaced/,
    async () => {
      await copyFile(file, `${file}.new`)
      await rename(`${file}.new`, file)
    },
  ],
  ['emptied', /hookyard\.db was cut/, () => truncate(file)],
  ['cut', /hookyard\.db was cut/, () => truncate(file, 8_192)],
  ['left without its log', /hookyard\.db-wal was deleted/, () => rm(`${file}-wal`)],
  ['left with an emptied log', /hookyard\.db-wal was cut/, () => truncate(`${file}-wal`)],
]

test.each(ACCIDENTS)(
  'a database that is %s takes nothing more, and says so once',
  async (_how, words, accident) => {
    const first = await open()
    await first.deliveries.accept([big('a'), big('b')])
    await first.close()
    const store = await open()
    await store.deliveries.accept([big('c')])
    await threadsHaveOpened()
    said = []
    await accident()
    for (const guid of ['d', 'e']) {
      const refused = store.deliveries.accept([big(guid)])
      await expect(refused).rejects.toMatchObject({ name: 'StoreError', code: 'file_changed' })
      await expect(refused).rejects.toThrow(words)
      await expect(refused).rejects.toThrow(
        /stop the service, restore .*hookyard\.db from a backup, start again/,
      )
    }
    await expect(store.ping()).rejects.toMatchObject({ code: 'file_changed' })
    expect(said).toEqual(['the database file is not what it was'])
  },
)

test('a file that is moved away and back again takes deliveries as before', async () => {
  const store = await open()
  await threadsHaveOpened()
  await rename(file, `${file}.old`)
  await expect(store.ping()).rejects.toMatchObject({ code: 'file_changed' })
  await rename(`${file}.old`, file)
  expect(await store.deliveries.accept([newDelivery('a')])).toEqual([{ status: 'accepted' }])
  expect(said).toEqual(['the database file is not what it was', 'the database file is back'])
})

test('what SQLite itself makes smaller is no accident', async () => {
  const store = await open()
  for (let n = 0; n < 20; n += 1) await store.deliveries.accept([big(`d-${n}`)])
  withSqlite('pragma wal_checkpoint(TRUNCATE)')
  expect((await stat(`${file}-wal`)).size).toBe(0)
  await store.ping()
  await store.retention.deliveries(9_000, 0, 100)
  withSqlite('delete from payloads; vacuum; pragma wal_checkpoint(TRUNCATE)')
  const { size } = await stat(file)
  await store.ping()
  expect(await store.deliveries.accept([big('later')])).toEqual([{ status: 'accepted' }])
  expect(size).toBeLessThan(500_000)
  expect(said).toEqual([])
})

test.each([false, true])(
  'an empty file is no new database (read only: %s), and is left as it is',
  async (readOnly) => {
    await writeFile(file, '')
    const refused = open(readOnly)
    await expect(refused).rejects.toMatchObject({ code: 'unusable' })
    await expect(refused).rejects.toThrow(
      `${file} is empty (0 bytes), and no database: restore it from a backup, or delete ${file} to begin anew`,
    )
    expect((await stat(file)).size).toBe(0)
    await rm(file)
    await (readOnly ? Promise.resolve() : open())
  },
)

test('a log without its database is kept, and told', async () => {
  const store = await open()
  await store.deliveries.accept([newDelivery('a')])
  await copyFile(`${file}-wal`, `${file}-kept`)
  await store.close()
  await rm(file)
  await rename(`${file}-kept`, `${file}-wal`)
  const log = await readFile(`${file}-wal`)
  await expect(open()).rejects.toThrow(/hookyard\.db is missing, but its log .*-wal is there.*: restore/)
  expect(await readFile(`${file}-wal`)).toEqual(log)
})

test('a file that was cut while nobody had it open is refused', async () => {
  const store = await open()
  await store.deliveries.accept([big('a')])
  await store.close()
  await truncate(file, 8_192)
  await expect(open()).rejects.toThrow(`restore ${file} from a backup`)
})

test('a new database where one was is told', async () => {
  await (await open()).close()
  expect(said).toEqual([])
  await rm(file)
  await open()
  expect(said).toEqual(['the database was gone, and a new one was made: nothing is in it'])
})

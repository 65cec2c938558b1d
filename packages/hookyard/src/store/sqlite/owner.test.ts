// One process owns the database; readers may look; nothing stands in the way of the next owner.
import SqliteConnection from 'better-sqlite3'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newDelivery, newRun } from '../../../testing/store-contract/builders.ts'
import { silentLog } from '../../lib/log.ts'
import type { Store } from '../store.ts'
import { openSqliteStore, type SqliteStoreOptions } from './open.ts'

let folder: string
let file: string
let opened: Store[]
let child: ChildProcess | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hookyard-owner-'))
  file = join(folder, 'data', 'hookyard.db')
  opened = []
  child = undefined
})

afterEach(async () => {
  child?.kill('SIGKILL')
  for (const store of opened) await store.close()
  await rm(folder, { recursive: true })
})

async function open(options: Partial<SqliteStoreOptions> = {}): Promise<Store> {
  const store = await openSqliteStore({ file, ...options })
  opened.push(store)
  return store
}

/** Another process that owns the file and accepts deliveries; resolves with its first answered GUID. */
async function startOther(): Promise<{ process: ChildProcess; answered: string[] }> {
  const program = join(import.meta.dirname, '../../../testing/store/accept-until-killed.ts')
  const other = spawn(process.execPath, [program, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  child = other
  const answered: string[] = []
  const lines = createInterface({ input: other.stdout })
  lines.on('line', (guid) => answered.push(guid))
  await once(lines, 'line')
  return { process: other, answered }
}

test('a second owner is refused with the file, the process that has it, and what to do', async () => {
  await open({ clock: () => Date.UTC(2026, 10, 22) })
  const errors: string[] = []
  const refused = open({ log: { ...silentLog, error: (_fields, message) => errors.push(message) } })
  await expect(refused).rejects.toMatchObject({ name: 'StoreError', code: 'locked' })
  await expect(refused).rejects.toThrow(
    new RegExp(
      `${file} is in use by process ${process.pid} on .* \\(since 2026-11-22T00:00:00.000Z\\): stop that`,
    ),
  )
})

test('another process is refused as well, and after SIGKILL the next owner has every answered delivery', async () => {
  const other = await startOther()
  await expect(open()).rejects.toThrow(`process ${other.process.pid} on`)
  while (other.answered.length < 200) await once(other.process.stdout as NodeJS.ReadableStream, 'data')
  const drained = once(other.process, 'close')
  other.process.kill('SIGKILL')
  // At once, as a supervisor would: the killed process may still be on its way out.
  const store = await open()
  await drained
  expect(other.answered.length).toBeGreaterThanOrEqual(200)
  const kept = await store.deliveries.pending(1_000_000)
  const guids = new Set(kept.map((delivery) => delivery.guid))
  expect(other.answered.filter((guid) => !guids.has(guid))).toEqual([])
  for (const [position, payload] of (await store.deliveries.payloads(kept)).entries())
    expect(JSON.parse(payload ?? 'null')).toMatchObject({ guid: kept[position]?.guid })
  expect(await store.deliveries.accept([newDelivery('after')])).toEqual([{ status: 'accepted' }])
})

test('a clean close leaves one file with everything in it, and the way free', async () => {
  const first = await open()
  await first.deliveries.accept([newDelivery('a')])
  await Promise.all([first.close(), first.close()])
  await expect(stat(`${file}-wal`)).rejects.toThrow('ENOENT')
  const second = await open()
  expect(await second.deliveries.payload('a')).toContain('"guid":"a"')
})

test('nobody else may read the files, since payloads of private repositories lie in them', async () => {
  const store = await open()
  await store.deliveries.accept([newDelivery('a')])
  for (const path of [file, `${file}-wal`, `${file}.owner`]) expect((await stat(path)).mode & 0o077).toBe(0)
})

test('a reader sees what the running owner commits, and what a stopped one has left', async () => {
  const owner = await open()
  const reader = await open({ readOnly: true })
  expect(await reader.deliveries.get('a')).toBeNull()
  await owner.deliveries.accept([newDelivery('a')])
  expect(await reader.deliveries.get('a')).toMatchObject({ guid: 'a' })
  await reader.close()
  await owner.close()
  const later = await open({ readOnly: true })
  expect(await later.deliveries.payload('a')).toContain('"guid":"a"')
})

test('a reader reads beside a killed owner, whose log was never copied into the database', async () => {
  const other = await startOther()
  const drained = once(other.process, 'close')
  other.process.kill('SIGKILL')
  await drained
  const reader = await open({ readOnly: true })
  expect(await reader.deliveries.get(other.answered.at(-1) ?? '')).toMatchObject({ status: 'received' })
})

test('a reader cannot write', async () => {
  await (await open()).close()
  const reader = await open({ readOnly: true })
  await expect(reader.deliveries.accept([newDelivery('a')])).rejects.toMatchObject({
    code: 'SQLITE_READONLY',
  })
  await expect(reader.runs.create(newRun('r1'))).rejects.toMatchObject({ code: 'SQLITE_READONLY' })
  await expect(reader.effects.onceForget('r1', 'k')).rejects.toMatchObject({ code: 'SQLITE_READONLY' })
})

test('a reader of a file that is not there is told so, and makes none', async () => {
  await expect(open({ readOnly: true })).rejects.toThrow(`no database at ${file}: start the server once`)
  await expect(stat(file)).rejects.toThrow('ENOENT')
})

test('a file that is no database is named, left as it is, and not kept locked', async () => {
  file = join(folder, 'notes.txt')
  const text = 'These are notes, and no database at all. '.repeat(100)
  await writeFile(file, text)
  for (const readOnly of [false, true, false]) {
    await expect(open({ readOnly })).rejects.toThrow(`${file} is no database; correct data_dir`)
  }
  expect(await readFile(file, 'utf8')).toBe(text)
})

test('tables of a newer version are refused by owner and reader, with what to do', async () => {
  await (await open()).close()
  const connection = new SqliteConnection(file)
  connection
    .prepare('insert into kysely_migration (name, timestamp) values (?, ?)')
    .run('9999-later', '2030-01-01')
  connection.close()
  await expect(open()).rejects.toMatchObject({ code: 'unusable' })
  await expect(open()).rejects.toThrow(/9999-later .*newer version of hookyard wrote this database/)
  await expect(open({ readOnly: true })).rejects.toThrow(/newer version of hookyard wrote this database/)
})

// A backup is whole, private, of one moment, and never takes another file's place.
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newDelivery, newRun } from '../../../testing/store-contract/builders.ts'
import type { Store } from '../store.ts'
import { backupDatabase } from './backup.ts'
import { openSqliteStore } from './open.ts'

async function open() {
  const folder = await mkdtemp(join(tmpdir(), 'hookyard-backup-'))
  const stores: Store[] = []
  const openStore = async (name: string) => {
    const store = await openSqliteStore({ file: join(folder, name) })
    stores.push(store)
    return store
  }
  onTestFinished(async () => {
    for (const store of stores) await store.close()
    await rm(folder, { recursive: true })
  })
  return { folder, openStore, store: await openStore('hookyard.db'), file: join(folder, 'hookyard.db') }
}

test('what was stored is in the copy, which opens as a database of its own', async () => {
  const { folder, store, file, openStore } = await open()
  await store.deliveries.accept([newDelivery('a')])
  await store.runs.create(newRun('r1'))
  const copy = join(folder, 'copy.db')
  await backupDatabase(file, copy)
  expect(statSync(copy).mode & 0o777).toBe(0o600)
  await store.deliveries.accept([newDelivery('b')])
  const copied = await openStore('copy.db')
  expect([await copied.deliveries.get('a'), await copied.deliveries.get('b')]).toMatchObject([
    { guid: 'a' },
    null,
  ])
  expect(await copied.deliveries.payload('a')).toBe(await store.deliveries.payload('a'))
  expect((await copied.runs.get('r1'))?.status).toBe('queued')
})

test('a copy taken while deliveries pour in holds every one up to some moment, and none after it', async () => {
  const { folder, store, file, openStore } = await open()
  let pouring = true
  let poured = 1
  await store.deliveries.accept([newDelivery('d0')])
  const pour = (async () => {
    while (pouring) await store.deliveries.accept([newDelivery(`d${poured++}`)])
  })()
  await backupDatabase(file, join(folder, 'copy.db'))
  pouring = false
  await pour
  const { deliveries } = await (await openStore('copy.db')).overview.deliveries({ limit: 10_000 })
  const numbers = deliveries.map(({ guid }) => Number(guid.slice(1))).toReversed()
  expect(numbers.length).toBeGreaterThan(0)
  expect(numbers).toEqual(numbers.map((_, index) => index))
})

test('another file is never overwritten, and a copy that fails leaves none behind', async () => {
  const { folder, file } = await open()
  const copy = join(folder, 'copy.db')
  writeFileSync(copy, 'mine')
  await expect(backupDatabase(file, copy)).rejects.toMatchObject({ code: 'EEXIST' })
  expect(statSync(copy).size).toBe(4)
  const missing = backupDatabase(join(folder, 'missing.db'), join(folder, 'of-missing.db'))
  await expect(missing).rejects.toMatchObject({ code: 'backup_failed' })
  expect(existsSync(join(folder, 'of-missing.db'))).toBe(false)
})

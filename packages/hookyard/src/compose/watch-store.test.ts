// Who watches the service learns of a disk that takes nothing more, and of one that does so again, without any
// traffic; and asking costs the disk next to nothing.
import { beforeEach, expect, test } from 'vitest'
import { newDelivery, newRun } from '../../testing/store-contract/builders.ts'
import type { Store } from '../store/store.ts'
import { watchStore } from './watch-store.ts'

let now: number
let broken: boolean
let writes: number
let store: Store

const full = () => (broken ? Promise.reject(new Error('disk full')) : null)

beforeEach(() => {
  now = 1_000
  broken = false
  writes = 0
  store = watchStore(
    {
      deliveries: {
        accept: () => full() ?? Promise.resolve([{ status: 'accepted' }]),
      },
      runs: { create: () => full() ?? Promise.resolve({ status: 'created', runId: 'r' }) },
      async ping() {
        writes++
        await full()
      },
    } as unknown as Store,
    { clock: () => now },
  )
})

test('asked each second, it writes once in five', async () => {
  for (let second = 0; second < 20; second++, now += 1_000) await store.ping()
  expect(writes).toBe(4)
})

test('asked by many at once, it writes once', async () => {
  await Promise.all(Array.from({ length: 10 }, () => store.ping()))
  expect(writes).toBe(1)
})

test.each([
  ['a delivery', () => store.deliveries.accept([newDelivery('a')])],
  ['a run', () => store.runs.create(newRun('r1'))],
])('%s that could not be stored counts until one could', async (_name, attempt) => {
  await store.ping()
  broken = true
  await expect(attempt()).rejects.toThrow('disk full')
  await expect(store.ping()).rejects.toThrow('disk full')
  now += 4_999
  await expect(store.ping()).rejects.toThrow('disk full')
  expect(writes).toBe(1)
  broken = false
  await attempt()
  await store.ping()
  expect(writes).toBe(1)
})

test('what goes well and what fails is seen without traffic', async () => {
  await store.ping()
  broken = true
  await store.ping()
  now += 5_000
  await expect(store.ping()).rejects.toThrow('disk full')
  broken = false
  now += 5_000
  await store.ping()
  expect(writes).toBe(3)
})

test('a clock that was set back makes no old answer last', async () => {
  broken = true
  await expect(store.ping()).rejects.toThrow('disk full')
  broken = false
  now -= 500_000
  await store.ping()
})

// Whoever makes a run that replaces others, the runner hears of those: by calls and by the clock.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { newRun } from '../../testing/store-contract/builders.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import type { Store } from '../store/store.ts'
import { watchStore } from './watch-store.ts'

const open: Store[] = []
afterEach(async () => {
  for (const store of open.splice(0)) await store.close()
})

async function start() {
  const opened = await openSqliteStore({
    file: join(mkdtempSync(join(tmpdir(), 'hookyard-replaced-')), 'hookyard.db'),
  })
  open.push(opened)
  const told: (readonly string[])[] = []
  return {
    store: watchStore(opened, { clock: () => 0, onReplaced: (runIds) => void told.push(runIds) }),
    told,
  }
}

const newer = (id: string) => newRun(id, { concurrency: 'cancel_running' })

test('tells of what a created run replaced, once', async () => {
  const { store, told } = await start()
  const idempotency = { scope: 's', key: 'k', fingerprint: 'f' }
  await store.runs.create(newer('r1'))
  expect(told).toEqual([])
  await store.runs.create(newer('r2'), { idempotency })
  await store.runs.create(newer('r3'), { idempotency })
  expect(told).toEqual([['r1']])
})

test('tells of what the runs of a tick replaced', async () => {
  const { store, told } = await start()
  await store.schedules.handledUntil(['s'], 1_000)
  await store.runs.create(newer('r1'))
  const tick = { schedule: 's', module: 'pr-review', at: 2_000, after: 1_000, runs: [newer('r2')] }
  await store.schedules.commit(tick)
  await store.schedules.commit(tick)
  expect(told).toEqual([['r1']])
})

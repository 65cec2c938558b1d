// Each tick runs once, whatever restarts and whoever else is there; a missed one runs late, an old one not at all.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { config, module, user } from '../../../../test/builders.ts'
import { createAccess } from '../access/access.ts'
import { silentLog } from '../lib/log.ts'
import type { ScheduleBinding } from '../registry/module-registry.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import type { Store } from '../store/store.ts'
import { type Scheduler, createScheduler } from './scheduler.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const binding = (cron: string, more: Partial<ScheduleBinding['module']> = {}): ScheduleBinding => ({
  module: module('sweep', { subject: 'repository' }, more),
  trigger: { type: 'schedule', cron, timezone: null },
})

async function scene(first: readonly ScheduleBinding[] = [binding('0 9 * * *')]) {
  const store = await openSqliteStore({
    file: join(mkdtempSync(join(tmpdir(), 'hookyard-schedule-')), 'hookyard.db'),
  })
  open.push(() => store.close())
  const world = { now: Date.parse('2026-11-22T08:00:00Z'), bindings: first, ids: 0 }
  const access = createAccess(config({ users: [user('root', { role: 'admin', repos: ['a/a'] })] }))
  const logged: string[] = []
  const process = (owner: string, over: Store = store): Scheduler => {
    const scheduler = createScheduler({
      store: over,
      schedules: () => world.bindings,
      askReading: () => Promise.resolve('readable_unknown'),
      access: () => access,
      newRunId: () => `run-${String((world.ids += 1)).padStart(3, '0')}`,
      owner,
      clock: () => world.now,
      log: {
        ...silentLog,
        warn: (fields, message) => void logged.push(`${message} ${JSON.stringify(fields)}`),
      },
      onCreated: () => undefined,
    })
    open.push(() => scheduler.stop())
    return scheduler
  }
  const made = async () => {
    const runs = await store.runs.list({ limit: 100 })
    return runs.map(({ trigger }) => [trigger.at.slice(5, 16), trigger.data?.['late_by_seconds']]).reverse()
  }
  return { store, world, process, made, logged }
}

test('a tick runs once, however often the clock is looked at', async () => {
  const { world, process, made } = await scene()
  const scheduler = process('one')
  await scheduler.look()
  world.now += HOUR - 1
  await scheduler.look()
  expect(await made()).toEqual([])
  world.now += 1
  await scheduler.look()
  await scheduler.look()
  world.now += HOUR
  await scheduler.look()
  expect(await made()).toEqual([['11-22T09:00', 0]])
  world.now += 23 * HOUR
  await scheduler.look()
  expect(await made()).toEqual([
    ['11-22T09:00', 0],
    ['11-23T09:00', 0],
  ])
})

test('a schedule that is new does not run for the time before it', async () => {
  const { world, process, made } = await scene()
  world.now += 2 * HOUR
  await process('one').look()
  expect(await made()).toEqual([])
})

test('a tick missed in a restart runs once, and the log says how late', async () => {
  const { world, process, made, logged } = await scene()
  const before = process('one')
  await before.look()
  await before.stop()
  world.now += 6 * HOUR
  await process('two').look()
  await process('two').look()
  expect(await made()).toEqual([['11-22T09:00', 18_000]])
  expect(logged).toEqual([expect.stringMatching(/missed runs late .*"late_by_seconds":18000/)])
})

test('of many missed ticks the newest one runs', async () => {
  const { world, process, made } = await scene([binding('*/10 * * * *')])
  const before = process('one')
  await before.look()
  await before.stop()
  world.now += 3 * HOUR + 4 * 60_000
  await process('two').look()
  expect(await made()).toEqual([['11-22T11:00', 240]])
})

test('what was missed more than a day ago is let go, and the next tick comes in time', async () => {
  const weekly = binding('0 9 * * 0')
  const { world, process, made } = await scene([weekly])
  const before = process('one')
  await before.look()
  await before.stop()
  world.now += 2 * DAY
  const after = process('two')
  await after.look()
  expect(await made()).toEqual([])
  world.now = Date.parse('2026-11-29T09:00:00Z')
  await after.look()
  expect(await made()).toEqual([['11-29T09:00', 0]])
})

test('a process that dies keeps its lease for seconds only; then another goes on, and nothing runs twice', async () => {
  const { world, process, made } = await scene([binding('* * * * *')])
  await process('dead').look()
  const heir = process('heir')
  world.now += 14_000
  await heir.look()
  expect(await made()).toEqual([])
  world.now += 46_000
  await heir.look()
  expect(await made()).toEqual([['11-22T08:01', 0]])
})

test('two processes that both believe to hold the lease make one run of a tick', async () => {
  const { store, world, process, made } = await scene()
  const blind: Store = {
    ...store,
    leases: { take: () => Promise.resolve(true), release: () => Promise.resolve() },
  }
  const both = [process('one', blind), process('two', blind)]
  await Promise.all(both.map((scheduler) => scheduler.look()))
  world.now += HOUR
  await Promise.all(both.map((scheduler) => scheduler.look()))
  await Promise.all(both.map((scheduler) => scheduler.look()))
  expect(await made()).toEqual([['11-22T09:00', 0]])
  world.now += DAY
  await Promise.all(both.map((scheduler) => scheduler.look()))
  expect(await made()).toHaveLength(2)
})

test('a clock that is set back repeats no tick', async () => {
  const { world, process, made } = await scene()
  const scheduler = process('one')
  await scheduler.look()
  world.now += HOUR
  await scheduler.look()
  world.now -= 2 * HOUR
  await scheduler.look()
  world.now += 2 * HOUR + 1
  await scheduler.look()
  await process('one').look()
  expect(await made()).toEqual([['11-22T09:00', 0]])
})

test('a reload changes what is due: a new schedule begins now, one taken out is silent', async () => {
  const { world, process, made } = await scene()
  const scheduler = process('one')
  await scheduler.look()
  world.now += HOUR / 2
  world.bindings = [binding('45 8 * * *')]
  await scheduler.look()
  world.now += HOUR / 4
  await scheduler.look()
  world.now += HOUR
  await scheduler.look()
  expect(await made()).toEqual([['11-22T08:45', 0]])
})

test('the ticks of a module that is switched off pass, and do not come back when it is switched on', async () => {
  const { world, process, made } = await scene([binding('0 9 * * *', { enabled: false })])
  const scheduler = process('one')
  await scheduler.look()
  world.now += HOUR
  await scheduler.look()
  world.bindings = [binding('0 9 * * *')]
  world.now += HOUR
  await scheduler.look()
  expect(await made()).toEqual([])
})

test('while the store is away nothing is lost: the tick runs when it is back', async () => {
  const { store, world, process, made } = await scene()
  let broken = false
  const flaky: Store = {
    ...store,
    schedules: {
      ...store.schedules,
      commit: (tick) => (broken ? Promise.reject(new Error('disk full')) : store.schedules.commit(tick)),
    },
  }
  const scheduler = process('one', flaky)
  await scheduler.look()
  world.now += HOUR
  broken = true
  await scheduler.look()
  expect(await made()).toEqual([])
  broken = false
  world.now += 5_000
  await scheduler.look()
  expect(await made()).toEqual([['11-22T09:00', 5]])
})

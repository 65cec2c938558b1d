// Runs are claimed, executed and settled; a crash, a cancellation or a stop loses none of them.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { silentLog } from '../lib/log.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import {
  StoreError,
  type ClaimedRun,
  type NewRun,
  type RunStore,
  type Settlement,
  type Store,
} from '../store/store.ts'
import type { InterruptionError } from './run-module.ts'
import { type Runner, type RunnerOptions, createRunner } from './runner.ts'
import { settleUnwritable } from './settlement.ts'

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function openStore(): Promise<Store> {
  const store = await openSqliteStore({
    file: join(mkdtempSync(join(tmpdir(), 'hookyard-runner-')), 'hookyard.db'),
  })
  open.push(() => store.close())
  return store
}

const newRun = (id: string, more: Partial<NewRun> = {}): NewRun => ({
  id,
  module: 'm',
  entity: `octocat/hello-world#${id}`,
  repository: 'octocat/hello-world',
  trigger: { type: 'invoke', event: null, action: null, by: 'alice', at: '1970-01-01T00:00:00.000Z' },
  delivery: null,
  recipients: ['alice'],
  runAt: 0,
  dueAt: 0,
  waiting: false,
  concurrency: 'queue',
  cooldownMs: 0,
  input: null,
  depth: 0,
  createdAt: 0,
  ...more,
})

const doneWith = (run: ClaimedRun, more: Partial<Settlement> = {}): Settlement =>
  ({
    runId: run.id,
    attempt: run.attempt,
    at: systemClock(),
    error: null,
    details: null,
    costUsd: 0,
    messages: [],
    kind: 'finished',
    status: 'done',
    reason: null,
    summary: 'ok',
    ...more,
  }) as Settlement

function start(
  store: RunStore,
  execute: (run: ClaimedRun, stop: AbortSignal) => Promise<Settlement>,
  concurrency = 2,
  more: Partial<RunnerOptions> = {},
) {
  const settled: string[] = []
  let notice: (() => void) | undefined
  const runner: Runner = createRunner({
    store,
    execute,
    unwritable: (run, error) =>
      settleUnwritable(error, { run, addressOf: () => null, now: systemClock(), random: () => 0 }),
    owner: 'me',
    concurrency,
    clock: systemClock,
    log: silentLog,
    onSettled: ({ runId }) => {
      settled.push(runId)
      notice?.()
    },
    onExpired: (runIds) => {
      settled.push(...runIds.map((id) => `expired ${id}`))
      notice?.()
    },
    ...more,
  })
  open.push(() => runner.stop(0))
  runner.start()
  const until = async (count: number) => {
    while (settled.length < count) await new Promise<void>((resolve) => (notice = resolve))
    return settled
  }
  return { runner, until }
}

test('due runs are executed and settled, also more of them than may run at once', async () => {
  const store = await openStore()
  for (const id of ['a', 'b', 'c', 'd', 'e']) await store.runs.create(newRun(id))
  let running = 0
  let most = 0
  const { until } = start(store.runs, async (run) => {
    most = Math.max(most, (running += 1))
    await new Promise((resolve) => setImmediate(resolve))
    running -= 1
    return doneWith(run)
  })
  expect((await until(5)).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(most).toBeLessThanOrEqual(2)
  expect(await store.runs.get('c')).toMatchObject({ status: 'done', attempt: 1, summary: 'ok' })
})

test('runs of one entity go one after the other', async () => {
  const store = await openStore()
  const entity = 'octocat/hello-world#1'
  for (const id of ['a', 'b', 'c']) await store.runs.create(newRun(id, { entity }))
  let running = 0
  const { until } = start(store.runs, async (run) => {
    expect((running += 1)).toBe(1)
    await new Promise((resolve) => setImmediate(resolve))
    running -= 1
    return doneWith(run)
  })
  expect(await until(3)).toEqual(['a', 'b', 'c'])
})

test('a run that is to be tried again runs again when its time has come', async () => {
  const store = await openStore()
  await store.runs.create(newRun('a'))
  const { until } = start(store.runs, async (run) =>
    run.attempt < 3
      ? doneWith(run, { kind: 'again', runAt: systemClock() + 20, counted: true, error: 'boom' })
      : doneWith(run),
  )
  await until(3)
  expect(await store.runs.get('a')).toMatchObject({ status: 'done', attempt: 3, failures: 2 })
})

test('a settlement that cannot be written is written later, without running again', async () => {
  const store = await openStore()
  await store.runs.create(newRun('a'))
  let executed = 0
  let broken = 2
  const flaky: RunStore = {
    ...store.runs,
    settle: (owner, settlement) =>
      broken-- > 0
        ? Promise.reject(new StoreError('SQLITE_FULL', 'disk full'))
        : store.runs.settle(owner, settlement),
  }
  const { until } = start(flaky, async (run) => {
    executed += 1
    return doneWith(run)
  })
  await until(1)
  expect(executed).toBe(1)
  expect(await store.runs.get('a')).toMatchObject({ status: 'done' })
})

test.each<[string, (run: ClaimedRun) => Partial<Settlement>]>([
  ['cannot be copied to the store', () => ({ details: { act: () => undefined } })],
  [
    'is deeper than a stack',
    () => ({ details: JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)) as unknown }),
  ],
  ['the database refuses', () => ({ status: null as never })],
])('an outcome that %s ends its run, and the worker goes on', async (_what, more) => {
  const store = await openStore()
  for (const id of ['a', 'b']) await store.runs.create(newRun(id))
  const { until } = start(
    store.runs,
    (run) => Promise.resolve(doneWith(run, run.id === 'a' ? more(run) : {})),
    1,
  )
  expect(await until(2)).toEqual(['a', 'b'])
  expect(await store.runs.get('a')).toMatchObject({
    status: 'failed',
    reason: 'invalid_outcome',
    error: expect.stringMatching(/^what the run ended with cannot be stored: /) as string,
  })
  expect(await store.runs.get('b')).toMatchObject({ status: 'done' })
  expect(await store.outbox.ofRun('a')).toHaveLength(1)
})

test('an execution that throws ends its run', async () => {
  const store = await openStore()
  await store.runs.create(newRun('a'))
  const { until } = start(store.runs, () =>
    Promise.reject(new RangeError('Maximum call stack size exceeded')),
  )
  await until(1)
  expect(await store.runs.get('a')).toMatchObject({ status: 'failed', reason: 'invalid_outcome' })
})

test('a run that nobody keeps the lease of is taken back by its own owner, whose last attempt is stopped', async () => {
  const store = await openStore()
  await store.runs.create(newRun('a'))
  let late = 0
  const mute: RunStore = {
    ...store.runs,
    heartbeat: () => Promise.reject(new StoreError('SQLITE_BUSY', 'busy')),
  }
  const stopped: unknown[] = []
  const { runner, until } = start(
    mute,
    async (run, stop) => {
      if (run.attempt === 2) return doneWith(run, { summary: 'by the second' } as Partial<Settlement>)
      late = 16_000
      runner.wake()
      await new Promise((resolve) => stop.addEventListener('abort', resolve))
      stopped.push((stop.reason as InterruptionError).by)
      return doneWith(run, { summary: 'by the first' } as Partial<Settlement>)
    },
    2,
    { clock: () => systemClock() + late },
  )
  await until(2)
  expect(stopped).toEqual([{ kind: 'cancelled', reason: 'lost' }])
  expect(await store.runs.get('a')).toMatchObject({
    status: 'done',
    attempt: 2,
    summary: 'by the second',
    failures: 0,
  })
  expect(runner.running).toBe(0)
})

test('a run whose settlement was lost is taken back while the service lives', async () => {
  const store = await openStore()
  await store.runs.create(newRun('a'))
  await store.runs.claim('me', 1, systemClock() - 20_000, systemClock() - 5_000)
  const { until } = start(store.runs, (run) => Promise.resolve(doneWith(run)))
  await until(1)
  expect(await store.runs.get('a')).toMatchObject({ status: 'done', attempt: 2 })
})

test('four hung runs of one module leave a worker to the others', async () => {
  const store = await openStore()
  for (const id of ['h1', 'h2', 'h3', 'h4']) await store.runs.create(newRun(id, { module: 'hung' }))
  const begun: string[] = []
  const hung = Promise.withResolvers<void>()
  const { runner, until } = start(
    store.runs,
    async (run) => {
      begun.push(run.id)
      if (run.module === 'hung') await hung.promise
      return doneWith(run)
    },
    4,
    { caps: () => new Map([['hung', 3]]) },
  )
  await expect.poll(() => begun.length).toBe(3)
  for (const id of ['a', 'b']) {
    await store.runs.create(newRun(id, { module: 'other' }))
    runner.wake()
    await until(begun.length - 2)
  }
  expect(begun).toEqual(['h1', 'h2', 'h3', 'a', 'b'])
  hung.resolve()
  await until(6)
})

test('cancelling aborts the run with its reason', async () => {
  const store = await openStore()
  await store.runs.create(newRun('a'))
  const { runner, until } = start(store.runs, async (run, stop) => {
    setImmediate(() => runner.cancel(['a'], 'cancel_on:closed'))
    await new Promise((resolve) => stop.addEventListener('abort', resolve))
    const { by } = stop.reason as InterruptionError
    return doneWith(run, {
      status: 'cancelled',
      reason: by.kind === 'cancelled' ? by.reason : 'wrong',
      summary: null,
    } as Partial<Settlement>)
  })
  await until(1)
  expect(await store.runs.get('a')).toMatchObject({ status: 'cancelled', reason: 'cancel_on:closed' })
})

test('a stop aborts what still runs, and the next start goes on with it', async () => {
  const store = await openStore()
  await store.runs.create(newRun('a'))
  let began: (() => void) | undefined
  const running = new Promise<void>((resolve) => (began = resolve))
  const first = start(store.runs, async (run, stop) => {
    began?.()
    await new Promise((resolve) => stop.addEventListener('abort', resolve))
    return doneWith(run, {
      kind: 'again',
      runAt: systemClock(),
      counted: false,
      error: 'the service was stopped',
    })
  })
  await running
  await first.runner.stop(0)
  expect(await store.runs.get('a')).toMatchObject({ status: 'queued', failures: 0 })
  const second = start(store.runs, async (run) => doneWith(run))
  await second.until(1)
  expect(await store.runs.get('a')).toMatchObject({ status: 'done', attempt: 2 })
})

// Runs are claimed, executed and settled; a crash, a cancellation or a stop loses none of them.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { silentLog } from '../lib/log.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import type { ClaimedRun, NewRun, RunStore, Settlement, Store } from '../store/store.ts'
import type { InterruptionError } from './run-module.ts'
import { type Runner, createRunner } from './runner.ts'

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
) {
  const settled: string[] = []
  let notice: (() => void) | undefined
  const runner: Runner = createRunner({
    store,
    execute,
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
      broken-- > 0 ? Promise.reject(new Error('disk full')) : store.runs.settle(owner, settlement),
  }
  const { until } = start(flaky, async (run) => {
    executed += 1
    return doneWith(run)
  })
  await until(1)
  expect(executed).toBe(1)
  expect(await store.runs.get('a')).toMatchObject({ status: 'done' })
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

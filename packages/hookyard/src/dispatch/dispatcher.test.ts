// Stored deliveries become decisions once each, whatever fails on the way.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { binding, config, module, pullRequest, user } from '../../../../test/builders.ts'
import { createAccess } from '../access/access.ts'
import { describeEvent } from '../entity/entity.ts'
import { silentLog } from '../lib/log.ts'
import { formatEvent } from '../send/format.ts'
import { newRun } from '../../testing/store-contract/builders.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import { StoreError, type DeliveryStore, type NewDelivery, type Plan, type Store } from '../store/store.ts'
import type { AskFacts } from './ask-facts.ts'
import type { Bindings } from './decide.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Facts } from './decision-context.ts'

const open: { store: Store; dispatcher?: Dispatcher }[] = []
afterEach(async () => {
  for (const { dispatcher, store } of open.splice(0)) {
    await dispatcher?.stop()
    await store.close()
  }
})

const stored = (guid: string, payload: unknown, event = 'pull_request'): NewDelivery => ({
  ...describeEvent(event, payload),
  guid,
  hookId: '1',
  event,
  body: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
  receivedAt: 0,
})

async function start(
  registry: Bindings,
  wrap: (store: DeliveryStore) => DeliveryStore = (store) => store,
  askFacts: AskFacts = () => null,
  batchSize = 128,
) {
  const store = await openSqliteStore({
    file: join(mkdtempSync(join(tmpdir(), 'hookyard-dispatch-')), 'hookyard.db'),
  })
  let runs = 0
  let settled: (() => void) | undefined
  const plans: Plan[] = []
  const dispatcher = new Dispatcher({
    store: wrap(store.deliveries),
    inForce: () => ({
      registry,
      access: createAccess(config({ users: [user('alice', { role: 'admin' })] })),
      format: formatEvent,
      newRunId: () => `run-${(runs += 1)}`,
      now: 1_000,
    }),
    askFacts,
    batchSize,
    clock: () => 1_000,
    log: silentLog,
    onCommitted: (committed) => {
      plans.push(...committed)
      settled?.()
    },
    retryMs: 1,
  })
  open.push({ store, dispatcher })
  const until = async (count: number) => {
    while (plans.length < count) await new Promise<void>((resolve) => (settled = resolve))
    return plans
  }
  return { store, dispatcher, until }
}

const review = module('pr-review', { featureFlag: 'pr_review' })
const reviewing: Bindings = {
  bindingsFor: (event) =>
    event === 'pull_request'
      ? [binding(review, 'pull_request', { cooldownMs: 60_000, onCooldown: 'trailing' })]
      : [],
  cancelledBy: () => [],
  commandsFor: () => [],
  replacing: () => [],
}
const nobody: Bindings = {
  bindingsFor: () => [],
  cancelledBy: () => [],
  commandsFor: () => [],
  replacing: () => [],
}

test('a delivery is decided once, and its decision, run and state are there together', async () => {
  const { store, dispatcher, until } = await start(reviewing)
  await store.deliveries.accept([stored('d-1', pullRequest('opened'))])
  dispatcher.start()
  await until(1)
  expect(await store.deliveries.get('d-1')).toMatchObject({
    status: 'dispatched',
    decisions: [{ user: 'alice', outcome: 'ran', runId: 'run-1' }],
  })
  expect(await store.runs.get('run-1')).toMatchObject({
    module: 'pr-review',
    recipients: ['alice'],
    delivery: 'd-1',
  })
  expect(await store.deliveries.pending(10)).toEqual([])
})

test('five events of one entity in one batch end in one run and one that waits, with the newest delivery', async () => {
  const { store, dispatcher, until } = await start(reviewing)
  await store.deliveries.accept([1, 2, 3, 4, 5].map((n) => stored(`d-${n}`, pullRequest('synchronize'))))
  dispatcher.start()
  await until(5)
  const outcomes = await Promise.all(
    [1, 2, 3, 4, 5].map(async (n) => (await store.deliveries.get(`d-${n}`))?.decisions[0]?.outcome),
  )
  expect(outcomes).toEqual(['ran', 'coalesced', 'coalesced', 'coalesced', 'coalesced'])
  expect(await store.runs.get('run-2')).toMatchObject({ delivery: 'd-5', runAt: 61_000, status: 'queued' })
  expect(await store.runs.list({ limit: 10 })).toHaveLength(2)
})

test('a delivery that comes in while the dispatcher sleeps is dispatched without a poll', async () => {
  const looked = Promise.withResolvers<void>()
  const { store, dispatcher, until } = await start(reviewing, (real) => ({
    ...real,
    pending: (limit) => real.pending(limit).finally(looked.resolve),
  }))
  // No poll ever comes.
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  dispatcher.start()
  await looked.promise
  const delivery = stored('d-1', pullRequest('opened'))
  await store.deliveries.accept([delivery])
  dispatcher.accepted('d-1', delivery.body)
  expect(await until(1)).toMatchObject([{ guid: 'd-1' }])
})

test('a payload that intake still holds is not read from the store', async () => {
  const { store, dispatcher, until } = await start(reviewing)
  const unreadable = (guid: string) => ({
    ...stored(guid, pullRequest('opened')),
    body: Buffer.from('no JSON any more'),
  })
  await store.deliveries.accept([unreadable('d-1'), unreadable('d-2')])
  dispatcher.accepted('d-1', Buffer.from(JSON.stringify(pullRequest('opened'))))
  dispatcher.start()
  await until(2)
  expect(await store.deliveries.get('d-1')).toMatchObject({
    status: 'dispatched',
    decisions: [{ outcome: 'ran' }],
  })
  expect(await store.deliveries.get('d-2')).toMatchObject({ status: 'failed' })
})

test('deliveries whose payloads are damaged hold up none behind them', async () => {
  const setAside = new Set<string>()
  const damage = (real: DeliveryStore): DeliveryStore => ({
    ...real,
    pending: async (limit) =>
      (await real.pending(100)).filter(({ guid }) => !setAside.has(guid)).slice(0, limit),
    async payloads(pending) {
      for (const { guid } of pending) if (guid.startsWith('damaged')) setAside.add(guid)
      return (await real.payloads(pending)).map((text, n) =>
        setAside.has(pending[n]?.guid ?? '') ? null : text,
      )
    },
  })
  const { store, dispatcher, until } = await start(nobody, damage, undefined, 2)
  const guids = ['damaged-1', 'damaged-2', 'good']
  await store.deliveries.accept(guids.map((guid) => stored(guid, pullRequest('opened'))))
  dispatcher.start()
  expect(await until(1)).toMatchObject([{ guid: 'good' }])
})

test('payloads that are too large to be read at once are dispatched in their order', async () => {
  const { store, dispatcher, until } = await start(reviewing)
  const filler = 'x'.repeat(9 * 1_048_576)
  const opened = { ...pullRequest('opened'), filler }
  await store.deliveries.accept([stored('one', opened), stored('two', opened), stored('three', opened)])
  dispatcher.start()
  expect((await until(3)).map(({ guid }) => guid)).toEqual(['one', 'two', 'three'])
  expect(await store.deliveries.get('one')).toMatchObject({ status: 'dispatched' })
})

test('a payload that is no JSON any more fails alone, with its reason', async () => {
  const { store, dispatcher, until } = await start(nobody)
  await store.deliveries.accept([stored('bad', '{"broken'), stored('good', pullRequest('opened'))])
  dispatcher.start()
  await until(2)
  expect(await store.deliveries.get('bad')).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('JSON'),
  })
  expect(await store.deliveries.get('good')).toMatchObject({ status: 'dispatched' })
})

test('a delivery that cannot be committed is kept as failed, and its neighbours are dispatched', async () => {
  const { store, dispatcher, until } = await start(nobody, (real) => ({
    ...real,
    commit: (plans) =>
      plans.some((plan) => plan.guid === 'poison' && plan.status === 'dispatched')
        ? Promise.reject(new Error('poisoned'))
        : real.commit(plans),
  }))
  await store.deliveries.accept([
    stored('first', pullRequest('opened')),
    stored('poison', pullRequest('opened')),
    stored('last', pullRequest('opened')),
  ])
  dispatcher.start()
  await until(3)
  expect(await store.deliveries.get('first')).toMatchObject({ status: 'dispatched' })
  expect(await store.deliveries.get('poison')).toMatchObject({ status: 'failed', error: 'poisoned' })
  expect(await store.deliveries.get('last')).toMatchObject({ status: 'dispatched' })
})

test.each(['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_CORRUPT', 'SQLITE_BUSY', 'died'])(
  'a delivery that the store cannot take now (%s) is never kept as failed, and holds up its own entity alone',
  async (code) => {
    // As on a disk that is nearly full: what is small still goes in, and the plan of `large` does not.
    let refusals = 0
    const { store, dispatcher, until } = await start(nobody, (real) => ({
      ...real,
      commit(plans) {
        const isRefused = plans.some((plan) => plan.guid === 'large' && plan.status === 'dispatched')
        if (!isRefused || refusals === 9) return real.commit(plans)
        refusals += 1
        return Promise.reject(new StoreError(code, 'no room'))
      },
    }))
    await store.deliveries.accept([
      stored('large', pullRequest('opened')),
      stored('behind', pullRequest('closed')),
      stored('elsewhere', pullRequest('opened', { number: 2 })),
    ])
    dispatcher.start()
    expect((await until(3)).map(({ guid, status }) => [guid, status])).toEqual([
      ['elsewhere', 'dispatched'],
      ['large', 'dispatched'],
      ['behind', 'dispatched'],
    ])
    expect(refusals).toBe(9)
  },
)

test('while the store is away nothing is lost, and nothing is kept as failed', async () => {
  let broken = 7
  const away = () => (broken-- > 0 ? Promise.reject(new Error('disk full')) : null)
  const { store, dispatcher, until } = await start(nobody, (real) => ({
    ...real,
    pending: (limit) => away() ?? real.pending(limit),
    commit: (plans) => away() ?? real.commit(plans),
  }))
  await store.deliveries.accept([stored('d-1', pullRequest('opened'))])
  dispatcher.start()
  await until(1)
  expect(await store.deliveries.get('d-1')).toMatchObject({ status: 'dispatched' })
})

test('a run that came while a delivery was decided is replaced as well', async () => {
  const replacing = module('m', { concurrency: 'cancel_running' })
  const bindingsFor = () => [binding(replacing, 'pull_request')]
  let interfere: (() => Promise<unknown>) | undefined
  const { store, dispatcher, until } = await start({ ...nobody, bindingsFor }, (deliveries) => ({
    ...deliveries,
    async commit(plans) {
      await interfere?.()
      interfere = undefined
      return deliveries.commit(plans)
    },
  }))
  const entity = 'octocat/hello-world#1'
  interfere = () => store.runs.create(newRun('invoked', { module: 'm', entity }))
  await store.deliveries.accept([stored('a', pullRequest('opened'))])
  dispatcher.start()
  const [plan] = await until(1)
  expect(plan?.cancelled).toEqual([{ runId: 'invoked', reason: 'replaced' }])
  expect(await store.runs.get('invoked')).toMatchObject({ status: 'cancelled', reason: 'replaced' })
  expect(await store.runs.list({ status: 'queued', limit: 9 })).toHaveLength(1)
})

test('a wake-up dispatches what came after the start', async () => {
  const { store, dispatcher, until } = await start(nobody)
  dispatcher.start()
  await store.deliveries.accept([stored('later', pullRequest('opened'))])
  dispatcher.wake()
  await until(1)
  expect(await store.deliveries.get('later')).toMatchObject({ status: 'dispatched' })
})

test('a delivery that waits for a fact is passed by the others, and decided when the fact is there', async () => {
  const answers = new Map<string, (facts: Facts) => void>()
  const { store, dispatcher, until } = await start(reviewing, undefined, ({ guid }) =>
    guid.startsWith('asks') ? new Promise((resolve) => answers.set(guid, resolve)) : null,
  )
  // More of them than a batch holds, and then one that waits for nothing.
  const about = (number: number) => pullRequest('opened', { number })
  const asking = Array.from({ length: 40 }, (_, n) => stored(`asks-${n}`, about(n + 1)))
  await store.deliveries.accept([...asking, stored('plain', about(41))])
  dispatcher.start()
  expect((await until(1)).map(({ guid }) => guid)).toEqual(['plain'])
  expect(answers.size).toBe(40)
  answers.get('asks-7')?.({ own: true, author: 'unknown' })
  expect((await until(2))[1]).toMatchObject({ guid: 'asks-7', runs: [] })
  expect((await store.deliveries.get('asks-7'))?.decisions).toMatchObject([
    { reason: 'own' },
    { reason: 'own' },
  ])
  for (const answer of answers.values()) answer({ own: false, author: 'unknown' })
  await until(41)
  expect(await store.deliveries.pending(100)).toEqual([])
})

test('a later delivery of the entity waits for the one that waits for a fact', async () => {
  let answer: (facts: Facts) => void = () => undefined
  const { store, dispatcher, until } = await start(reviewing, undefined, ({ guid }) =>
    guid === 'opened' ? new Promise((resolve) => (answer = resolve)) : null,
  )
  const elsewhere = stored('elsewhere', pullRequest('closed', { number: 2 }))
  await store.deliveries.accept([
    stored('opened', pullRequest('opened')),
    stored('closed', pullRequest('closed')),
    elsewhere,
  ])
  dispatcher.start()
  expect((await until(1)).map(({ guid }) => guid)).toEqual(['elsewhere'])
  answer({ own: false, author: 'unknown' })
  expect((await until(3)).map(({ guid }) => guid)).toEqual(['elsewhere', 'opened', 'closed'])
})

test('a fact that cannot be had now is asked for again, and the delivery is not lost', async () => {
  let asked = 0
  const { store, dispatcher, until } = await start(reviewing, undefined, () => {
    asked += 1
    return asked < 3
      ? Promise.reject(new Error('disk full'))
      : Promise.resolve({ own: false, author: 'unknown' })
  })
  await store.deliveries.accept([stored('d-1', pullRequest('opened'))])
  dispatcher.start()
  await until(1)
  expect(asked).toBe(3)
  expect(await store.deliveries.get('d-1')).toMatchObject({ status: 'dispatched' })
})

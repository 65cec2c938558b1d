// A replay decides with what is in force now, past windows, beside what was decided; two at once are two.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { binding, config, module, pullRequest, user } from '../../../../test/builders.ts'
import { createAccess } from '../access/access.ts'
import { describeEvent } from '../entity/entity.ts'
import type { Concurrency } from '../registry/manifest.ts'
import { indexModules } from '../registry/module-registry.ts'
import { formatEvent } from '../send/format.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import { type Plan, StalePlanError, type Store } from '../store/store.ts'
import { replayDelivery } from './replay.ts'

const open: Store[] = []
afterEach(async () => {
  for (const store of open.splice(0)) await store.close()
})

const ALICE = user('alice', { role: 'admin' })
const ENTITY = 'octocat/hello-world#1'

/** A store with one delivery of a pull request, dispatched while alice’s flag was off. */
async function start(dispatched = true, concurrency: Concurrency = 'queue') {
  const store = await openSqliteStore({
    file: join(mkdtempSync(join(tmpdir(), 'hookyard-replay-')), 'hookyard.db'),
  })
  open.push(store)
  const payload = pullRequest('opened')
  const body = Buffer.from(JSON.stringify(payload))
  const described = describeEvent('pull_request', payload)
  await store.deliveries.accept([
    { ...described, guid: 'g', hookId: '1', event: 'pull_request', body, receivedAt: 0 },
  ])
  const [delivery] = await store.deliveries.pending(1)
  const decisions = [
    { user: 'alice', module: 'm', outcome: 'skipped' as const, reason: 'feature_disabled', runId: null },
  ]
  const nothing = { runs: [], coalesced: [], cancelled: [], messages: [], at: 0 }
  if (dispatched) {
    const plan: Plan = {
      deliveryId: delivery!.id,
      guid: 'g',
      status: 'dispatched',
      error: null,
      decisions,
      ...nothing,
    }
    await store.deliveries.commit([plan])
  }
  const committed: Plan[] = []
  let runs = 0
  const of = module('m', { concurrency })
  const trigger = { ...binding(of, 'pull_request', { cooldownMs: 60_000 }).trigger }
  const registry = indexModules([{ ...of, manifest: { ...of.manifest, triggers: [trigger] } }])
  const asked: string[] = []
  const replay = (stores: Parameters<typeof replayDelivery>[1]['store'] = store) =>
    replayDelivery('g', {
      store: stores,
      inForce: () => ({
        registry,
        access: createAccess(config({ users: [ALICE] })),
        format: formatEvent,
        newRunId: () => `run-${(runs += 1)}`,
        now: 1_000,
      }),
      shorten: async (json) => json,
      askFacts: () => null,
      onCommitted(plans, cancel) {
        committed.push(...plans)
        asked.push(...cancel)
      },
    })
  return { store, replay, committed, asked }
}

test('decides anew, keeps what was decided, and opens a window', async () => {
  const { store, replay, committed } = await start()
  expect(await replay()).toEqual({
    status: 'replayed',
    replay: 1,
    decisions: [{ user: 'alice', module: 'm', outcome: 'ran', reason: null, runId: 'run-1', replay: 1 }],
  })
  expect(
    (await store.deliveries.get('g'))?.decisions.map(({ outcome, replay }) => [outcome, replay]),
  ).toEqual([
    ['skipped', undefined],
    ['ran', 1],
  ])
  expect(await store.runs.get('run-1')).toMatchObject({
    status: 'queued',
    delivery: 'g',
    recipients: ['alice'],
  })
  expect((await store.deliveries.entityStates([{ module: 'm', entity: ENTITY }]))[0]?.windowUntil).toBe(
    61_000,
  )
  expect(committed).toHaveLength(1)
})

test('the window that the last one opened does not hold the next one back', async () => {
  const { replay } = await start()
  await replay()
  expect(await replay()).toMatchObject({ replay: 2, decisions: [{ outcome: 'ran', runId: 'run-2' }] })
})

test('with cancel_running the newer one cancels the one before, also when both come at once', async () => {
  const { store, replay, asked } = await start(true, 'cancel_running')
  await replay()
  await store.runs.claim('me', 1, 1_000, 16_000)
  await replay()
  expect(asked).toEqual(['run-1'])
  await Promise.all([replay(), replay()])
  const runs = (await store.runs.list({ limit: 9 })).toReversed()
  const [running, ...later] = runs.map(({ status }) => status)
  expect([running, later.toSorted()]).toEqual(['running', ['cancelled', 'cancelled', 'queued']])
  const [state] = await store.deliveries.entityStates([{ module: 'm', entity: ENTITY }])
  expect(state).toMatchObject({ windowUntil: 61_000 })
})

test('two at once are the first and the second', async () => {
  const { replay, store } = await start()
  const both = await Promise.all([replay(), replay()])
  expect(both.map((result) => result.status === 'replayed' && result.replay).toSorted()).toEqual([1, 2])
  expect(await store.runs.list({ limit: 9 })).toHaveLength(2)
})

test('of what is unknown, or not dispatched yet, there is no replay', async () => {
  expect(await (await start(false)).replay()).toEqual({ status: 'not_dispatched' })
  const { store, replay } = await start()
  const overview = { delivery: async () => null }
  expect(await replay({ ...store, overview })).toEqual({ status: 'unknown' })
})

test('a store that is never of one mind is an error in the end', async () => {
  const { store, replay, committed } = await start()
  const deliveries = { ...store.deliveries, commit: () => Promise.reject(new StalePlanError('again')) }
  await expect(replay({ ...store, deliveries })).rejects.toThrow(StalePlanError)
  expect(committed).toEqual([])
})

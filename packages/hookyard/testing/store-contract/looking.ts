// What people see when they look back, replays and retries among it, and the switches of modules.
import { describe, expect, test } from 'vitest'
import type { Decision } from '../../src/store/store.ts'
import {
  claim,
  dispatch,
  finished,
  newDelivery,
  newMessage,
  newRun,
  receivedPlan,
  REVIEW,
  type UseStore,
} from './builders.ts'

const about = (user: string, more: Partial<Decision> = {}): Decision => ({
  user,
  module: null,
  outcome: 'notified',
  reason: null,
  runId: null,
  ...more,
})

/** The contract of `overview`, `switches`, `runs.retry`, and `deliveries.commit` with replays. */
export function lookingContract(use: UseStore): void {
  describe('pages of deliveries', () => {
    const guids = async (query: object) => {
      const page = await use().overview.deliveries({ limit: 10, ...query })
      return [page.deliveries.map(({ guid }) => guid), page.next] as const
    }

    test('come newest first, and what arrives meanwhile moves none', async () => {
      const store = use()
      for (const guid of ['a', 'b', 'c', 'd']) await store.deliveries.accept([newDelivery(guid)])
      const first = await guids({ limit: 2 })
      expect(first[0]).toEqual(['d', 'c'])
      await store.deliveries.accept([newDelivery('e')])
      expect(await guids({ limit: 2, before: first[1] })).toEqual([['b', 'a'], null])
    })

    test('hold those of an entity, and those that were decided about a user', async () => {
      const store = use()
      await dispatch(store, 'a', {
        decisions: [about('alice'), about('alice', { module: 'x' }), about('bob')],
      })
      await dispatch(store, 'b', { decisions: [about('bob')] })
      await store.deliveries.accept([newDelivery('c', { entity: 'o/r#1' })])
      expect(await guids({ entity: 'o/r#1' })).toEqual([['c'], null])
      expect(await guids({ user: 'alice' })).toEqual([['a'], null])
      expect(await guids({ user: 'bob' })).toEqual([['b', 'a'], null])
      expect(await guids({ user: 'alice', entity: REVIEW.entity })).toEqual([['a'], null])
      expect(await guids({ user: 'bob', entity: 'o/r#1' })).toEqual([[], null])
      const [page, next] = await guids({ user: 'bob', limit: 1 })
      expect([page, await guids({ user: 'bob', limit: 1, before: next })]).toEqual([['b'], [['a'], null]])
    })
  })

  describe('past deliveries', () => {
    test('come oldest first with payload and decisions, from a time and after an id', async () => {
      const store = use()
      for (const [guid, receivedAt] of [
        ['a', 1_000],
        ['b', 2_000],
        ['c', 3_000],
      ] as const) {
        await store.deliveries.accept([newDelivery(guid, { receivedAt })])
      }
      const past = await store.overview.past(2_000, 0, 10)
      expect(past.map(({ guid }) => guid)).toEqual(['b', 'c'])
      expect(past[0]).toMatchObject({ receivedAt: 2_000, replays: 0, decisions: [], hookId: '7' })
      expect(JSON.parse(past[0]?.payload ?? '')).toEqual({ guid: 'b', note: 'grüße' })
      expect((await store.overview.past(0, past[0]?.id ?? 0, 1)).map(({ guid }) => guid)).toEqual(['c'])
      expect(await store.overview.past(0, past[1]?.id ?? 0, 1)).toEqual([])
    })

    test('one is found by its GUID', async () => {
      const store = use()
      await dispatch(store, 'a', { decisions: [about('alice')] })
      const { guid, payload, status, decisions, replays } = (await store.overview.delivery('a'))!
      expect({ guid, payload, status, decisions, replays }).toEqual({
        guid: 'a',
        payload: JSON.stringify({ guid: 'a', note: 'grüße' }),
        status: 'dispatched',
        decisions: [about('alice')],
        replays: 0,
      })
      expect(await store.overview.delivery('unknown')).toBeNull()
    })
  })

  describe('a replay', () => {
    test('adds its decisions, runs and messages to those of the first time', async () => {
      const store = use()
      const plan = await receivedPlan(store, 'a', { decisions: [about('alice')] })
      await store.deliveries.commit([plan])
      const ran = about('alice', { module: 'pr-review', outcome: 'ran', runId: 'r1' })
      const replay = {
        ...plan,
        replay: 1,
        decisions: [ran],
        runs: [newRun('r1')],
        messages: [newMessage('again')],
      }
      await store.deliveries.commit([replay])
      expect((await store.deliveries.get('a'))?.decisions).toEqual([about('alice'), { ...ran, replay: 1 }])
      expect((await store.overview.delivery('a'))?.replays).toBe(1)
      expect((await store.runs.get('r1'))?.status).toBe('queued')
      expect(await store.outbox.due(1_000, 10)).toHaveLength(1)
    })

    test('of a delivery that waits, or that is not the next one, writes nothing', async () => {
      const store = use()
      const plan = await receivedPlan(store, 'a', { decisions: [about('alice')] })
      const replay = { ...plan, replay: 1, runs: [newRun('r1')] }
      await expect(store.deliveries.commit([replay])).rejects.toMatchObject({ code: 'stale_plan' })
      await store.deliveries.commit([plan])
      await store.deliveries.commit([{ ...plan, replay: 1 }])
      await expect(store.deliveries.commit([replay])).rejects.toMatchObject({ code: 'stale_plan' })
      expect(await store.runs.get('r1')).toBeNull()
      expect((await store.deliveries.get('a'))?.decisions).toHaveLength(2)
    })

    test('of a delivery that could not be dispatched makes it dispatched', async () => {
      const store = use()
      const plan = await receivedPlan(store, 'a', { status: 'failed', error: 'broken' })
      await store.deliveries.commit([plan])
      await store.deliveries.commit([{ ...plan, status: 'dispatched', error: null, replay: 1 }])
      expect(await store.deliveries.get('a')).toMatchObject({ status: 'dispatched', error: null })
    })
  })

  describe('trying a run again', () => {
    test('queues a failed one afresh, keeps its attempts, and opens its window anew', async () => {
      const store = use()
      await store.runs.create(newRun('r1', { cooldownMs: 5_000 }))
      await claim(store, 1_000)
      await store.runs.settle('me', finished('r1', { status: 'failed', reason: 'declared', error: 'no' }))
      expect((await store.deliveries.entityStates([REVIEW]))[0]?.windowUntil).toBeNull()
      expect(await store.runs.retry('r1', 9_000)).toBe(true)
      expect(await store.runs.get('r1')).toMatchObject({
        status: 'queued',
        reason: null,
        summary: null,
        error: null,
        failures: 0,
        runAt: 9_000,
        finishedAt: null,
        attempts: [{ attempt: 1, status: 'failed' }],
      })
      expect((await store.deliveries.entityStates([REVIEW]))[0]?.windowUntil).toBe(14_000)
      expect((await claim(store, 9_000))[0]).toMatchObject({ id: 'r1', attempt: 2 })
    })

    test('takes a cancelled one, and no other', async () => {
      const { runs } = use()
      await runs.create(newRun('r1'))
      expect([await runs.retry('r1', 2_000), await runs.retry('unknown', 2_000)]).toEqual([false, false])
      await runs.cancel('r1', 'by:alice', 2_000)
      expect(await runs.retry('r1', 3_000)).toBe(true)
      expect(await runs.retry('r1', 3_000)).toBe(false)
      expect(await runs.get('r1')).toMatchObject({ status: 'queued', runAt: 3_000 })
    })
  })

  describe('counts and switches', () => {
    test('how much there is of what', async () => {
      const store = use()
      const none = {
        received: 0,
        runs: { queued: 0, running: 0, paused: 0 },
        messages: { queued: 0, dead: 0 },
      }
      expect(await store.overview.counts()).toEqual(none)
      await store.deliveries.accept([newDelivery('a')])
      await store.runs.create(newRun('r1'))
      await claim(store, 1_000)
      await store.runs.create(newRun('r2', { entity: 'o/r#1' }))
      await store.outbox.add([newMessage('m1'), newMessage('m2'), newMessage('m3')])
      const [message] = await store.outbox.due(1_000, 10)
      await store.outbox.dead(message?.id ?? 0, 'refused', 2_000)
      expect(await store.overview.counts()).toEqual({
        received: 1,
        runs: { queued: 1, running: 1, paused: 0 },
        messages: { queued: 2, dead: 1 },
      })
    })

    test('a module’s switch is the last word, until it is taken back', async () => {
      const { switches } = use()
      expect(await switches.all()).toEqual([])
      const off = { module: 'b', enabled: false, by: 'alice', at: 1_000 }
      const on = { module: 'a', enabled: true, by: 'bob', at: 2_000 }
      await switches.set(off)
      await switches.set(on)
      expect(await switches.all()).toEqual([on, off])
      await switches.set({ ...off, enabled: true, by: 'bob' })
      await switches.remove('a')
      expect(await switches.all()).toEqual([{ ...off, enabled: true, by: 'bob' }])
    })
  })
}

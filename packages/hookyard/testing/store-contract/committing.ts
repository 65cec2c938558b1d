// What dispatch relies on: a batch of plans is written whole or not at all, once, and never on stale facts.
import { describe, expect, test } from 'vitest'
import { StalePlanError } from '../../src/store/store.ts'
import {
  claim,
  claimedIds,
  coalesced,
  dispatch,
  finished,
  newMessage,
  newRun,
  receivedPlan,
  REVIEW,
  type UseStore,
} from './builders.ts'

/** The contract of `deliveries.commit` and `entityStates`. */
export function committingContract(use: UseStore): void {
  describe('committing plans', () => {
    test('writes runs, decisions, messages and the status, and a second time nothing', async () => {
      const store = use()
      const decision = {
        user: 'alice',
        module: 'pr-review',
        outcome: 'ran' as const,
        reason: null,
        runId: 'r1',
      }
      const plan = await receivedPlan(store, 'a', {
        runs: [newRun('r1', { delivery: 'a', recipients: ['bob', 'alice'], input: { deep: true } })],
        decisions: [decision],
        messages: [newMessage('a:alice', { delivery: 'a' })],
      })
      await store.deliveries.commit([plan, plan])
      await store.deliveries.commit([{ ...plan, runs: [newRun('r2')] }])
      expect(await store.runs.list({ limit: 10 })).toMatchObject([
        { id: 'r1', recipients: ['alice', 'bob'], input: { deep: true }, status: 'queued', attempt: 0 },
      ])
      expect((await store.deliveries.get('a'))?.decisions).toEqual([decision])
      expect(await store.outbox.due(1_000, 10)).toHaveLength(1)
      expect(await store.deliveries.pending(10)).toEqual([])
    })

    test('a plan that breaks a rule of the database leaves nothing of its batch', async () => {
      const store = use()
      const good = await receivedPlan(store, 'good', {
        runs: [newRun('r1')],
        decisions: [{ user: 'alice', module: null, outcome: 'notified', reason: null, runId: null }],
        messages: [newMessage('good')],
      })
      const bad = await receivedPlan(store, 'bad', { runs: [newRun('r1')] })
      await expect(store.deliveries.commit([good, bad])).rejects.toThrow(/unique|duplicate/i)
      expect(await store.runs.list({ limit: 10 })).toEqual([])
      expect((await store.deliveries.get('good'))?.decisions).toEqual([])
      expect(await store.outbox.due(1_000, 10)).toEqual([])
      expect((await store.deliveries.pending(10)).map(({ guid }) => guid)).toEqual(['good', 'bad'])
      await store.deliveries.commit([good])
      expect(await store.runs.get('r1')).toMatchObject({ status: 'queued' })
    })

    test('takes more rows than one statement can bind', async () => {
      const store = use()
      const runs = Array.from({ length: 1_500 }, (_, n) => {
        return newRun(`r${String(n).padStart(5, '0')}`, {
          entity: `o/r#${n}`,
          recipients: ['alice', 'bob', 'carol'],
        })
      })
      await dispatch(store, 'a', { runs })
      expect(await store.runs.list({ recipient: 'carol', limit: 5_000 })).toHaveLength(1_500)
      const keys = runs.map(({ module, entity }) => ({ module, entity }))
      const states = await store.deliveries.entityStates(keys)
      expect(states.map(({ unfinished }) => unfinished)).toEqual(runs.map(({ id }) => [id]))
    })
  })

  describe('coalescing', () => {
    test('gives the waiting run the newest delivery, its times, and the union of recipients', async () => {
      const store = use()
      await dispatch(store, 'a', {
        runs: [newRun('w', { delivery: 'a', waiting: true, recipients: ['alice', 'bob'] })],
      })
      await dispatch(store, 'b', { coalesced: [coalesced('w', 'b', { recipients: ['bob', 'carol'] })] })
      expect(await store.runs.get('w')).toMatchObject({
        delivery: 'b',
        trigger: { action: 'synchronize', by: 'bob' },
        runAt: 6_000,
        cooldownMs: 9_000,
        recipients: ['alice', 'bob', 'carol'],
      })
      const [state] = await store.deliveries.entityStates([REVIEW])
      expect(state).toEqual({
        ...REVIEW,
        windowUntil: null,
        waiting: { id: 'w', firstAt: 1_000, dueAt: 2_000 },
        unfinished: [],
      })
      expect((await claim(store, 6_000))[0]).toMatchObject({
        id: 'w',
        payload: '{"guid":"b","note":"grüße"}',
      })
    })

    test('joins a run of an earlier plan in the same batch', async () => {
      const store = use()
      const first = await receivedPlan(store, 'a', { runs: [newRun('w', { waiting: true })] })
      const second = await receivedPlan(store, 'b', { coalesced: [coalesced('w', 'b')] })
      await store.deliveries.commit([first, second])
      expect(await store.runs.get('w')).toMatchObject({ delivery: 'b', recipients: ['alice', 'bob'] })
    })

    test('a run that was claimed meanwhile makes the plans stale, and nothing of them is written', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('w', { waiting: true })] })
      const other = await receivedPlan(store, 'b', { runs: [newRun('r2', { entity: 'o/r#1' })] })
      const plan = await receivedPlan(store, 'c', { coalesced: [coalesced('w', 'c')] })
      await claim(store, 1_000)
      const commit = store.deliveries.commit([other, plan])
      await expect(commit).rejects.toBeInstanceOf(StalePlanError)
      await expect(commit).rejects.toMatchObject({ name: 'StalePlanError', code: 'stale_plan' })
      expect(await store.runs.get('r2')).toBeNull()
      expect(await store.runs.get('w')).toMatchObject({ delivery: null, recipients: ['alice'] })
      expect((await store.deliveries.pending(10)).map(({ guid }) => guid)).toEqual(['b', 'c'])
    })

    test('a second waiting run of an entity is stale, whether the first is old or in the same batch', async () => {
      const store = use()
      const first = await receivedPlan(store, 'a', { runs: [newRun('w1', { waiting: true })] })
      const second = await receivedPlan(store, 'b', { runs: [newRun('w2', { waiting: true })] })
      await expect(store.deliveries.commit([first, second])).rejects.toBeInstanceOf(StalePlanError)
      await store.deliveries.commit([first])
      await expect(store.deliveries.commit([second])).rejects.toBeInstanceOf(StalePlanError)
      expect((await store.runs.list({ limit: 10 })).map(({ id }) => id)).toEqual(['w1'])
    })
  })

  describe('cancelling by a delivery', () => {
    const cancelled = (runId: string) => [{ runId, reason: 'closed' }]

    test('a queued run ends at once, and is to be journaled', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1')] })
      expect(await dispatch(store, 'b', { cancelled: cancelled('r1'), at: 3_000 })).toEqual([])
      expect(await store.runs.get('r1')).toMatchObject({
        status: 'cancelled',
        reason: 'closed',
        finishedAt: 3_000,
      })
      expect((await store.runs.unjournaled(10)).map(({ id }) => id)).toEqual(['r1'])
      expect(await claimedIds(store, 9_000)).toEqual([])
    })

    test('a running run is asked to stop: it is named, and its heartbeat says so', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1'), newRun('r2', { entity: 'o/r#1' })] })
      await claim(store, 1_000)
      expect(await store.runs.heartbeat('me', ['r1', 'r2'], 30_000)).toEqual([])
      expect(await dispatch(store, 'b', { cancelled: cancelled('r1') })).toEqual(['r1'])
      expect(await store.runs.get('r1')).toMatchObject({ status: 'running' })
      expect(await store.runs.heartbeat('me', ['r1', 'r2'], 30_000)).toEqual([{ id: 'r1', reason: 'closed' }])
    })

    test('a finished run stays as it ended', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1')] })
      await claim(store, 1_000)
      await store.runs.settle('me', finished('r1'))
      expect(await dispatch(store, 'b', { cancelled: cancelled('r1') })).toEqual([])
      expect(await store.runs.get('r1')).toMatchObject({ status: 'done', summary: 'fine' })
    })

    test('one plan can end the waiting run of an entity and begin another', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('w1', { waiting: true })] })
      await dispatch(store, 'b', { cancelled: cancelled('w1'), runs: [newRun('w2', { waiting: true })] })
      const [state] = await store.deliveries.entityStates([REVIEW])
      expect(state).toMatchObject({ waiting: { id: 'w2' }, unfinished: [] })
    })
  })

  describe('entity states', () => {
    test('come in the order of the keys, with what is queued, running or paused, and nothing that ended', async () => {
      const store = use()
      const elsewhere = { module: 'triage', entity: 'octocat/hello-world#7' }
      const runs = [
        newRun('r1', { cooldownMs: 5_000 }),
        newRun('r2'),
        newRun('r3', { ...elsewhere }),
        newRun('w', { waiting: true }),
      ]
      await dispatch(store, 'a', { runs })
      await claim(store, 1_000, 1)
      await store.runs.settle('me', finished('r1'))
      const nothing = { module: 'triage', entity: REVIEW.entity }
      expect(await store.deliveries.entityStates([nothing, elsewhere, REVIEW, elsewhere])).toEqual([
        { ...nothing, windowUntil: null, waiting: null, unfinished: [] },
        { ...elsewhere, windowUntil: null, waiting: null, unfinished: ['r3'] },
        {
          ...REVIEW,
          windowUntil: 6_000,
          waiting: { id: 'w', firstAt: 1_000, dueAt: 1_000 },
          unfinished: ['r2'],
        },
        { ...elsewhere, windowUntil: null, waiting: null, unfinished: ['r3'] },
      ])
      expect(await store.deliveries.entityStates([])).toEqual([])
    })
  })
}

// What asking relies on: a run pauses, resumes and ends together with its question, and one answer counts.
import { describe, expect, test } from 'vitest'
import {
  answered,
  claim,
  claimedIds,
  dispatch,
  finished,
  newMessage,
  newRun,
  paused,
  pausing,
  REVIEW,
  type UseStore,
} from './builders.ts'

/** The contract of questions: `settle` with `paused`, `answer`, `expireQuestions`, `cancel`. */
export function askingContract(use: UseStore): void {
  describe('a run that asks', () => {
    test('is paused with its question and message, counts its cost, and holds no place of its entity', async () => {
      const store = use()
      await store.runs.create(newRun('r1'))
      await store.runs.create(newRun('r2', { createdAt: 1_500 }))
      expect(await claimedIds(store, 1_000)).toEqual(['r1'])
      const messages = [newMessage('q', { runId: 'r1' })]
      expect(await store.runs.settle('me', pausing('r1', {}, { messages }))).toBe(true)
      const run = await store.runs.get('r1')
      expect(run).toMatchObject({
        status: 'paused',
        costUsd: 0.25,
        finishedAt: null,
        details: { looked: true },
      })
      expect(run?.attempts).toMatchObject([{ attempt: 1, status: 'paused', finishedAt: 2_000 }])
      expect(run?.questions).toEqual([
        {
          ordinal: 1,
          text: 'Merge it?',
          options: [
            { value: 'yes', label: 'Yes' },
            { value: 'no', label: 'No' },
          ],
          fallback: null,
          askedAt: 2_000,
          expiresAt: null,
          status: 'open',
          answer: null,
          answeredBy: null,
          answeredVia: null,
          closedAt: null,
        },
      ])
      expect(await store.outbox.due(2_000, 10)).toHaveLength(1)
      expect(await claimedIds(store, 2_000)).toEqual(['r2'])
      expect(await store.deliveries.entityStates([REVIEW])).toMatchObject([{ unfinished: ['r1', 'r2'] }])
      expect(await store.runs.reclaim(99_000, true)).toEqual(['r2'])
    })

    test('goes on with the answer, its state, and what caused it at first', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1', { delivery: 'a', cooldownMs: 5_000 })] })
      await claim(store, 1_000)
      await store.runs.settle('me', pausing('r1'))
      expect(await store.runs.answer(answered('r1'))).toBe(true)
      expect(await store.deliveries.entityStates([REVIEW])).toMatchObject([{ windowUntil: 8_000 }])
      const [run] = await claim(store, 3_000)
      expect(run).toMatchObject({
        id: 'r1',
        attempt: 2,
        failures: 0,
        state: { seen: 3 },
        payload: '{"guid":"a","note":"grüße"}',
      })
      expect(run?.trigger).toEqual({
        type: 'resume',
        event: 'pull_request',
        action: 'opened',
        by: 'alice',
        at: '1970-01-01T00:00:03.000Z',
        data: {
          answer: 'yes',
          by: 'alice',
          question: 'Merge it?',
          state: { seen: 3 },
          original: newRun('x').trigger,
        },
      })
      expect(run?.questions).toMatchObject([
        { status: 'answered', answer: 'yes', answeredBy: 'alice', answeredVia: 'api', closedAt: 3_000 },
      ])
      await store.runs.settle('me', finished('r1', { attempt: 2, at: 4_000 }))
      expect(await store.runs.get('r1')).toMatchObject({ status: 'done', costUsd: 0.5 })
    })

    test('asks again: the first cause stays the first cause, and each question keeps its answer', async () => {
      const store = use()
      const trigger = { ...newRun('x').trigger, type: 'invoke', by: 'carol' } as const
      await paused(store, 'r1', {}, { trigger })
      await store.runs.answer(answered('r1'))
      await claim(store, 3_000)
      await store.runs.settle('me', pausing('r1', { text: 'Sure?', state: null }, { attempt: 2, at: 4_000 }))
      expect(await store.runs.answer(answered('r1', { at: 5_000 }))).toBe(false)
      expect(await store.runs.answer(answered('r1', { ordinal: 2, answer: 'no', at: 5_000 }))).toBe(true)
      const [run] = await claim(store, 5_000)
      expect(run?.trigger).toMatchObject({
        type: 'resume',
        data: { question: 'Sure?', original: trigger },
      })
      expect(run?.state).toBeNull()
      expect(run?.questions.map(({ answer }) => answer)).toEqual(['yes', 'no'])
    })

    test('with no state of its own, the resumed run gets what the module kept for the entity', async () => {
      const store = use()
      await store.runs.create(newRun('before'))
      await claim(store, 1_000)
      await store.runs.settle('me', finished('before', { state: { kept: true } }))
      await paused(store, 'r1', { state: null })
      await store.runs.answer(answered('r1'))
      expect((await claim(store, 3_000))[0]?.state).toEqual({ kept: true })
    })

    test('of many answers at once one counts', async () => {
      const store = use()
      await paused(store, 'r1')
      const given = ['yes', 'no', 'yes', 'no'].map((answer, n) => answered('r1', { answer, by: `user${n}` }))
      const taken = await Promise.all(given.map((answer) => store.runs.answer(answer)))
      expect(taken.filter(Boolean)).toHaveLength(1)
      const counted = given[taken.indexOf(true)]
      expect((await store.runs.get('r1'))?.questions).toMatchObject([
        { answer: counted?.answer, answeredBy: counted?.by },
      ])
      expect(await store.runs.list({ limit: 10 })).toHaveLength(1)
    })

    test('an answer to a run that asks nothing, or to none, changes nothing', async () => {
      const store = use()
      await store.runs.create(newRun('r1'))
      expect(await store.runs.answer(answered('r1'))).toBe(false)
      expect(await store.runs.answer(answered('nobody'))).toBe(false)
      expect(await store.runs.get('r1')).toMatchObject({ status: 'queued', trigger: { type: 'webhook' } })
    })
  })

  describe('a question whose time is up', () => {
    test('takes no answer any more; its default resumes the run', async () => {
      const store = use()
      await paused(store, 'r1', { expiresAt: 5_000, fallback: 'no' })
      expect(await store.runs.nextDue()).toBe(5_000)
      expect(await store.runs.expireQuestions(4_999)).toEqual({ resumed: [], ended: [] })
      expect(await store.runs.answer(answered('r1', { at: 5_000 }))).toBe(false)
      expect(await store.runs.expireQuestions(5_000)).toEqual({ resumed: ['r1'], ended: [] })
      expect(await store.runs.expireQuestions(5_000)).toEqual({ resumed: [], ended: [] })
      expect(await store.runs.answer(answered('r1', { at: 5_001 }))).toBe(false)
      const [run] = await claim(store, 5_000)
      expect(run?.trigger).toMatchObject({ type: 'resume', by: null, data: { answer: 'no', by: null } })
      expect(run?.questions).toMatchObject([{ status: 'expired', answer: 'no', answeredBy: null }])
    })

    test('without a default ends the run as skipped, with what it had recorded', async () => {
      const store = use()
      await paused(store, 'r1', { expiresAt: 5_000 })
      expect(await store.runs.expireQuestions(6_000)).toEqual({ resumed: [], ended: ['r1'] })
      expect(await store.runs.get('r1')).toMatchObject({
        status: 'skipped',
        reason: 'expired',
        finishedAt: 6_000,
        details: { looked: true },
        questions: [{ status: 'expired', answer: null }],
      })
      expect((await store.runs.unjournaled(10)).map(({ id }) => id)).toEqual(['r1'])
      expect(await store.runs.nextDue()).toBeNull()
    })

    test('nextDue tells of whatever comes first', async () => {
      const store = use()
      await paused(store, 'r1', { expiresAt: 5_000 })
      await store.runs.create(newRun('r2', { runAt: 8_000, entity: 'o/r#1' }))
      expect(await store.runs.nextDue()).toBe(5_000)
      await store.runs.create(newRun('r3', { runAt: 4_000, entity: 'o/r#2' }))
      expect(await store.runs.nextDue()).toBe(4_000)
    })
  })

  describe('cancelling', () => {
    test('a paused run ends, and its question is withdrawn', async () => {
      const store = use()
      await paused(store, 'r1', { expiresAt: 5_000, fallback: 'yes' }, { cooldownMs: 9_000 })
      expect(await store.runs.cancel('r1', 'by alice', 3_000)).toBe('ended')
      expect(await store.runs.get('r1')).toMatchObject({
        status: 'cancelled',
        reason: 'by alice',
        questions: [{ status: 'withdrawn' }],
      })
      expect(await store.runs.answer(answered('r1', { at: 3_001 }))).toBe(false)
      expect(await store.runs.expireQuestions(9_000)).toEqual({ resumed: [], ended: [] })
      expect(await store.deliveries.entityStates([REVIEW])).toMatchObject([
        { windowUntil: null, unfinished: [] },
      ])
      expect(await store.runs.cancel('r1', 'again', 4_000)).toBe('finished')
    })

    test('by a delivery too', async () => {
      const store = use()
      await paused(store, 'r1')
      await dispatch(store, 'closed', { cancelled: [{ runId: 'r1', reason: 'cancel_on:closed' }] })
      expect(await store.runs.get('r1')).toMatchObject({
        status: 'cancelled',
        questions: [{ status: 'withdrawn' }],
      })
    })

    test('a running run is asked to stop: when it asks a question instead, nobody hears of it', async () => {
      const store = use()
      await store.runs.create(newRun('r1'))
      await claim(store, 1_000)
      expect(await store.runs.cancel('r1', 'by alice', 1_500)).toBe('asked')
      await store.runs.settle('me', pausing('r1', {}, { messages: [newMessage('q')] }))
      expect(await store.runs.get('r1')).toMatchObject({
        status: 'cancelled',
        reason: 'by alice',
        questions: [],
      })
      expect(await store.outbox.due(9_000, 10)).toEqual([])
    })

    test('a queued run ends, and what waits behind its window starts earlier', async () => {
      const store = use()
      await store.runs.create(newRun('r1', { cooldownMs: 9_000 }))
      await store.runs.create(newRun('w', { waiting: true, runAt: 10_000, dueAt: 2_000 }))
      expect(await store.runs.cancel('r1', 'by alice', 1_500)).toBe('ended')
      expect(await store.runs.get('w')).toMatchObject({ runAt: 2_000 })
      expect(await store.runs.cancel('nobody', 'x', 1)).toBe('finished')
    })
  })
}

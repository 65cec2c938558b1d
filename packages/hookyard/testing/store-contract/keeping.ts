// What retention relies on: what is old and needed by nothing goes with all that is its own, and nothing else does.
import { describe, expect, test } from 'vitest'
import {
  claimedIds,
  dispatch,
  finished,
  newDelivery,
  newMessage,
  newRun,
  REVIEW,
  type UseStore,
} from './builders.ts'

/** The contract of `retention`. */
export function keepingContract(use: UseStore): void {
  describe('keeping for a time', () => {
    test('a dispatched delivery goes with its payload and decisions once it is old', async () => {
      const store = use()
      const decisions = [
        { user: 'alice', module: null, outcome: 'notified' as const, reason: null, runId: null },
      ]
      await dispatch(store, 'old', { decisions })
      await store.deliveries.accept([newDelivery('young', { receivedAt: 9_000 })])
      expect(await store.retention.deliveries(1_000, 0, 10)).toEqual({ gone: 0, next: null })
      expect(await store.retention.deliveries(9_000, 0, 10)).toEqual({ gone: 1, next: null })
      expect(await store.deliveries.get('old')).toBeNull()
      expect(await store.deliveries.payload('old')).toBeNull()
      expect(await store.deliveries.get('young')).not.toBeNull()
      expect(await store.deliveries.accept([newDelivery('old')])).toEqual([{ status: 'accepted' }])
    })

    test('a delivery stays while it waits to be dispatched, and while a run about it has not ended', async () => {
      const store = use()
      await dispatch(store, 'wanted', { runs: [newRun('r1', { delivery: 'wanted' })] })
      await store.deliveries.accept([newDelivery('received')])
      expect(await store.retention.deliveries(9_000, 0, 10)).toEqual({ gone: 0, next: null })
      expect(await claimedIds(store, 1_000)).toEqual(['r1'])
      expect(await store.retention.deliveries(9_000, 0, 10)).toEqual({ gone: 0, next: null })
      await store.runs.settle('me', finished('r1'))
      expect(await store.retention.deliveries(9_000, 0, 10)).toEqual({ gone: 1, next: null })
      expect(await store.deliveries.get('wanted')).toBeNull()
      expect(await store.runs.get('r1')).toMatchObject({ status: 'done', delivery: 'wanted' })
    })

    test('a run goes once it ended long ago and its journal file is written; what it left for the entity stays', async () => {
      const store = use()
      const idempotency = { scope: 'token', key: 'k', fingerprint: 'f' }
      await store.runs.create(newRun('r1'), { idempotency })
      await claimedIds(store, 1_000)
      await store.effects.onceBegin('r1', 'key')
      await store.runs.settle('me', finished('r1', { state: { seen: 1 } }))
      await store.runs.create(newRun('r2'))
      const gone = (before: number) => store.retention.runs(before, '', 10, 0)
      expect(await gone(9_000)).toEqual({ gone: 0, unwritten: 0, next: null })
      await store.runs.journaled(['r1'])
      expect(await gone(2_000)).toEqual({ gone: 0, unwritten: 0, next: null })
      expect(await gone(2_001)).toEqual({ gone: 1, unwritten: 0, next: null })
      expect(await store.runs.get('r1')).toBeNull()
      const [next] = await store.runs.claim('me', 1, 1_000, 9_000)
      expect(next).toMatchObject({ id: 'r2', state: { seen: 1 } })
      expect(await store.runs.create(newRun('r3'), { idempotency })).toMatchObject({ status: 'created' })
    })

    test('a run whose journal file cannot be written goes by a time of its own, and holds up no other', async () => {
      const store = use()
      for (const id of ['r1', 'r2']) {
        await store.runs.create(newRun(id))
        await claimedIds(store, 1_000)
        await store.runs.settle('me', finished(id))
      }
      await store.runs.journaled(['r2'])
      expect(await store.retention.runs(9_000, '', 10, 2_000)).toEqual({ gone: 1, unwritten: 0, next: null })
      expect((await store.runs.unjournaled(10)).map(({ id }) => id)).toEqual(['r1'])
      expect(await store.retention.runs(9_000, '', 10, 2_001)).toEqual({ gone: 1, unwritten: 1, next: null })
    })

    test('rows stamped by a clock that ran ahead hold up none of those behind them', async () => {
      const store = use()
      const AHEAD = 90_000
      await store.deliveries.accept([newDelivery('ahead', { receivedAt: AHEAD })])
      for (const guid of ['ahead', 'b']) await dispatch(store, guid)
      expect(await store.retention.deliveries(9_000, 0, 10)).toEqual({ gone: 1, next: null })
      expect(await store.deliveries.get('b')).toBeNull()

      await store.runs.create(newRun('r1', { createdAt: AHEAD }))
      await store.runs.create(newRun('r2', { entity: 'o/r#2' }))
      expect(await claimedIds(store, 1_000)).toEqual(['r1', 'r2'])
      await store.runs.settle('me', finished('r1', { at: AHEAD }))
      await store.runs.settle('me', finished('r2'))
      await store.runs.journaled(['r1', 'r2'])
      expect(await store.retention.runs(9_000, '', 10, 0)).toMatchObject({ gone: 1 })
      expect(await store.runs.get('r2')).toBeNull()

      await store.outbox.add([
        newMessage('ahead', { address: 'a', createdAt: AHEAD }),
        newMessage('c', { address: 'c' }),
      ])
      for (const { id } of await store.outbox.due(AHEAD, 10)) await store.outbox.sent(id, AHEAD)
      expect(await store.retention.messages(9_000, 0, 10)).toEqual({ gone: 1, next: null })
    })

    test('runs without a journal file are listed behind a run, and without those of some modules', async () => {
      const store = use()
      for (const [id, module] of [
        ['r1', 'a'],
        ['r2', 'b'],
        ['r3', 'a'],
      ] as const) {
        await store.runs.create(newRun(id, { module }))
        await claimedIds(store, 1_000)
        await store.runs.settle('me', finished(id))
      }
      const ids = async (after?: string, except?: string[]) =>
        (await store.runs.unjournaled(10, after, except)).map(({ id }) => id)
      expect(await ids('r1')).toEqual(['r2', 'r3'])
      expect(await ids('', ['a'])).toEqual(['r2'])
      expect(await ids('r1', ['b'])).toEqual(['r3'])
    })

    test('messages go once they were sent or refused, those that wait never', async () => {
      const store = use()
      await store.outbox.add(['sent', 'dead', 'queued'].map((key) => newMessage(key, { address: key })))
      const [sent, dead] = await store.outbox.due(1_000, 10)
      await store.outbox.sent(sent?.id ?? 0, 1_500)
      await store.outbox.dead(dead?.id ?? 0, 'refused', 1_500)
      expect(await store.retention.messages(1_000, 0, 10)).toEqual({ gone: 0, next: null })
      expect(await store.retention.messages(1_001, 0, 10)).toEqual({ gone: 2, next: null })
      expect(await store.outbox.due(1_000, 10)).toMatchObject([{ address: 'queued' }])
    })

    test('a long past is walked in pieces, past what has to stay', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1', { ...REVIEW, delivery: 'a' })] })
      for (const guid of ['b', 'c', 'd']) await dispatch(store, guid)
      const first = await store.retention.deliveries(9_000, 0, 2)
      expect(first).toMatchObject({ gone: 1 })
      const second = await store.retention.deliveries(9_000, first.next ?? NaN, 2)
      expect(second).toMatchObject({ gone: 2 })
      expect(await store.retention.deliveries(9_000, second.next ?? NaN, 2)).toEqual({ gone: 0, next: null })
      expect(await store.deliveries.get('a')).not.toBeNull()
    })
  })
}

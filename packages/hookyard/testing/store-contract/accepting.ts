// What intake relies on: a delivery is kept once, whole batches are kept or not, Redeliver retries.
import { describe, expect, test } from 'vitest'
import { again, claim, dispatch, finished, newDelivery, newRun, REVIEW, type UseStore } from './builders.ts'

/** The contract of `deliveries.accept`, `pending`, `payloads`, `get`, `payload` and `ofEntity`. */
export function acceptingContract(use: UseStore): void {
  describe('accepting deliveries', () => {
    test('a new GUID is accepted and a held one is a duplicate, also within one batch', async () => {
      const { deliveries } = use()
      const batch = [newDelivery('a'), newDelivery('b'), newDelivery('a', { event: 'push' })]
      expect((await deliveries.accept(batch)).map(({ status }) => status)).toEqual([
        'accepted',
        'accepted',
        'duplicate',
      ])
      expect(await deliveries.accept([newDelivery('b', { event: 'push' })])).toEqual([
        { status: 'duplicate' },
      ])
      expect((await deliveries.pending(10)).map(({ guid, event }) => [guid, event])).toEqual([
        ['a', 'pull_request'],
        ['b', 'pull_request'],
      ])
    })

    test('an empty batch has no answers', async () => {
      expect(await use().deliveries.accept([])).toEqual([])
    })

    test('a batch with a row that the database refuses leaves nothing behind', async () => {
      const { deliveries } = use()
      const broken = newDelivery('b', { event: null as never })
      await expect(deliveries.accept([newDelivery('a'), broken])).rejects.toThrow(/event/i)
      expect(await deliveries.get('a')).toBeNull()
      expect(await deliveries.accept([newDelivery('a')])).toEqual([{ status: 'accepted' }])
    })

    test('the payload comes back byte for byte, however large, and the oldest delivery first', async () => {
      const { deliveries } = use()
      const large = JSON.stringify({ text: 'naïve 🦊 '.repeat(100_000) })
      // A view into a larger buffer, as a server's chunks are.
      const slab = Buffer.concat([Buffer.from('noise'), Buffer.from(large), Buffer.from('noise')])
      await deliveries.accept([newDelivery('large', { body: slab.subarray(5, slab.length - 5) })])
      await deliveries.accept([newDelivery('empty', { body: new Uint8Array() }), newDelivery('small')])
      const pending = await deliveries.pending(2)
      expect(pending.map(({ guid }) => guid)).toEqual(['large', 'empty'])
      expect(await deliveries.payloads(pending)).toEqual([large, ''])
      expect(await deliveries.payload('large')).toBe(large)
      expect(await deliveries.payload('small')).toBe('{"guid":"small","note":"grüße"}')
      expect(await deliveries.payload('unknown')).toBeNull()
    })

    test('so many payloads are read at once, and one at the least', async () => {
      const { deliveries } = use()
      const fiveMiB = (letter: string) => letter.repeat(5 * 1_048_576)
      const noise = Array.from({ length: 9 * 1_048_576 }, (_, at) => (at * 7_919) % 251)
      const bodies = [Buffer.from(noise), ...['a', 'b', 'c'].map((letter) => Buffer.from(fiveMiB(letter)))]
      await deliveries.accept(bodies.map((body, at) => newDelivery(`d-${at}`, { body })))
      const pending = await deliveries.pending(4)
      expect(await deliveries.payloads(pending)).toHaveLength(1)
      expect(await deliveries.payloads(pending.slice(1))).toEqual([fiveMiB('a'), fiveMiB('b')])
      expect(await deliveries.payloads(pending.slice(3))).toEqual([fiveMiB('c')])
    })

    test('a delivery is shown with its decisions, and an entity with its deliveries, newest first', async () => {
      const store = use()
      const decisions = [
        { user: 'alice', module: 'pr-review', outcome: 'ran' as const, reason: null, runId: 'r1' },
        { user: 'bob', module: null, outcome: 'notified' as const, reason: null, runId: null },
      ]
      await dispatch(store, 'a', { decisions })
      await dispatch(store, 'b', { status: 'failed', error: 'no such event' })
      await store.deliveries.accept([newDelivery('elsewhere', { entity: 'octocat/other', action: null })])
      const { body: _body, ...received } = newDelivery('a')
      expect(await store.deliveries.get('a')).toEqual({
        ...received,
        status: 'dispatched',
        error: null,
        decisions,
      })
      expect(await store.deliveries.get('unknown')).toBeNull()
      const shown = await store.deliveries.ofEntity(REVIEW.entity, 10)
      expect(shown.map(({ guid, status, error }) => [guid, status, error])).toEqual([
        ['b', 'failed', 'no such event'],
        ['a', 'dispatched', null],
      ])
      expect(shown[1]?.decisions).toEqual(decisions)
      expect(await store.deliveries.ofEntity(REVIEW.entity, 1)).toHaveLength(1)
    })
  })

  describe('redelivery', () => {
    /** A delivery whose two runs ended, one failed and one done. */
    async function failedDelivery(guid: string, hookId: string | null): Promise<void> {
      const store = use()
      const runs = ['done', 'failed'].map((status) =>
        newRun(`${guid}-${status}`, { delivery: guid, module: status, cooldownMs: 5_000 }),
      )
      await store.deliveries.accept([newDelivery(guid, { hookId })])
      await dispatch(store, guid, { runs })
      await claim(store, 1_000)
      await store.runs.settle('me', finished(`${guid}-done`))
      await store.runs.settle('me', again(`${guid}-failed`))
      await claim(store, 12_000)
      const failure = { attempt: 2, status: 'failed', reason: 'exhausted', error: 'boom' } as const
      await store.runs.settle('me', finished(`${guid}-failed`, failure))
    }

    test('the same hook sends a delivery again: its failed runs are queued afresh, once', async () => {
      const store = use()
      await failedDelivery('a', '7')
      await store.runs.journaled(['a-done'])
      const twice = [newDelivery('a', { receivedAt: 50_000 }), newDelivery('a', { receivedAt: 50_001 })]
      expect(await store.deliveries.accept(twice)).toEqual([
        { status: 'retried', runs: ['a-failed'] },
        { status: 'duplicate' },
      ])
      expect(await store.runs.get('a-failed')).toMatchObject({
        status: 'queued',
        runAt: 50_000,
        failures: 0,
        attempt: 2,
        reason: null,
        error: null,
        startedAt: null,
        finishedAt: null,
      })
      expect(await store.runs.get('a-done')).toMatchObject({ status: 'done' })
      expect(await store.deliveries.pending(10)).toEqual([])
      // Not finished any more: its journal file waits for the new end.
      expect(await store.runs.unjournaled(10)).toEqual([])
      expect((await claim(store, 50_000)).map(({ id, attempt }) => [id, attempt])).toEqual([['a-failed', 3]])
      await store.runs.settle('me', finished('a-failed', { attempt: 3 }))
      expect((await store.runs.unjournaled(10)).map(({ id }) => id)).toEqual(['a-failed'])
    })

    test('a retried run opens its cooldown window', async () => {
      const store = use()
      await failedDelivery('a', '7')
      await store.deliveries.accept([newDelivery('a', { receivedAt: 50_000 })])
      const [state] = await store.deliveries.entityStates([{ module: 'failed', entity: REVIEW.entity }])
      expect(state?.windowUntil).toBe(55_000)
    })

    test.each([
      ['another hook', '7', '8'],
      ['no hook id now', '7', null],
      ['no hook id then', null, '7'],
      ['no hook id at all', null, null],
    ])('it is a duplicate with %s', async (_case, then, now) => {
      const store = use()
      await failedDelivery('a', then)
      expect(await store.deliveries.accept([newDelivery('a', { hookId: now })])).toEqual([
        { status: 'duplicate' },
      ])
      expect(await store.runs.get('a-failed')).toMatchObject({ status: 'failed' })
    })
  })
}

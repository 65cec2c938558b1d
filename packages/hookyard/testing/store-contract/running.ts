// What the runner relies on: a run is claimed once, in order, as concurrency allows, and settled by its owner.
import { describe, expect, test } from 'vitest'
import {
  again,
  claim,
  claimedIds,
  dispatch,
  finished,
  newMessage,
  newRun,
  REVIEW,
  type UseStore,
} from './builders.ts'

/** The contract of `runs.claim`, `settle`, `heartbeat`, `reclaim` and `nextDue`. */
export function runningContract(use: UseStore): void {
  describe('claiming', () => {
    test('takes what is due, the longest due first, and leases it with its payload', async () => {
      const store = use()
      const runs = [
        newRun('r1', { entity: 'o/r#1', runAt: 3_000 }),
        newRun('r2', { entity: 'o/r#2', runAt: 2_000, delivery: 'a' }),
        newRun('r3', { entity: 'o/r#3', runAt: 2_000 }),
        newRun('later', { entity: 'o/r#4', runAt: 3_001 }),
      ]
      await dispatch(store, 'a', { runs })
      expect(await claimedIds(store, 3_000, 2)).toEqual(['r2', 'r3'])
      expect(await claimedIds(store, 3_000, 2)).toEqual(['r1'])
      expect(await store.runs.get('r2')).toMatchObject({
        status: 'running',
        attempt: 1,
        startedAt: 3_000,
        attempts: [{ attempt: 1, startedAt: 3_000, finishedAt: null, status: 'running', error: null }],
      })
    })

    test('gives the payload of the delivery, or null, and what the module kept for the entity', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1', { delivery: 'a' })] })
      expect((await claim(store, 1_000))[0]).toMatchObject({
        payload: '{"guid":"a","note":"grüße"}',
        state: null,
      })
      await store.runs.settle('me', finished('r1', { state: { seen: 3 } }))
      await store.runs.create(newRun('r2'))
      await store.runs.create(newRun('r3', { entity: 'o/r#9' }))
      const [second, third] = await claim(store, 2_000)
      expect([second?.payload, second?.state, third?.state]).toEqual([null, { seen: 3 }, null])
    })

    test('what a tainted run stored taints whoever gets it, and stays tainted whatever becomes of the run', async () => {
      const store = use()
      const { runs } = store
      await dispatch(store, 'a', { runs: [newRun('r1'), newRun('other', { entity: 'o/r#9' })] })
      expect((await claim(store, 1_000)).map(({ tainted }) => tainted)).toEqual([false, false])
      await runs.taint('r1')
      await runs.settle('me', again('r1', { runAt: 2_000 }))
      expect(await claim(store, 2_000)).toMatchObject([{ id: 'r1', tainted: true }])
      await runs.settle('me', finished('r1', { attempt: 2, status: 'failed', state: { title: 'x' } }))
      expect(await runs.retry('r1', 3_000)).toBe(true)
      expect(await claim(store, 3_000)).toMatchObject([{ id: 'r1', tainted: true }])
      await runs.settle('me', finished('r1', { attempt: 3 }))
      await runs.create(newRun('r2'))
      await runs.create(newRun('r3', { entity: 'o/r#10', tainted: true }))
      expect(await claim(store, 4_000)).toMatchObject([
        { id: 'r2', state: { title: 'x' }, tainted: true },
        { id: 'r3', state: null, tainted: true },
      ])
      expect(await runs.get('r2')).toMatchObject({ tainted: true })
      expect(await runs.get('other')).toMatchObject({ tainted: false })
    })

    test('two claimers never get the same run', async () => {
      const store = use()
      const runs = Array.from({ length: 20 }, (_, n) => newRun(`r${n + 10}`, { entity: `o/r#${n}` }))
      await dispatch(store, 'a', { runs })
      const claims = ['one', 'two', 'one', 'two'].map((owner) => store.runs.claim(owner, 6, 1_000, 9_000))
      const ids = (await Promise.all(claims)).flat().map((run) => run.id)
      expect(ids.toSorted()).toEqual(runs.map((run) => run.id))
    })

    test.each(['queue', 'cancel_running'] as const)(
      '%s: one run of an entity at a time',
      async (concurrency) => {
        const store = use()
        const runs = ['r1', 'r2', 'r3'].map((id) => newRun(id, { concurrency }))
        await dispatch(store, 'a', { runs: [...runs, newRun('other', { concurrency, module: 'triage' })] })
        expect(await claimedIds(store, 1_000)).toEqual(['r1', 'other'].toSorted())
        expect(await claimedIds(store, 1_000)).toEqual([])
        await store.runs.settle('me', finished('r1'))
        expect(await claimedIds(store, 1_000)).toEqual(['r2'])
      },
    )

    test('runs that are held back do not hold back others behind them, whatever the limit', async () => {
      const store = use()
      const held = ['r1', 'r2', 'r3', 'r4'].map((id) => newRun(id))
      await dispatch(store, 'a', {
        runs: [...held, newRun('r5', { entity: 'o/r#1' }), newRun('r6', { entity: 'o/r#2' })],
      })
      expect(await claimedIds(store, 1_000, 2)).toEqual(['r1', 'r5'])
      expect(await claimedIds(store, 1_000, 2)).toEqual(['r6'])
    })

    test('parallel: all runs of an entity at once', async () => {
      const store = use()
      const runs = ['r1', 'r2', 'r3'].map((id) => newRun(id, { concurrency: 'parallel' }))
      await dispatch(store, 'a', { runs })
      expect(await claimedIds(store, 1_000)).toEqual(['r1', 'r2', 'r3'])
    })

    test('gives a module no more than its cap of an owner’s runs, and others what is behind them', async () => {
      const store = use()
      const noisy = ['n1', 'n2', 'n3', 'n4', 'n5'].map((id) => newRun(id, { entity: `o/r#${id}` }))
      const quiet = newRun('q1', { module: 'triage', runAt: 2_000 })
      await dispatch(store, 'a', { runs: [...noisy, quiet] })
      const caps = new Map([['pr-review', 3]])
      const claimBy = async (owner: string, limit: number) =>
        (await store.runs.claim(owner, limit, 2_000, 9_000, caps)).map(({ id }) => id)
      expect(await claimBy('me', 2)).toEqual(['n1', 'n2'])
      expect(await claimBy('me', 2)).toEqual(['n3', 'q1'])
      expect(await claimBy('me', 2)).toEqual([])
      expect(await claimBy('you', 9)).toEqual(['n4', 'n5'])
      await store.runs.settle('me', finished('n1'))
      await store.runs.create(newRun('n6', { entity: 'o/r#n6' }))
      expect(await claimBy('me', 2)).toEqual(['n6'])
    })

    test('nextDue after a time passes over what is due by then', async () => {
      const store = use()
      await store.runs.create(newRun('r1'))
      await store.runs.create(newRun('r2', { entity: 'o/r#1', runAt: 3_000 }))
      expect([await store.runs.nextDue(1_000), await store.runs.nextDue(3_000)]).toEqual([3_000, null])
    })

    test('nextDue passes over what a running run holds back', async () => {
      const store = use()
      expect(await store.runs.nextDue()).toBeNull()
      await dispatch(store, 'a', { runs: [newRun('r1'), newRun('r2')] })
      await store.runs.create(newRun('r3', { entity: 'o/r#1', runAt: 8_000 }))
      expect(await store.runs.nextDue()).toBe(1_000)
      await claim(store, 1_000)
      expect(await store.runs.nextDue()).toBe(8_000)
      await store.runs.settle('me', finished('r1'))
      expect(await store.runs.nextDue()).toBe(1_000)
    })
  })

  describe('settling', () => {
    test('a finished run keeps summary, details, cost, attempt and messages', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1')] })
      await claim(store, 1_000)
      expect(
        await store.runs.settle(
          'me',
          finished('r1', { messages: [newMessage('r1:alice', { runId: 'r1' })] }),
        ),
      ).toBe(true)
      expect(await store.runs.get('r1')).toMatchObject({
        status: 'done',
        reason: null,
        summary: 'fine',
        details: { findings: 2 },
        costUsd: 0.25,
        finishedAt: 2_000,
        attempts: [{ attempt: 1, finishedAt: 2_000, status: 'done', error: null }],
      })
      expect(await store.outbox.ofRun('r1')).toHaveLength(1)
    })

    test('again: queued for later, the cost adds up, and only a counted failure counts', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1')] })
      await claim(store, 1_000)
      expect(await store.runs.settle('me', again('r1'))).toBe(true)
      expect(await store.runs.get('r1')).toMatchObject({
        status: 'queued',
        runAt: 12_000,
        failures: 1,
        costUsd: 0.25,
      })
      expect(await claimedIds(store, 11_999)).toEqual([])
      expect((await claim(store, 12_000))[0]).toMatchObject({ attempt: 2, startedAt: 1_000 })
      await store.runs.settle('me', again('r1', { attempt: 2, at: 13_000, runAt: 14_000, counted: false }))
      expect(await store.runs.get('r1')).toMatchObject({
        failures: 1,
        costUsd: 0.5,
        attempts: [
          { attempt: 1, finishedAt: 2_000, status: 'failed', error: 'socket hang up' },
          { attempt: 2, finishedAt: 13_000, status: 'again', error: 'socket hang up' },
        ],
      })
    })

    test.each([
      ['another owner', 'you', 1],
      ['an attempt that is over', 'me', 2],
    ])('%s settles nothing', async (_case, owner, attempt) => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1')] })
      await claim(store, 1_000)
      const settlement = finished('r1', { attempt, state: 1, messages: [newMessage('lost')] })
      expect(await store.runs.settle(owner, settlement)).toBe(false)
      expect(await store.runs.get('r1')).toMatchObject({ status: 'running', costUsd: 0 })
      expect(await store.outbox.nextDue()).toBeNull()
    })

    test('what the module kept stays when the next outcome says nothing about it, and can become null', async () => {
      const store = use()
      const kept: unknown[] = []
      for (const [n, state] of [{ seen: 1 }, undefined, null].entries()) {
        await store.runs.create(newRun(`r${n}`))
        const [run] = await claim(store, 1_000)
        kept.push(run?.state)
        await store.runs.settle('me', finished(`r${n}`, state === undefined ? {} : { state }))
      }
      await store.runs.create(newRun('last'))
      kept.push((await claim(store, 1_000))[0]?.state)
      expect(kept).toEqual([null, { seen: 1 }, { seen: 1 }, null])
    })

    test('again for a run that was asked to stop ends it as cancelled', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1')] })
      await claim(store, 1_000)
      await dispatch(store, 'b', { cancelled: [{ runId: 'r1', reason: 'closed' }] })
      expect(await store.runs.settle('me', again('r1'))).toBe(true)
      expect(await store.runs.get('r1')).toMatchObject({
        status: 'cancelled',
        reason: 'closed',
        finishedAt: 2_000,
      })
    })
  })

  describe('a runner that went away', () => {
    test('its runs are queued again at once when their lease ran out, and its late settlement counts for nothing', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1'), newRun('r2', { entity: 'o/r#1' })] })
      await claim(store, 1_000)
      await store.runs.heartbeat('me', ['r2'], 60_000)
      expect(await store.runs.heartbeat('you', ['r1'], 60_000)).toEqual([{ id: 'r1', reason: 'lost' }])
      expect(await store.runs.reclaim(16_000, false)).toEqual([])
      expect(await store.runs.reclaim(16_001, false)).toEqual(['r1'])
      expect(await store.runs.get('r1')).toMatchObject({
        status: 'queued',
        runAt: 16_001,
        failures: 0,
        attempts: [{ attempt: 1, finishedAt: 16_001, status: 'lost' }],
      })
      expect(await store.runs.settle('me', finished('r1'))).toBe(false)
      expect(await store.runs.heartbeat('me', ['r1', 'r2'], 60_000)).toEqual([{ id: 'r1', reason: 'lost' }])
      const [run] = await store.runs.claim('you', 10, 16_001, 30_000)
      expect(run).toMatchObject({ id: 'r1', attempt: 2 })
      expect(await store.runs.settle('me', finished('r1', { attempt: 2 }))).toBe(false)
    })

    test('that lives takes back its own as well, and what it settles late counts for nothing', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1')] })
      await claim(store, 1_000)
      expect(await store.runs.reclaim(16_001, false)).toEqual(['r1'])
      expect((await claim(store, 16_001))[0]).toMatchObject({ id: 'r1', attempt: 2 })
      expect(await store.runs.settle('me', finished('r1'))).toBe(false)
      expect(await store.runs.settle('me', finished('r1', { attempt: 2 }))).toBe(true)
    })

    test('a sole owner takes back all runs of its predecessor, whatever their lease says', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1'), newRun('r2')] })
      await claim(store, 1_000)
      expect(await store.runs.reclaim(1_001, true)).toEqual(['r1'])
      expect(await claimedIds(store, 1_001)).toEqual(['r2'])
    })

    test('a run that was asked to stop is cancelled instead', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1', { cooldownMs: 9_000 })] })
      await claim(store, 1_000)
      await dispatch(store, 'b', { cancelled: [{ runId: 'r1', reason: 'closed' }] })
      expect(await store.runs.reclaim(50_000, false)).toEqual([])
      expect(await store.runs.get('r1')).toMatchObject({ status: 'cancelled', reason: 'closed' })
      expect((await store.deliveries.entityStates([REVIEW]))[0]).toMatchObject({
        windowUntil: null,
        unfinished: [],
      })
    })
  })
}

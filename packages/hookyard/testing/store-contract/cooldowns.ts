// Cooldown windows and the runs that wait behind them (contract section 3).
import { describe, expect, test } from 'vitest'
import {
  again,
  claim,
  claimedIds,
  coalesced,
  dispatch,
  finished,
  newRun,
  REVIEW,
  type UseStore,
} from './builders.ts'

const COOLDOWN = { cooldownMs: 5_000 }

/** A run that waits for the window of another to end at 6 s, though it is due for its own sake at 3 s. */
const waitingRun = newRun('w', { waiting: true, runAt: 6_000, dueAt: 3_000, ...COOLDOWN })

/** The contract of windows, wherever they open and close. */
export function cooldownContract(use: UseStore): void {
  const windowUntil = async () => (await use().deliveries.entityStates([REVIEW]))[0]?.windowUntil

  describe('cooldown windows', () => {
    test('a run opens its window when it is created, counted from when it runs', async () => {
      await dispatch(use(), 'a', { runs: [newRun('r1', { runAt: 2_000, ...COOLDOWN })] })
      expect(await windowUntil()).toBe(7_000)
    })

    test('a waiting run opens its window when it is claimed, and waits no more', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [waitingRun] })
      expect(await windowUntil()).toBeNull()
      expect(await claimedIds(store, 8_000)).toEqual(['w'])
      expect(await windowUntil()).toBe(13_000)
      expect((await store.deliveries.entityStates([REVIEW]))[0]).toMatchObject({
        waiting: null,
        unfinished: ['w'],
      })
    })

    test('without a cooldown no window opens', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1'), newRun('w', { waiting: true })] })
      await claim(store, 1_000, 1)
      await store.runs.settle('me', finished('r1'))
      await claim(store, 1_000)
      expect(await windowUntil()).toBeNull()
    })

    test('belongs to one module and one entity', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1', COOLDOWN)] })
      const states = await store.deliveries.entityStates([
        { ...REVIEW, module: 'triage' },
        { ...REVIEW, entity: 'octocat/hello-world#43' },
      ])
      expect(states.map((state) => state.windowUntil)).toEqual([null, null])
    })

    test('a later run moves its end, an earlier end never shortens it', async () => {
      const store = use()
      await store.runs.create(newRun('r1', COOLDOWN))
      await store.runs.create(newRun('r2', { cooldownMs: 1_000 }))
      expect(await windowUntil()).toBe(6_000)
      await store.runs.create(newRun('r3', { runAt: 4_000, ...COOLDOWN }))
      expect(await windowUntil()).toBe(9_000)
      await dispatch(store, 'a', {
        runs: [newRun('r4', { runAt: 6_000, ...COOLDOWN }), newRun('r5', COOLDOWN)],
      })
      expect(await windowUntil()).toBe(11_000)
    })

    test.each([
      ['done', 6_000, []],
      ['skipped', 6_000, []],
      ['failed', null, ['w']],
      ['cancelled', null, ['w']],
    ] as const)('a run that ends %s leaves the window until %s', async (status, until, dueEarly) => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1', COOLDOWN)] })
      await claim(store, 1_000)
      await dispatch(store, 'b', { runs: [waitingRun] })
      await store.runs.settle('me', finished('r1', { status, reason: 'declared' }))
      expect(await windowUntil()).toBe(until)
      expect(await claimedIds(store, 2_999)).toEqual([])
      expect(await claimedIds(store, 3_000)).toEqual(dueEarly)
    })

    test('an attempt that is to be repeated keeps the window open', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1', COOLDOWN)] })
      await claim(store, 1_000)
      await store.runs.settle('me', again('r1'))
      expect(await windowUntil()).toBe(6_000)
    })

    test('a run closes its own window alone', async () => {
      const store = use()
      await store.runs.create(newRun('r1', COOLDOWN))
      await claim(store, 1_000)
      await store.runs.create(newRun('r2', { runAt: 2_000, ...COOLDOWN }))
      await store.runs.create({ ...waitingRun, runAt: 7_000 })
      await store.runs.settle('me', finished('r1', { status: 'failed' }))
      expect(await windowUntil()).toBe(7_000)
      expect(await store.runs.get('w')).toMatchObject({ runAt: 7_000 })
    })

    test('a queued run cancelled by a delivery closes it, and pulls the waiting run of the same plan', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1', COOLDOWN)] })
      await dispatch(store, 'b', { runs: [waitingRun], cancelled: [{ runId: 'r1', reason: 'superseded' }] })
      expect(await windowUntil()).toBeNull()
      expect(await store.runs.get('w')).toMatchObject({ status: 'queued', runAt: 3_000 })
    })

    test('a waiting run is never pushed to a later time', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1', COOLDOWN)] })
      await dispatch(store, 'b', { runs: [{ ...waitingRun, runAt: 2_000, dueAt: 3_000 }] })
      await dispatch(store, 'c', { cancelled: [{ runId: 'r1', reason: 'closed' }] })
      expect(await store.runs.get('w')).toMatchObject({ runAt: 2_000 })
    })

    test('a coalesced delivery decides when the claimed run opens its window and for how long', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [waitingRun] })
      await dispatch(store, 'b', { coalesced: [coalesced('w', 'b', { runAt: 7_000, cooldownMs: 1_000 })] })
      expect(await claimedIds(store, 6_999)).toEqual([])
      expect(await claimedIds(store, 7_000)).toEqual(['w'])
      expect(await windowUntil()).toBe(8_000)
    })
  })
}

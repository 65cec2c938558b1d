// What schedules rely on: a tick is handled once, whoever is first, and one process at a time holds a lease.
import { describe, expect, test } from 'vitest'
import { newDelivery, newRun, type UseStore } from './builders.ts'

const SWEEP = { schedule: 'sweep 0 9 * * *', module: 'sweep' }
const made = (...created: string[]) => ({ created, replaced: [] })
const tickRun = (id: string, entity = 'o/r') => newRun(id, { module: 'sweep', entity })

/** The contract of `schedules` and `leases`, and of `effects.isReceipt`. */
export function schedulingContract(use: UseStore): void {
  describe('schedules', () => {
    test('a schedule begins when it is first seen, and moves on with its ticks', async () => {
      const store = use()
      expect(await store.schedules.handledUntil(['a', 'b'], 1_000)).toEqual([1_000, 1_000])
      expect(await store.schedules.handledUntil(['b', 'c', 'a'], 2_000)).toEqual([1_000, 2_000, 1_000])
      const tick = { ...SWEEP, schedule: 'a', at: 5_000, after: 1_000, runs: [] }
      expect(await store.schedules.commit(tick)).toEqual(made())
      expect(await store.schedules.handledUntil(['a'], 9_000)).toEqual([5_000])
    })

    test('of two processes that plan the same tick one makes its runs', async () => {
      const store = use()
      await store.schedules.handledUntil([SWEEP.schedule], 1_000)
      const plan = (id: string) => ({
        ...SWEEP,
        at: 5_000,
        after: 1_000,
        runs: [tickRun(`${id}1`), tickRun(`${id}2`, 'o/s')],
      })
      const both = await Promise.all([store.schedules.commit(plan('x')), store.schedules.commit(plan('y'))])
      expect(both.filter((tick) => tick === null)).toHaveLength(1)
      expect(await store.runs.list({ limit: 10 })).toHaveLength(2)
    })

    test('two schedules of a module that name the same tick make one run of it', async () => {
      const store = use()
      await store.schedules.handledUntil(['a', 'b'], 1_000)
      const plan = (schedule: string, id: string) => ({
        ...SWEEP,
        schedule,
        at: 5_000,
        after: 1_000,
        runs: [tickRun(id)],
      })
      expect(await store.schedules.commit(plan('a', 'x'))).toEqual(made('x'))
      expect(await store.schedules.commit(plan('b', 'y'))).toEqual(made())
      expect(await store.schedules.commit({ ...plan('a', 'z'), at: 6_000, after: 5_000 })).toEqual(made('z'))
    })

    test('the repositories of dispatched deliveries are known, as long as they were heard of', async () => {
      const store = use()
      const day = 86_400_000
      await store.deliveries.accept([
        newDelivery('a', { repository: 'o/old', receivedAt: day }),
        newDelivery('b', { repository: 'o/new', receivedAt: 3 * day }),
        newDelivery('c', { repository: null, receivedAt: 3 * day }),
      ])
      const plans = (await store.deliveries.pending(10)).map(({ id, guid }) => ({
        deliveryId: id,
        guid,
        status: 'dispatched' as const,
        error: null,
        decisions: [],
        runs: [],
        coalesced: [],
        cancelled: [],
        messages: [],
        at: 1_000,
      }))
      await store.deliveries.commit(plans)
      expect(await store.schedules.repositoriesSince(0)).toEqual(['o/new', 'o/old'])
      expect(await store.schedules.repositoriesSince(2 * day)).toEqual(['o/new'])
      await store.deliveries.accept([newDelivery('d', { repository: 'o/old', receivedAt: 4 * day })])
      const [again] = await store.deliveries.pending(10)
      await store.deliveries.commit([{ ...plans[0]!, deliveryId: again?.id ?? 0, guid: 'd' }])
      expect(await store.schedules.repositoriesSince(2 * day)).toEqual(['o/new', 'o/old'])
    })
  })

  describe('leases', () => {
    test('one owner at a time; it extends its own, and another takes over at its end', async () => {
      const { leases } = use()
      const took = await Promise.all(
        ['a', 'b', 'c'].map((owner) => leases.take('schedule', owner, 1_000, 2_000)),
      )
      expect(took.filter(Boolean)).toHaveLength(1)
      const owner = ['a', 'b', 'c'][took.indexOf(true)]!
      expect(await leases.take('schedule', owner, 1_500, 2_500)).toBe(true)
      expect(await leases.take('schedule', 'd', 2_499, 3_000)).toBe(false)
      expect(await leases.take('other', 'd', 2_499, 3_000)).toBe(true)
      expect(await leases.take('schedule', 'd', 2_500, 3_500)).toBe(true)
      expect(await leases.take('schedule', owner, 2_600, 3_600)).toBe(false)
    })

    test('a released one is free at once, and nobody releases another one’s', async () => {
      const { leases } = use()
      await leases.take('schedule', 'a', 1_000, 2_000)
      await leases.release('schedule', 'b')
      expect(await leases.take('schedule', 'b', 1_100, 2_100)).toBe(false)
      await leases.release('schedule', 'a')
      expect(await leases.take('schedule', 'b', 1_100, 2_100)).toBe(true)
    })

    test('one taken before the clock was set back does not hold for ever', async () => {
      const { leases } = use()
      await leases.take('schedule', 'a', 900_000, 915_000)
      expect(await leases.take('schedule', 'b', 1_000, 16_000)).toBe(true)
    })
  })

  test('a receipt is known by its kind and id, an intent is none', async () => {
    const store = use()
    const key = { module: 'm', entity: 'o/r#1', kind: 'comment', key: 'k' }
    await store.effects.intend(key, 'r1', 'f', 1_000)
    expect(await store.effects.isReceipt('comment', 7)).toBe(false)
    await store.effects.record(key, { id: 7, url: 'https://x' }, 1_000)
    expect(await store.effects.isReceipt('comment', 7)).toBe(true)
    expect(await store.effects.isReceipt('review', 7)).toBe(false)
    expect(await store.effects.isReceipt('comment', 8)).toBe(false)
  })
}

// `concurrency: cancel_running`: whatever makes the newer run, it takes the place of the unfinished ones (contract
// section 3).
import { describe, expect, test } from 'vitest'
import { StalePlanError, type NewRun } from '../../src/store/store.ts'
import {
  claim,
  claimedIds,
  dispatch,
  finished,
  newRun,
  paused,
  receivedPlan,
  REVIEW,
  type UseStore,
} from './builders.ts'

const COOLDOWN = { cooldownMs: 5_000 }
const newer = (id: string, about: Partial<NewRun> = {}) =>
  newRun(id, { concurrency: 'cancel_running', runAt: 2_000, dueAt: 2_000, createdAt: 2_000, ...about })

/** The contract of `runs.create`, `schedules.commit` and `deliveries.commit` where newer runs replace older ones. */
export function replacingContract(use: UseStore): void {
  const stateOf = async () => (await use().deliveries.entityStates([REVIEW]))[0]
  const statuses = async () =>
    (await use().runs.list({ limit: 20 })).map(({ id, status }) => [id, status]).reverse()

  describe('a created run that replaces', () => {
    test('ends what is queued, and names it', async () => {
      const store = use()
      await store.runs.create(newRun('r1', COOLDOWN))
      expect(await store.runs.create(newer('r2'))).toEqual({
        status: 'created',
        runId: 'r2',
        replaced: ['r1'],
      })
      expect(await store.runs.get('r1')).toMatchObject({
        status: 'cancelled',
        reason: 'replaced',
        finishedAt: 2_000,
      })
      expect((await store.runs.unjournaled(10)).map(({ id }) => id)).toEqual(['r1'])
      expect(await stateOf()).toMatchObject({ windowUntil: null, unfinished: ['r2'] })
    })

    test('withdraws the question of what is paused', async () => {
      const store = use()
      await paused(store, 'r1')
      expect(await store.runs.create(newer('r2'))).toMatchObject({ replaced: ['r1'] })
      expect(await store.runs.get('r1')).toMatchObject({
        status: 'cancelled',
        questions: [{ status: 'withdrawn' }],
      })
    })

    test('asks what is running to stop, starts behind it, and its window stays its own', async () => {
      const store = use()
      await store.runs.create(newRun('r1', COOLDOWN))
      await claim(store, 1_000)
      expect(await store.runs.create(newer('r2', COOLDOWN))).toMatchObject({ replaced: ['r1'] })
      expect(await store.runs.heartbeat('me', ['r1'], 30_000)).toEqual([{ id: 'r1', reason: 'replaced' }])
      expect(await claimedIds(store, 2_000)).toEqual([])
      await store.runs.settle('me', finished('r1', { status: 'cancelled', reason: 'replaced' }))
      expect(await stateOf()).toMatchObject({ windowUntil: 7_000, unfinished: ['r2'] })
      expect(await claimedIds(store, 2_000)).toEqual(['r2'])
    })

    test('is asked for once of a run that stops already', async () => {
      const store = use()
      await store.runs.create(newRun('r1'))
      await claim(store, 1_000)
      await store.runs.create(newer('r2'))
      expect(await store.runs.create(newer('r3'))).toMatchObject({ replaced: ['r2'] })
      expect(await statuses()).toEqual([
        ['r1', 'running'],
        ['r2', 'cancelled'],
        ['r3', 'queued'],
      ])
    })

    test('leaves the waiting run, at its time as long as a window is open, and all that is not its entity’s', async () => {
      const store = use()
      await store.runs.create(newRun('r1', COOLDOWN))
      await store.runs.create(newRun('w', { waiting: true, runAt: 6_000, dueAt: 3_000 }))
      await store.runs.create(newRun('else', { entity: 'octocat/hello-world#7' }))
      await store.runs.create(newRun('other', { module: 'triage' }))
      expect(await store.runs.create(newer('r2', COOLDOWN))).toMatchObject({ replaced: ['r1'] })
      expect(await store.runs.get('w')).toMatchObject({ status: 'queued', runAt: 6_000 })
      expect(await stateOf()).toMatchObject({ windowUntil: 7_000, waiting: { id: 'w' } })
      expect(await store.runs.create(newer('r3'))).toMatchObject({ replaced: ['r2'] })
      expect(await store.runs.get('w')).toMatchObject({ runAt: 3_000 })
      expect((await statuses()).filter(([, status]) => status === 'cancelled')).toHaveLength(2)
    })

    test.each(['queue', 'parallel'] as const)('does not with `%s`', async (concurrency) => {
      const store = use()
      await store.runs.create(newer('r1'))
      expect(await store.runs.create(newer('r2', { concurrency }))).toEqual({
        status: 'created',
        runId: 'r2',
      })
      expect(await stateOf()).toMatchObject({ unfinished: ['r1', 'r2'] })
    })

    test('without an entity replaces those of its module that have none either', async () => {
      const store = use()
      await store.runs.create(newRun('r1'))
      await store.runs.create(newer('r2', { entity: '-' }))
      expect(await store.runs.create(newer('r3', { entity: '-' }))).toMatchObject({ replaced: ['r2'] })
      expect(await store.runs.get('r1')).toMatchObject({ status: 'queued' })
    })

    test('spares the run that invokes it, and waits for it', async () => {
      const store = use()
      await store.runs.create(newer('r1', { runAt: 1_000 }))
      await claim(store, 1_000)
      await store.runs.create(newRun('r2'))
      expect(await store.runs.create(newer('r3'), { invokedBy: 'r1' })).toMatchObject({ replaced: ['r2'] })
      expect(await store.runs.heartbeat('me', ['r1'], 30_000)).toEqual([])
      expect(await claimedIds(store, 2_000)).toEqual([])
      await store.runs.settle('me', finished('r1'))
      expect(await claimedIds(store, 2_000)).toEqual(['r3'])
    })

    test('that is none cancels nothing: a repeat, a key with another body, a window that is respected', async () => {
      const store = use()
      const idempotency = { scope: 's', key: 'k', fingerprint: 'f' }
      await store.runs.create(newer('r1', COOLDOWN), { idempotency })
      expect(await store.runs.create(newer('r2'), { idempotency })).toEqual({
        status: 'existing',
        runId: 'r1',
      })
      await store.runs.create(newer('r2'), { idempotency: { ...idempotency, fingerprint: 'g' } })
      await store.runs.create(newer('r2'), { respectWindow: true })
      expect(await statuses()).toEqual([['r1', 'queued']])
    })
  })

  test('a tick’s run replaces, and a tick that was handled does not', async () => {
    const store = use()
    await store.schedules.handledUntil(['a', 'b'], 1_000)
    await store.runs.create(newRun('r1'))
    const tick = { module: REVIEW.module, at: 2_000, after: 1_000 }
    expect(await store.schedules.commit({ ...tick, schedule: 'a', runs: [newer('r2')] })).toEqual({
      created: ['r2'],
      replaced: ['r1'],
    })
    expect(await store.schedules.commit({ ...tick, schedule: 'b', runs: [newer('r3')] })).toEqual({
      created: [],
      replaced: [],
    })
    expect(await store.schedules.commit({ ...tick, schedule: 'a', runs: [newer('r4')] })).toBeNull()
    expect(await stateOf()).toMatchObject({ unfinished: ['r2'] })
  })

  describe('a planned run that replaces', () => {
    test('is stale when a run came that its plan does not know, and nothing is written', async () => {
      const store = use()
      const plan = await receivedPlan(store, 'a', { runs: [newer('r2')] })
      await store.runs.create(newRun('r1'))
      await expect(store.deliveries.commit([plan])).rejects.toBeInstanceOf(StalePlanError)
      expect(await statuses()).toEqual([['r1', 'queued']])
      const cancelled = [{ runId: 'r1', reason: 'replaced' }]
      await store.deliveries.commit([{ ...plan, cancelled }])
      expect(await stateOf()).toMatchObject({ unfinished: ['r2'] })
    })

    test('knows the runs that earlier plans of its batch bring, and those that stop already', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newer('r1', { runAt: 1_000 })] })
      await claim(store, 1_000)
      const second = await receivedPlan(store, 'b', {
        runs: [newer('r2')],
        cancelled: [{ runId: 'r1', reason: 'replaced' }],
      })
      const third = await receivedPlan(store, 'c', {
        runs: [newer('r3')],
        cancelled: [{ runId: 'r2', reason: 'replaced' }],
      })
      expect(await store.deliveries.commit([second, third])).toEqual(['r1'])
      expect(await statuses()).toEqual([
        ['r1', 'running'],
        ['r2', 'cancelled'],
        ['r3', 'queued'],
      ])
    })
  })
}

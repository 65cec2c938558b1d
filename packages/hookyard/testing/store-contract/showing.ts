// Runs as invoke makes them and as lists, journal and messages show them.
import { describe, expect, test } from 'vitest'
import { claim, dispatch, finished, newMessage, newRun, REVIEW, type UseStore } from './builders.ts'

/** The contract of `runs.create`, `get`, `list`, `unjournaled` and `journaled`. */
export function showingContract(use: UseStore): void {
  describe('creating a run', () => {
    const idempotency = { scope: 'token:claude', key: 'k1', fingerprint: 'f1' }

    test('the same key and body answer with the same run, another body is a conflict, another scope is new', async () => {
      const { runs } = use()
      expect(await runs.create(newRun('r1'), { idempotency })).toEqual({ status: 'created', runId: 'r1' })
      expect(await runs.create(newRun('r2'), { idempotency })).toEqual({ status: 'existing', runId: 'r1' })
      expect(await runs.create(newRun('r3'), { idempotency: { ...idempotency, fingerprint: 'f2' } })).toEqual(
        {
          status: 'conflict',
        },
      )
      const elsewhere = { ...idempotency, scope: 'token:other' }
      expect(await runs.create(newRun('r4'), { idempotency: elsewhere })).toEqual({
        status: 'created',
        runId: 'r4',
      })
      expect((await runs.list({ limit: 10 })).map(({ id }) => id)).toEqual(['r4', 'r1'])
    })

    test('calls at the same time with one key make one run', async () => {
      const { runs } = use()
      const results = await Promise.all(
        ['r1', 'r2', 'r3'].map((id) => runs.create(newRun(id), { idempotency })),
      )
      expect(results.map(({ status }) => status).toSorted()).toEqual(['created', 'existing', 'existing'])
      expect(await runs.list({ limit: 10 })).toHaveLength(1)
    })

    test('refuses inside an open window only when asked to respect it', async () => {
      const { runs } = use()
      await runs.create(newRun('r1', { cooldownMs: 5_000 }))
      const respectWindow = { respectWindow: true }
      expect(await runs.create(newRun('r2', { createdAt: 5_999 }), respectWindow)).toEqual({
        status: 'cooldown',
        until: 6_000,
      })
      expect(await runs.create(newRun('r3', { createdAt: 5_999 }))).toMatchObject({ status: 'created' })
      expect(await runs.create(newRun('r4', { createdAt: 6_000 }), respectWindow)).toMatchObject({
        status: 'created',
      })
    })

    test('a known key is answered with its run also inside a window', async () => {
      const { runs } = use()
      const options = { idempotency, respectWindow: true }
      await runs.create(newRun('r1', { cooldownMs: 5_000 }), options)
      expect(await runs.create(newRun('r2'), options)).toEqual({ status: 'existing', runId: 'r1' })
    })
  })

  describe('showing runs', () => {
    test('a run comes back as it was given', async () => {
      const { runs } = use()
      const run = newRun('r1', {
        input: { depth: [1, null, 'x'] },
        depth: 2,
        recipients: [],
        repository: null,
      })
      await runs.create(run)
      const { waiting: _w, dueAt: _d, concurrency: _c, ...shown } = run
      expect(await runs.get('r1')).toEqual({
        ...shown,
        tainted: false,
        questions: [],
        status: 'queued',
        reason: null,
        attempt: 0,
        failures: 0,
        attempts: [],
        summary: null,
        details: null,
        error: null,
        costUsd: 0,
        startedAt: null,
        finishedAt: null,
      })
      expect(await runs.get('unknown')).toBeNull()
    })

    test('lists the newest first, filtered, with a cursor that holds still while new runs come', async () => {
      const { runs } = use()
      await runs.create(newRun('r1', { module: 'triage' }))
      await runs.create(newRun('r2', { recipients: ['bob'] }))
      await runs.create(newRun('r3', { entity: 'o/r#1', recipients: ['alice', 'bob'] }))
      await runs.create(newRun('r4'))
      const ids = async (query: object) => (await runs.list({ limit: 10, ...query })).map(({ id }) => id)
      expect(await ids({ limit: 2 })).toEqual(['r4', 'r3'])
      await runs.create(newRun('r5'))
      expect(await ids({ before: 'r3' })).toEqual(['r2', 'r1'])
      expect(await ids({ module: 'triage' })).toEqual(['r1'])
      expect(await ids({ entity: 'o/r#1' })).toEqual(['r3'])
      expect(await ids({ recipient: 'bob' })).toEqual(['r3', 'r2'])
      expect(await ids({ status: 'running' })).toEqual([])
      expect(
        await ids({ status: 'queued', module: REVIEW.module, entity: REVIEW.entity, recipient: 'alice' }),
      ).toEqual(['r5', 'r4'])
    })

    test('a finished run is to be journaled until it was', async () => {
      const store = use()
      await dispatch(store, 'a', { runs: [newRun('r1'), newRun('r2', { entity: 'o/r#1' }), newRun('r3')] })
      await claim(store, 1_000)
      await store.runs.settle('me', finished('r1', { status: 'skipped', reason: 'draft' }))
      await store.runs.settle('me', finished('r2'))
      const due = async (limit: number) => (await store.runs.unjournaled(limit)).map(({ id }) => id)
      expect([await due(10), await due(1)]).toEqual([['r1', 'r2'], ['r1']])
      await store.runs.journaled(['r1'])
      expect(await due(10)).toEqual(['r2'])
    })
  })

  describe('showing messages', () => {
    test('a delivery names its own messages and those of its runs, also of the run that it was coalesced into', async () => {
      const store = use()
      const decision = {
        user: 'alice',
        module: 'pr-review',
        outcome: 'coalesced' as const,
        reason: null,
        runId: 'r1',
      }
      await dispatch(store, 'a', {
        decisions: [decision],
        messages: [newMessage('plain', { delivery: 'a' })],
      })
      await dispatch(store, 'b', { runs: [newRun('r1', { delivery: 'b' })] })
      await claim(store, 1_000)
      await store.runs.settle('me', finished('r1', { messages: [newMessage('result', { runId: 'r1' })] }))
      await store.outbox.add([newMessage('other')])
      const keys = async (guid: string) =>
        (await store.outbox.ofDelivery(guid)).map(({ message }) => message.lines[0]?.[1])
      expect(await keys('a')).toEqual([{ bold: 'plain' }, { bold: 'result' }])
      expect(await keys('b')).toEqual([{ bold: 'result' }])
      expect(await keys('unknown')).toEqual([])
    })
  })
}

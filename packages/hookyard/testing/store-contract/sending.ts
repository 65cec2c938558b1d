// What the sender and the broker rely on: order per address, one message per key, effects found again.
import { describe, expect, test } from 'vitest'
import { newMessage, type UseStore } from './builders.ts'

/** The contract of the outbox and of effects. */
export function sendingContract(use: UseStore): void {
  describe('the outbox', () => {
    const dueIds = async (now: number, limit = 10) => (await use().outbox.due(now, limit)).map(({ id }) => id)

    test('gives the oldest message of each address, in order of age', async () => {
      const { outbox } = use()
      const to = (key: string, address: string) => newMessage(key, { address })
      await outbox.add([
        to('1', 'telegram:b'),
        to('2', 'telegram:a'),
        to('3', 'telegram:b'),
        to('4', 'slack:c'),
      ])
      expect(await outbox.due(1_000, 10)).toMatchObject([
        {
          id: 1,
          address: 'telegram:b',
          tries: 0,
          createdAt: 1_000,
          message: { lines: [['hello ', { bold: '1' }]] },
        },
        { id: 2, address: 'telegram:a' },
        { id: 4, address: 'slack:c' },
      ])
      expect(await dueIds(1_000, 2)).toEqual([1, 2])
      await outbox.sent(1, 1_500)
      expect(await dueIds(1_000)).toEqual([2, 3, 4])
    })

    test('drops a second message with the same key, also after the first was sent', async () => {
      const { outbox } = use()
      await outbox.add([newMessage('same'), newMessage('same', { address: 'telegram:222' })])
      await outbox.sent(1, 1_500)
      await outbox.add([newMessage('same')])
      expect(await outbox.nextDue()).toBeNull()
      await outbox.add([])
    })

    test('one in backoff holds back those behind it at its address, and no other address', async () => {
      const { outbox } = use()
      await outbox.add([newMessage('1'), newMessage('2'), newMessage('3', { address: 'telegram:222' })])
      await outbox.again(1, 9_000, 'telegram is unreachable')
      expect(await dueIds(8_999)).toEqual([3])
      expect(await outbox.nextDue()).toBe(1_000)
      await outbox.sent(3, 2_000)
      expect(await outbox.nextDue()).toBe(9_000)
      expect(await outbox.due(9_000, 10)).toMatchObject([{ id: 1, tries: 1 }])
    })

    /** Sends what is first at the address until nothing is left; answers the keys in their order. */
    async function drain(at: number): Promise<string[]> {
      const keys: string[] = []
      for (let now = at; ; now += 1) {
        const [row] = await use().outbox.due(now, 1)
        if (!row) return keys
        keys.push(JSON.stringify(row.message).replace(/.*bold":"|"}.*/g, ''))
        await use().outbox.sent(row.id, now)
      }
    }

    test('runs of one address take turns, each in its own order; rows of no run wait for one of each', async () => {
      const { outbox } = use()
      const of = (runId: string | null, keys: string[], createdAt = 1_000) =>
        keys.map((key) => newMessage(key, { runId, createdAt }))
      await outbox.add(of('noisy', ['n1', 'n2', 'n3', 'n4', 'n5']))
      await outbox.add([...of('quiet', ['q1'], 1_100), ...of(null, ['d1', 'd2'], 1_200)])
      await outbox.add(of('noisy', ['n6'], 1_300))
      expect(await drain(2_000)).toEqual(['n1', 'q1', 'd1', 'd2', 'n2', 'n3', 'n4', 'n5', 'n6'])
    })

    test('what comes while a run has much to say goes after one more of its messages at most', async () => {
      const { outbox } = use()
      await outbox.add(['n1', 'n2', 'n3', 'n4'].map((key) => newMessage(key, { runId: 'noisy' })))
      await outbox.sent(1, 1_500)
      await outbox.add([newMessage('q1', { runId: 'quiet', createdAt: 1_600 })])
      await outbox.add([newMessage('d1', { createdAt: 1_700 })])
      expect(await drain(2_000)).toEqual(['n2', 'q1', 'd1', 'n3', 'n4'])
    })

    test('a dead letter passes its turn on, and a run may go on talking', async () => {
      const { outbox } = use()
      await outbox.add(['a1', 'a2'].map((key) => newMessage(key, { runId: 'a' })))
      await outbox.dead(1, 'refused', 1_500)
      await outbox.add([newMessage('b1', { runId: 'b', createdAt: 1_400 })])
      expect(await drain(2_000)).toEqual(['b1', 'a2'])
      await outbox.add([newMessage('a3', { runId: 'a', createdAt: 2_100 })])
      expect(await drain(2_200)).toEqual(['a3'])
    })

    test('a dead letter holds back nobody', async () => {
      const { outbox } = use()
      await outbox.add([newMessage('1', { runId: 'r1' }), newMessage('2')])
      await outbox.dead(1, 'chat not found', 2_000)
      expect(await dueIds(1_000)).toEqual([2])
      expect(await outbox.ofRun('r1')).toMatchObject([
        { status: 'dead', lastError: 'chat not found', sentAt: null },
      ])
    })

    test('a message is not due before it was created, and shows when it was sent', async () => {
      const { outbox } = use()
      await outbox.add([newMessage('1', { createdAt: 5_000, runId: 'r1' })])
      expect(await dueIds(4_999)).toEqual([])
      await outbox.sent(1, 6_000)
      expect(await outbox.ofRun('r1')).toMatchObject([
        { status: 'sent', tries: 1, sentAt: 6_000, createdAt: 5_000 },
      ])
    })
  })

  describe('effects', () => {
    const key = { module: 'pr-review', entity: 'o/r#1', kind: 'comment', key: 'summary' }

    test('an intent keeps the receipt of what was written before', async () => {
      const { effects } = use()
      expect(await effects.find(key)).toBeNull()
      await effects.intend(key, 'r1', 'f1', 1_000)
      expect(await effects.find(key)).toEqual({
        status: 'intended',
        fingerprint: 'f1',
        receipt: null,
        runId: 'r1',
      })
      const receipt = { id: 4_000_000_000_000, url: 'https://github.com/o/r/issues/1#issuecomment-1' }
      await effects.record(key, receipt, 2_000)
      expect(await effects.find(key)).toEqual({ status: 'done', fingerprint: 'f1', receipt, runId: 'r1' })
      await effects.intend(key, 'r2', 'f2', 3_000)
      expect(await effects.find(key)).toEqual({ status: 'intended', fingerprint: 'f2', receipt, runId: 'r2' })
      expect(await effects.find({ ...key, kind: 'check' })).toBeNull()
    })

    test('a receipt without an intent is an error', async () => {
      await expect(use().effects.record(key, { id: 1, url: 'u' }, 1_000)).rejects.toThrow(/no intent/)
    })

    test('once: new, then begun until it ended, then its result', async () => {
      const { effects } = use()
      expect(await effects.onceBegin('r1', 'charge')).toEqual({ state: 'new' })
      expect(await effects.onceBegin('r1', 'charge')).toEqual({ state: 'begun' })
      await effects.onceEnd('r1', 'charge', { paid: [1, null] }, 1_000)
      expect(await effects.onceBegin('r1', 'charge')).toEqual({ state: 'done', result: { paid: [1, null] } })
      await effects.onceForget('r1', 'charge')
      expect(await effects.onceBegin('r1', 'charge')).toEqual({ state: 'new' })
      expect(await effects.onceBegin('r2', 'charge')).toEqual({ state: 'new' })
    })

    test.each([[undefined], [null], [0], ['']])('once: the result %j stays what it is', async (result) => {
      const { effects } = use()
      await effects.onceBegin('r1', 'k')
      await effects.onceEnd('r1', 'k', result, 1_000)
      expect(await effects.onceBegin('r1', 'k')).toStrictEqual({ state: 'done', result })
    })

    test('once: a run keeps so many bytes in all', async () => {
      const { effects } = use()
      expect(await effects.onceEnd('r1', 'a', '€'.repeat(10), 64)).toBe(true)
      expect(await effects.onceKept('r1')).toBe(32)
      expect(await effects.onceEnd('r1', 'b', 'x'.repeat(31), 64)).toBe(false)
      expect(await effects.onceEnd('r1', 'a', 'x'.repeat(62), 64)).toBe(true)
      const both = ['c', 'd'].map((key) => effects.onceEnd('r2', key, 'x'.repeat(40), 64))
      expect((await Promise.all(both)).toSorted()).toEqual([false, true])
      expect([await effects.onceKept('r1'), await effects.onceKept('r3')]).toEqual([64, 0])
    })

    test("a setting keeps the first writer's value", async () => {
      const { effects } = use()
      expect(await effects.setting('marker_key', 'one')).toBe('one')
      expect(await effects.setting('marker_key', 'two')).toBe('one')
    })
  })
}

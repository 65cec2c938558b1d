// What happens to messages when the store fails, the process stops, or answers cross each other.
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { openBench, openOutboxStore } from '../../testing/send/bench.ts'
import { silentLog } from '../lib/log.ts'
import { createOutbox } from './outbox.ts'
import type { SendResult } from './sender.ts'

test('a store that cannot be read is logged and read again', async () => {
  const bench = await openBench()
  vi.spyOn(bench.store, 'due').mockRejectedValueOnce(new Error('disk on fire'))
  vi.spyOn(bench.store, 'nextDue').mockRejectedValueOnce(new Error('disk on fire'))
  await bench.add('chat:a 1')
  await bench.pass(0)
  expect(bench.attempts).toEqual(['chat:a 1'])
  expect(bench.logged.some((line) => line.startsWith('error'))).toBe(true)
})

test('a message that was sent is not sent again because the mark failed', async () => {
  const bench = await openBench()
  const sent = vi.spyOn(bench.store, 'sent')
  for (let n = 0; n < 3; n++) sent.mockRejectedValueOnce(new Error('disk full'))
  await bench.add('chat:a 1', 'chat:a 2')
  await bench.pass(0)
  expect(bench.attempts).toEqual(['chat:a 1', 'chat:a 2'])
  expect(await bench.statuses()).toEqual(['sent', 'sent'])
})

test('at least once: stopped between the sending and the mark, the next process sends again', async () => {
  const first = await openBench()
  vi.spyOn(first.store, 'sent').mockRejectedValue(new Error('disk full'))
  await first.add('chat:a 1')
  first.outbox.wake()
  await vi.waitUntil(() => first.attempts.length === 1)
  await first.outbox.stop()
  vi.restoreAllMocks()
  const second = await openBench({ store: first.store })
  await second.pass(0)
  expect(second.attempts).toEqual(['chat:a 1'])
  expect(await first.statuses()).toEqual(['sent'])
})

test('stop waits for the sends in flight and takes no further row', async () => {
  const bench = await openBench()
  const answer = Promise.withResolvers<SendResult>()
  bench.answer = () => answer.promise
  await bench.add('chat:a 1', 'chat:a 2')
  bench.outbox.wake()
  await vi.waitUntil(() => bench.attempts.length === 1)
  let stopped = false
  const stopping = bench.outbox.stop().then(() => (stopped = true))
  for (let n = 0; n < 20; n++) await new Promise(setImmediate)
  expect(stopped).toBe(false)
  answer.resolve({ status: 'sent' })
  await stopping
  bench.outbox.wake()
  await bench.outbox.idle()
  expect(await bench.statuses()).toEqual(['sent', 'queued'])
  expect(bench.attempts).toHaveLength(1)
})

test('rows that were read while it was told to stop stay for the next start', async () => {
  const bench = await openBench()
  const { due } = bench.store
  const gate = Promise.withResolvers<void>()
  const reading = vi.spyOn(bench.store, 'due').mockImplementation(async (now, limit) => {
    const rows = await due(now, limit)
    await gate.promise
    return rows
  })
  await bench.add('chat:a 1')
  bench.outbox.wake()
  await vi.waitUntil(() => reading.mock.calls.length > 0)
  const stopped = bench.outbox.stop()
  gate.resolve()
  await stopped
  expect(bench.attempts).toEqual([])
})

test('a send that outlasts the grace is aborted and stays to be sent', async () => {
  const bench = await openBench({ stopGraceMs: 1 })
  bench.answer = (_address, _text, signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve({ status: 'again', afterMs: null, error: 'aborted' }))
    })
  await bench.add('chat:a 1')
  bench.outbox.wake()
  await vi.waitUntil(() => bench.attempts.length === 1)
  await bench.outbox.stop()
  expect((await bench.rows())[0]).toMatchObject({ status: 'queued', lastError: 'aborted' })
})

test('before the start and after the stop nothing is sent, and it counts as idle', async () => {
  const bench = await openBench()
  await bench.outbox.stop()
  await bench.add('chat:a 1')
  const unstarted = createOutbox({
    store: bench.store,
    senders: new Map(),
    clock: () => bench.now,
    log: silentLog,
  })
  for (const outbox of [bench.outbox, unstarted]) {
    outbox.wake()
    await outbox.idle()
    await outbox.stop()
  }
  expect(await bench.statuses()).toEqual(['queued'])
})

test('whatever the timing of store and service, no row is sent twice and each address keeps its order', async () => {
  const turns = async (count: number) => {
    for (let n = 0; n < count; n++) await new Promise(setImmediate)
  }
  const scenario = fc.record({
    rows: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 25 }),
    parallel: fc.integer({ min: 1, max: 4 }),
    delays: fc.infiniteStream(fc.nat(4)),
  })
  const store = await openOutboxStore()
  let round = 0
  const holds = fc.asyncProperty(scenario, async ({ rows, parallel, delays }) => {
    const delay = () => turns(delays.next().value as number)
    const bench = await openBench({
      parallel,
      store: {
        ...store,
        // The rows are read first and arrive later: whatever happens between makes them stale.
        async due(now, limit) {
          const found = await store.due(now, limit)
          await delay()
          return found
        },
        async sent(id, at) {
          await delay()
          await store.sent(id, at)
        },
      },
    })
    bench.answer = async () => {
      await delay()
      return { status: 'sent' }
    }
    round++
    for (const [n, name] of rows.entries()) {
      await bench.add(`chat:${round}${name} ${n}`)
      bench.outbox.wake()
      await delay()
    }
    await bench.outbox.idle()
    await bench.outbox.stop()
    for (const name of new Set(rows)) {
      const wanted = rows.flatMap((row, n) => (row === name ? [`chat:${round}${name} ${n}`] : []))
      expect(bench.attempts.filter((line) => line.startsWith(`chat:${round}${name} `))).toEqual(wanted)
    }
  })
  await fc.assert(holds, { numRuns: 60 })
})

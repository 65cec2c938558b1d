// Every row is sent in its order, and marked only after the service took it; nothing is lost or given up
// because a service is away.
import { expect, test, vi } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { openBench } from '../../testing/send/bench.ts'
import type { SendResult } from './sender.ts'

const away: SendResult = { status: 'again', afterMs: null, error: 'unreachable' }

test('rows leave in order per address, and are marked sent', async () => {
  const bench = await openBench()
  await bench.add('chat:a 1', 'chat:b 1', 'chat:a 2', 'chat:a 3')
  await bench.pass(0)
  expect(bench.attempts.filter((line) => line.startsWith('chat:a'))).toEqual([
    'chat:a 1',
    'chat:a 2',
    'chat:a 3',
  ])
  expect(bench.attempts).toContain('chat:b 1')
  expect(await bench.statuses()).toEqual(['sent', 'sent', 'sent', 'sent'])
})

test('different addresses are written to side by side, up to the bound', async () => {
  const bench = await openBench({ parallel: 3 })
  let under = 0
  let most = 0
  const gate = Promise.withResolvers<void>()
  bench.answer = async () => {
    most = Math.max(most, ++under)
    if (under === 3) gate.resolve()
    await gate.promise
    under--
    return { status: 'sent' }
  }
  await bench.add(...Array.from({ length: 9 }, (_, n) => `chat:${n} x`))
  await bench.pass(0)
  expect(most).toBe(3)
  expect(bench.attempts).toHaveLength(9)
})

test('an address that is slow holds up no other', async () => {
  const bench = await openBench({ parallel: 2 })
  const slow = Promise.withResolvers<SendResult>()
  bench.answer = (address) => (address === 'chat:slow' ? slow.promise : { status: 'sent' })
  await bench.add('chat:slow 1', 'chat:slow 2', 'chat:a 1', 'chat:b 1', 'chat:c 1')
  bench.outbox.wake()
  await vi.waitUntil(async () => (await bench.statuses()).slice(2).every((status) => status === 'sent'))
  expect(bench.attempts.filter((line) => line.startsWith('chat:slow'))).toEqual(['chat:slow 1'])
  slow.resolve({ status: 'sent' })
  await bench.outbox.idle()
  expect(bench.attempts.at(-1)).toBe('chat:slow 2')
})

test('an unreachable service is tried again and again, ever more seldom, in order, and never given up', async () => {
  const bench = await openBench()
  bench.answer = () => away
  await bench.add('chat:a 1', 'chat:a 2')
  await bench.pass(0)
  for (const wait of [1_000, 2_000, 4_000, 8_000]) {
    await bench.pass(wait - 1)
    const before = bench.attempts.length
    await bench.pass(1)
    expect(bench.attempts.length).toBe(before + 1)
  }
  for (let n = 0; n < 50; n++) await bench.pass(300_000)
  expect((await bench.rows())[0]).toMatchObject({ status: 'queued', tries: 55, lastError: 'unreachable' })
  expect(bench.attempts.every((line) => line === 'chat:a 1')).toBe(true)
  expect(bench.logged.filter((line) => line.startsWith('warn'))).toHaveLength(1)
  bench.answer = () => ({ status: 'sent' })
  await bench.pass(300_000)
  expect(bench.attempts.at(-1)).toBe('chat:a 2')
})

test('a service that asks for a pause gets it, and only then the message', async () => {
  const bench = await openBench()
  bench.answer = () => ({ status: 'again', afterMs: 30_000, error: '429' })
  await bench.add('chat:a 1')
  await bench.pass(0)
  bench.answer = () => ({ status: 'sent' })
  await bench.pass(29_999)
  expect(bench.attempts).toHaveLength(1)
  await bench.pass(1)
  expect(await bench.statuses()).toEqual(['sent'])
})

test('told to pause at two addresses at once, it leaves the whole service alone', async () => {
  const bench = await openBench()
  bench.answer = () => ({ status: 'again', afterMs: 30_000, error: '429' })
  await bench.add('chat:a 1', 'chat:b 1')
  await bench.pass(0)
  bench.answer = () => ({ status: 'sent' })
  await bench.add('chat:c 1', 'other:d 1')
  await bench.pass(29_999)
  expect(bench.attempts).toEqual(['chat:a 1', 'chat:b 1'])
  expect(bench.logged.filter((line) => line.startsWith('info'))).toHaveLength(1)
  await bench.pass(1)
  expect(bench.attempts).toHaveLength(5)
})

test('a refused message is a dead letter with a warning, and the next one goes', async () => {
  const bench = await openBench()
  bench.answer = (_address, text) =>
    text === '1' ? { status: 'refused', error: 'chat not found' } : { status: 'sent' }
  await bench.add('chat:a 1', 'chat:a 2')
  await bench.pass(0)
  expect(await bench.rows()).toMatchObject([
    { status: 'dead', lastError: 'chat not found' },
    { status: 'sent' },
  ])
  expect(bench.logged.filter((line) => line.startsWith('warn'))).toHaveLength(1)
})

test.each([
  ['slack:https://hooks.example/T0/SECRET', 'slack:(hidden)', 1],
  ['https://example.com/SECRET', 'https:(hidden)', 1],
  ['nonsense', ':(hidden)', 1],
  ['log:', 'log:', 0],
])('%s has no sender of its own: its message goes to the log', async (address, label, warnings) => {
  const bench = await openBench()
  await bench.add(`${address} hello there`)
  await bench.pass(0)
  expect(await bench.statuses()).toEqual(['sent'])
  expect(bench.logged).toContain(`info {"to":"${label}"} hello there`)
  expect(bench.logged.filter((line) => line.startsWith('warn'))).toHaveLength(warnings)
  expect(bench.logged.join()).not.toContain('SECRET')
})

test('a sender that throws is tried again without a word of its error, and given up in the end', async () => {
  const bench = await openBench()
  bench.answer = () => Promise.reject(new RangeError('https://api/botSECRET'))
  await bench.add('chat:a 1', 'chat:a 2')
  for (let n = 0; n < 10; n++) await bench.pass(300_000)
  expect((await bench.rows())[0]).toMatchObject({
    status: 'dead',
    lastError: 'the chat sender threw RangeError',
  })
  expect(bench.logged.join()).not.toContain('SECRET')
})

test('a chat gets a small burst at once and then its pace', async () => {
  const bench = await openBench({ pace: { burst: 2, everyMs: 1_000 } })
  await bench.add('chat:a 1', 'chat:a 2', 'chat:a 3', 'chat:a 4', 'chat:b 1')
  await bench.pass(0)
  expect(bench.attempts.toSorted()).toEqual(['chat:a 1', 'chat:a 2', 'chat:b 1'])
  await bench.pass(999)
  expect(bench.attempts).toHaveLength(3)
  await bench.pass(1)
  expect(bench.attempts.at(-1)).toBe('chat:a 3')
  await bench.pass(1_000)
  expect(bench.attempts.at(-1)).toBe('chat:a 4')
})

test('addresses that are held back leave room for the others', async () => {
  const bench = await openBench({ parallel: 1, pace: { burst: 1, everyMs: 1_000 } })
  await bench.add(...Array.from({ length: 20 }, (_, n) => `chat:${n} first`))
  await bench.pass(0)
  await bench.add(...Array.from({ length: 20 }, (_, n) => `chat:${n} second`), 'chat:new first')
  await bench.pass(0)
  expect(bench.attempts.at(-1)).toBe('chat:new first')
})

test('it sleeps until the next row is due, without being woken', async () => {
  const bench = await openBench({ clock: systemClock })
  bench.now = systemClock() + 20
  await bench.add('chat:a later')
  await bench.outbox.idle()
  await vi.waitUntil(async () => (await bench.statuses())[0] === 'sent', { timeout: 30_000 })
})

test('with nothing to do it does not look at the store', async () => {
  const bench = await openBench()
  await bench.add('chat:a 1')
  await bench.pass(0)
  const due = vi.spyOn(bench.store, 'due')
  for (let n = 0; n < 200; n++) await new Promise(setImmediate)
  expect(due).not.toHaveBeenCalled()
})

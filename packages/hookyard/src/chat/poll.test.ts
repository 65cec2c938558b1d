// Updates by asking: in order, none lost, none twice, by one process at a time; and what Telegram refuses is said.
import { afterEach, expect, test, vi } from 'vitest'
import { until } from '../../../../test/installation.ts'
import { StoreError } from '../store/store.ts'
import { type Poller, type PollerOptions, createPoller } from './poll.ts'
import { type ChatBench, openChatBench } from '../../testing/chat/bench.ts'
import { recordingLog } from '../../testing/send/bench.ts'
import { readUpdate } from './update.ts'

const pollers: Poller[] = []
afterEach(async () => {
  for (const poller of pollers.splice(0)) await poller.stop()
})

function poll(bench: ChatBench, more: Partial<PollerOptions> = {}): Poller {
  const poller = createPoller({
    bot: bench.bot,
    store: bench.store,
    take: (update) => bench.conversation.take(update),
    owner: 'this process',
    clock: () => bench.now,
    log: recordingLog(bench.logged),
    random: () => 0,
    conflictMs: 20,
    unauthorizedMs: 20,
    leaseMs: 20,
    ...more,
  })
  pollers.push(poller)
  poller.start()
  return poller
}

const offsets = (bench: ChatBench) =>
  bench.telegram.calls
    .filter(({ method }) => method === 'getUpdates')
    .map(({ args }) => Number(args['offset']))
const asked = (bench: ChatBench, count = 1) => until(`poll ${count}`, () => offsets(bench).length >= count)
const errors = (bench: ChatBench) => bench.logged.filter((line) => line.startsWith('error'))

test('updates are taken in order, and confirmed only after they were taken', async () => {
  const bench = await openChatBench()
  const taken: number[] = []
  poll(bench, {
    take(update) {
      taken.push(readUpdate(update, '123456')?.updateId ?? 0)
      return Promise.resolve()
    },
  })
  await asked(bench)
  const sent = ['/a', '/b', '/c'].map((text) => bench.telegram.sendText(111, text).update_id)
  await until('three updates', () => taken.length >= 3)
  sent.push(bench.telegram.sendText(111, '/d').update_id)
  await until('a fourth update', () => taken.length >= 4)
  expect(taken).toEqual(sent)
  await until('the confirmation', () => offsets(bench).at(-1) === (sent.at(-1) ?? 0) + 1)
  expect(offsets(bench)[0]).toBe(0)
})

test('after a restart it goes on where it stopped', async () => {
  const bench = await openChatBench()
  const first = poll(bench)
  const { update_id: id } = bench.telegram.sendText(222, '/on pr-review')
  await until('the setting', async () => (await bench.store.chat.settings()).length === 1)
  await first.stop()
  const before = offsets(bench).length
  bench.telegram.sendText(222, '/off pr-review')
  poll(bench, { owner: 'the next process' })
  await until('the next setting', async () => (await bench.store.chat.settings())[0]?.value === 'off')
  expect(offsets(bench)[before]).toBe(id + 1)
  expect(await bench.answers()).toHaveLength(2)
})

test('after days of silence it asks for all there is, as Telegram may count anew, and repeats nothing', async () => {
  const bench = await openChatBench()
  await bench.conversation.take(bench.text(222, '/on pr-review'))
  bench.now += 2 * 86_400_000
  poll(bench)
  await asked(bench)
  expect(offsets(bench)[0]).toBe(0)
})

test('an update that cannot be taken is taken again, and those behind it wait', async () => {
  const bench = await openChatBench()
  const taken: number[] = []
  let failures = 2
  poll(bench, {
    take(update) {
      if (failures-- > 0) return Promise.reject(new StoreError('SQLITE_FULL', 'the disk is full'))
      taken.push(readUpdate(update, '123456')?.updateId ?? 0)
      return Promise.resolve()
    },
    random: () => -0.99,
  })
  await asked(bench)
  const sent = ['/a', '/b'].map((text) => bench.telegram.sendText(111, text).update_id)
  await until('both updates', () => taken.length >= 2)
  expect(taken).toEqual(sent)
  expect(errors(bench)).toEqual([expect.stringContaining('an update could not be taken; it is taken again')])
})

test('another program that polls is said once, and polling goes on when it has gone', async () => {
  const bench = await openChatBench()
  bench.telegram.failNext({ method: 'getUpdates', status: 409, times: 3 })
  poll(bench)
  bench.telegram.sendText(222, '/on pr-review')
  await until('the setting', async () => (await bench.store.chat.settings()).length === 1)
  expect(errors(bench)).toEqual([expect.stringContaining('another program takes this bot’s updates')])
  await until('the word that it is over', async () => bench.logged.some((line) => line.startsWith('info')))
})

test('a token that Telegram does not know names the setting, and is told to nobody', async () => {
  const bench = await openChatBench()
  bench.telegram.failNext({ method: 'getUpdates', status: 401, times: 2 })
  poll(bench)
  await asked(bench, 3)
  expect(errors(bench)).toEqual([expect.stringContaining('check telegram.bot_token')])
  expect(bench.logged.join()).not.toContain('secret_token')
})

test('an outage is waited out: said once, and once that it is over', async () => {
  const bench = await openChatBench()
  bench.telegram.failNext({ method: 'getUpdates', dropConnection: true })
  bench.telegram.failNext({ method: 'getUpdates', status: 502 })
  poll(bench, { random: () => -0.99 })
  bench.telegram.sendText(222, '/on pr-review')
  await until('the setting', async () => (await bench.store.chat.settings()).length === 1)
  const again = () => bench.logged.filter((line) => line.includes('Telegram answers again'))
  await until('the end of the outage', () => again().length > 0)
  expect(errors(bench).length).toBeGreaterThan(0)
  expect(again()).toHaveLength(1)
  expect(bench.logged.join()).not.toContain('secret_token')
})

test('of two processes one polls; the other takes over when it stops', async () => {
  const bench = await openChatBench()
  const first = poll(bench)
  await asked(bench)
  poll(bench, { owner: 'another process' })
  const takes = vi.spyOn(bench.store.leases, 'take')
  await until('the second one to look', () =>
    takes.mock.calls.some(([, owner]) => owner === 'another process'),
  )
  expect(errors(bench)).toEqual([])
  const before = offsets(bench).length
  await first.stop()
  await asked(bench, before + 1)
  expect(errors(bench)).toEqual([])
})

test('one that has lost its lease asks no more until it has it again', async () => {
  const bench = await openChatBench()
  poll(bench)
  await asked(bench)
  // It slept for longer than its lease, and another process took it.
  const { leases } = bench.store
  expect(await leases.take('telegram:42', 'another process', bench.now + 100, bench.now + 110)).toBe(true)
  const tried = vi.spyOn(leases, 'take')
  await until('it to look again and again', () => tried.mock.calls.length >= 4)
  const before = offsets(bench).length
  await until('it to look once more', () => tried.mock.calls.length >= 6)
  expect(offsets(bench)).toHaveLength(before)
  await leases.release('telegram:42', 'another process')
  await asked(bench, before + 1)
  expect(errors(bench)).toEqual([])
})

test('an answer of nothing that comes at once is not asked for again at once', async () => {
  const bench = await openChatBench()
  let asked = 0
  vi.spyOn(bench.bot.api, 'getUpdates').mockImplementation(() => {
    asked += 1
    return Promise.resolve([])
  })
  const poller = poll(bench, { emptyMs: 3_600_000 })
  await until('the first question', () => asked > 0)
  const tried = vi.spyOn(bench.store.leases, 'take')
  await until('some time to pass', () => tried.mock.calls.length >= 3)
  expect(asked).toBe(1)
  await poller.stop()
})

test('stopping does not wait for the poll under way', async () => {
  const bench = await openChatBench()
  const poller = poll(bench)
  await asked(bench)
  await poller.stop()
  expect(await bench.store.leases.take('telegram:42', 'another process', bench.now, bench.now + 1)).toBe(true)
})

// The outbox and the Telegram sender together, over real HTTP.
import { expect, test } from 'vitest'
import { openBench } from '../../testing/send/bench.ts'
import { openTelegram } from '../../testing/send/telegram.ts'

async function openTelegramBench() {
  const { telegram, sender } = await openTelegram()
  const bench = await openBench({ senders: new Map([[sender.scheme, sender]]) })
  const shown = () => telegram.messages.map(({ chat_id, text }) => `${chat_id} ${text}`)
  return { telegram, bench, shown }
}

test('messages reach their chats in order', async () => {
  const { bench, shown } = await openTelegramBench()
  await bench.add('telegram:1 first', 'telegram:-2 <group>', 'telegram:1 second')
  await bench.pass(0)
  expect(shown().toSorted()).toEqual(['-2 <group>', '1 first', '1 second'])
  expect(shown().indexOf('1 first')).toBeLessThan(shown().indexOf('1 second'))
})

test('a 429 is obeyed to the second, and nothing is lost or out of order', async () => {
  const { telegram, bench, shown } = await openTelegramBench()
  telegram.failNext({ retryAfter: 3 })
  await bench.add('telegram:1 first', 'telegram:1 second')
  await bench.pass(0)
  await bench.pass(2_999)
  expect(telegram.calls).toHaveLength(1)
  await bench.pass(1)
  expect(shown()).toEqual(['1 first', '1 second'])
  expect(await bench.statuses()).toEqual(['sent', 'sent'])
})

test('an outage of the service loses nothing', async () => {
  const { telegram, bench, shown } = await openTelegramBench()
  telegram.failNext({ status: 502, times: 3 })
  telegram.failNext({ dropConnection: true, times: 2 })
  await bench.add('telegram:1 first', 'telegram:1 second')
  for (let n = 0; n < 6; n++) await bench.pass(60_000)
  expect(shown()).toEqual(['1 first', '1 second'])
})

test('an answer that was lost means the message twice, never not at all', async () => {
  const { telegram, bench, shown } = await openTelegramBench()
  telegram.failNext({ dropConnection: true, afterEffect: true })
  await bench.add('telegram:1 x')
  await bench.pass(0)
  await bench.pass(1_000)
  expect(shown()).toEqual(['1 x', '1 x'])
  expect(await bench.statuses()).toEqual(['sent'])
})

test('a burst into one chat is slowed down to its pace', async () => {
  const { bench, shown } = await openTelegramBench()
  await bench.add(...Array.from({ length: 25 }, (_, n) => `telegram:1 ${n}`))
  await bench.pass(0)
  expect(shown()).toHaveLength(20)
  await bench.pass(3_000)
  expect(shown()).toHaveLength(23)
  await bench.pass(2_000)
  expect(shown()).toEqual(Array.from({ length: 25 }, (_, n) => `1 ${n}`))
})

test('a chat that is gone is a dead letter; no other chat notices', async () => {
  const { telegram, bench } = await openTelegramBench()
  telegram.block(1)
  await bench.add('telegram:1 x', 'telegram:2 x')
  await bench.pass(0)
  expect(await bench.rows()).toMatchObject([
    { status: 'dead', lastError: 'Telegram refused it (403: Forbidden: bot was blocked by the user)' },
    { status: 'sent' },
  ])
})

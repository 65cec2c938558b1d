// The outbox and the Telegram sender together, over real HTTP.
import { expect, test } from 'vitest'
import { silentLog } from '../lib/log.ts'
import { createTelegramSender } from './telegram.ts'
import { openBench } from './testing/bench.ts'
import { refuses, startBotApi } from './testing/bot-api.ts'

async function openTelegramBench() {
  const api = await startBotApi()
  const sender = createTelegramSender({ botToken: '1:secret', apiUrl: api.url, log: silentLog })
  const bench = await openBench({ senders: new Map([[sender.scheme, sender]]) })
  const received = () => api.calls.map(({ body }) => `${String(body.chat_id)} ${String(body.text)}`)
  return { api, bench, received }
}

test('messages reach their chats in order', async () => {
  const { bench, received } = await openTelegramBench()
  await bench.add('telegram:1 first', 'telegram:-2 <group>', 'telegram:1 second')
  await bench.pass(0)
  expect(received().toSorted()).toEqual(['-2 &lt;group&gt;', '1 first', '1 second'])
  expect(received().indexOf('1 first')).toBeLessThan(received().indexOf('1 second'))
})

test('a 429 is obeyed to the second, and nothing is lost or out of order', async () => {
  const { api, bench, received } = await openTelegramBench()
  api.answers.push(refuses(429, 'Too Many Requests: retry after 3', { retry_after: 3 }))
  await bench.add('telegram:1 first', 'telegram:1 second')
  await bench.pass(0)
  await bench.pass(2_999)
  expect(received()).toEqual(['1 first'])
  await bench.pass(1)
  expect(received()).toEqual(['1 first', '1 first', '1 second'])
  expect(await bench.statuses()).toEqual(['sent', 'sent'])
})

test('a burst into one chat is slowed down to its pace', async () => {
  const { bench, received } = await openTelegramBench()
  await bench.add(...Array.from({ length: 25 }, (_, n) => `telegram:1 ${n}`))
  await bench.pass(0)
  expect(received()).toHaveLength(20)
  await bench.pass(3_000)
  expect(received()).toHaveLength(23)
  await bench.pass(2_000)
  expect(received()).toEqual(Array.from({ length: 25 }, (_, n) => `1 ${n}`))
})

test('a chat that is gone is a dead letter; no other chat notices', async () => {
  const { api, bench } = await openTelegramBench()
  api.answers.push(refuses(403, 'Forbidden: bot was blocked by the user'))
  await bench.add('telegram:1 x')
  await bench.pass(0)
  await bench.add('telegram:2 x')
  await bench.pass(0)
  expect(await bench.rows()).toMatchObject([
    { status: 'dead', lastError: 'Telegram refused it (403: Forbidden: bot was blocked by the user)' },
    { status: 'sent' },
  ])
})

// One message to one chat: what Telegram says decides between sent, again and refused, and the bot token
// is never told.
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { refuses, says, startBotApi } from './testing/bot-api.ts'
import { textLines } from './message.ts'
import type { Message } from './message.ts'
import { recordingLog } from './testing/bench.ts'
import { createTelegramSender } from './telegram.ts'
import type { TelegramOptions } from './telegram.ts'

const botToken = '123456:AAE-secret_token'
const message: Message = {
  lines: [[{ bold: 'PR <#1>' }, ' & more'], [{ link: 'https://x.y/', text: 'Compare' }]],
}

async function openTelegram(options: Partial<TelegramOptions> = {}) {
  const api = await startBotApi()
  const logged: string[] = []
  const sender = createTelegramSender({ botToken, apiUrl: api.url, log: recordingLog(logged), ...options })
  return {
    api,
    logged,
    send: (address = 'telegram:111', what = message) => sender.send(address, what),
    sender,
  }
}

test('a message goes out as HTML, to the chat, without a preview', async () => {
  const { api, send } = await openTelegram()
  expect(await send()).toEqual({ status: 'sent' })
  expect(api.calls).toEqual([
    {
      path: `/bot${botToken}/sendMessage`,
      body: {
        chat_id: 111,
        text: '<b>PR &lt;#1&gt;</b> &amp; more\n<a href="https://x.y/">Compare</a>',
        parse_mode: 'HTML',
        link_preview_options: { is_disabled: true },
      },
    },
  ])
})

test('a plain message goes without a parse mode, as it is', async () => {
  const { api, send } = await openTelegram()
  await send('telegram:-100222', { lines: textLines('<b>\n&'), plain: true })
  expect(api.calls[0]!.body).toMatchObject({ chat_id: -100222, text: '<b>\n&' })
  expect(api.calls[0]!.body).not.toHaveProperty('parse_mode')
})

test('refused formatting is sent once more as the same text plain', async () => {
  const { api, send } = await openTelegram()
  api.answers.push(refuses(400, "Bad Request: can't parse entities: Unsupported start tag"))
  expect(await send()).toEqual({ status: 'sent' })
  expect(api.calls).toHaveLength(2)
  expect(api.calls[1]!.body).toMatchObject({ text: 'PR <#1> & more\nCompare: https://x.y/' })
  expect(api.calls[1]!.body).not.toHaveProperty('parse_mode')
})

test('formatting refused of plain text too is a refusal, not a third try', async () => {
  const { api, send } = await openTelegram()
  const unparsable = refuses(400, "Bad Request: can't parse entities")
  api.answers.push(unparsable, unparsable)
  expect(await send()).toMatchObject({ status: 'refused' })
  expect(api.calls).toHaveLength(2)
})

test.each<[string, (response: ServerResponse) => void, string, number | null]>([
  ['429', refuses(429, 'Too Many Requests: retry after 7', { retry_after: 7 }), 'again', 7_000],
  ['429 without a time', refuses(429, 'Too Many Requests'), 'again', null],
  ['429 with nonsense', refuses(429, 'Too Many Requests', { retry_after: 'soon' }), 'again', null],
  ['500', refuses(500, 'Internal Server Error'), 'again', null],
  ['502 with HTML', says(502, '<html>Bad Gateway</html>'), 'again', null],
  ['an empty answer', says(200, ''), 'again', null],
  ['null', says(200, 'null'), 'again', null],
  ['a list', says(200, []), 'again', null],
  ['a connection cut', (response) => response.destroy(), 'again', null],
  ['an unknown bot', refuses(401, 'Unauthorized'), 'again', null],
  ['a malformed token', refuses(404, 'Not Found'), 'again', null],
  ['no such chat', refuses(400, 'Bad Request: chat not found'), 'refused', null],
  ['a blocked bot', refuses(403, 'Forbidden: bot was blocked by the user'), 'refused', null],
])('%s', async (_name, answer, status, afterMs) => {
  const { api, send } = await openTelegram()
  api.answers.push(answer)
  const result = await send()
  expect(result).toMatchObject(status === 'again' ? { status, afterMs } : { status })
  expect(JSON.stringify(result)).not.toContain('secret_token')
})

test('a group that became a supergroup gets the message at its new id, and the next one at once', async () => {
  const { api, send, logged } = await openTelegram()
  const moved = refuses(400, 'Bad Request: group chat was upgraded to a supergroup chat', {
    migrate_to_chat_id: -100999,
  })
  api.answers.push(moved)
  expect(await send('telegram:-5')).toEqual({ status: 'sent' })
  expect(await send('telegram:-5')).toEqual({ status: 'sent' })
  expect(api.calls.map(({ body }) => body.chat_id)).toEqual([-5, -100999, -100999])
  expect(logged.filter((line) => line.startsWith('warn'))).toHaveLength(1)
})

test('a chat that sends us round in circles is refused, not followed for ever', async () => {
  const { api, send } = await openTelegram()
  for (const id of [-2, -1, -2]) api.answers.push(refuses(400, 'upgraded', { migrate_to_chat_id: id }))
  expect(await send('telegram:-1')).toMatchObject({ status: 'refused' })
  expect(api.calls).toHaveLength(2)
})

test('nobody listening is a reason to try again, without the URL', async () => {
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address() as AddressInfo
      server.close(() => resolve(free))
    })
  })
  const { send } = await openTelegram({ apiUrl: `http://127.0.0.1:${port}/` })
  const result = await send()
  expect(result).toEqual({
    status: 'again',
    afterMs: null,
    error: 'Telegram could not be reached: ECONNREFUSED',
  })
})

test('no answer in time is a reason to try again', async () => {
  const { api, send } = await openTelegram({ timeoutMs: 20 })
  api.answers.push(() => {})
  const result = await send()
  expect(result).toMatchObject({ status: 'again', afterMs: null })
  expect(JSON.stringify(result)).not.toContain('secret_token')
})

test('an aborted send is tried again', async () => {
  const { api, sender } = await openTelegram()
  const abort = new AbortController()
  api.answers.push(() => abort.abort())
  expect(await sender.send('telegram:111', message, abort.signal)).toMatchObject({ status: 'again' })
  expect(await sender.send('telegram:111', message, abort.signal)).toMatchObject({ status: 'again' })
})

test('a token that Telegram echoes does not reach the error', async () => {
  const { api, send } = await openTelegram()
  api.answers.push(
    refuses(403, `Forbidden: ${botToken}\n${encodeURIComponent(botToken)} ${'x'.repeat(9_000)}`),
  )
  const result = await send()
  expect(result).toMatchObject({ status: 'refused' })
  expect(JSON.stringify(result)).not.toContain('secret_token')
  expect(JSON.stringify(result).length).toBeLessThan(500)
})

test.each(['telegram:', 'telegram:abc', 'telegram:1e9', 'telegram:1 2', 'telegram:@', '111'])(
  'the address %s is refused before anything is sent',
  async (address) => {
    const { api, send } = await openTelegram()
    expect(await send(address)).toMatchObject({ status: 'refused' })
    expect(api.calls).toEqual([])
  },
)

test('an empty message is never sent', async () => {
  const { api, send } = await openTelegram()
  expect(await send('telegram:111', { lines: [[' '], []] })).toMatchObject({ status: 'refused' })
  expect(api.calls).toEqual([])
})

test('a channel is written to by its name', async () => {
  const { api, send } = await openTelegram()
  await send('telegram:@octochannel')
  expect(api.calls[0]!.body.chat_id).toBe('@octochannel')
})

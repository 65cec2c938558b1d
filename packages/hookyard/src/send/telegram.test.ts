// One message to one chat: what Telegram says decides between sent, again and refused, and the bot token
// is never told.
import { expect, test } from 'vitest'
import type { TelegramFault } from '@hookyard/standins/telegram'
import { textLines } from './message.ts'
import type { Message } from './message.ts'
import { startGarbledBotApi } from '../../testing/send/garbled-bot-api.ts'
import { BOT_TOKEN, openTelegram } from '../../testing/send/telegram.ts'

const message: Message = {
  lines: [[{ bold: 'PR <#1>' }, ' & more'], [{ link: 'https://x.y/', text: 'Compare' }]],
}

test('a message is shown as it was meant, without a preview of its links', async () => {
  const { telegram, send } = await openTelegram()
  expect(await send('telegram:111', message)).toEqual({ status: 'sent' })
  expect(telegram.messages).toMatchObject([
    {
      chat_id: 111,
      parse_mode: 'HTML',
      text: 'PR <#1> & more\nCompare',
      entities: [
        { type: 'bold', offset: 0, length: 7 },
        { type: 'text_link', url: 'https://x.y/' },
      ],
    },
  ])
  expect(telegram.calls[0]!.args.link_preview_options).toEqual({ is_disabled: true })
  expect(telegram.violations).toEqual([])
})

test('a plain message goes without a parse mode, as it is', async () => {
  const { telegram, send } = await openTelegram()
  await send('telegram:-100222', { lines: textLines('<b>\n&'), plain: true })
  expect(telegram.messages).toMatchObject([{ chat_id: -100222, parse_mode: null, text: '<b>\n&' }])
})

test('refused formatting is sent once more as the same text plain', async () => {
  const { telegram, send } = await openTelegram()
  telegram.failNext({ status: 400, description: "Bad Request: can't parse entities: Unsupported start tag" })
  expect(await send('telegram:111', message)).toEqual({ status: 'sent' })
  expect(telegram.messages).toMatchObject([
    { parse_mode: null, text: 'PR <#1> & more\nCompare: https://x.y/' },
  ])
})

test('formatting refused of plain text too is a refusal, not a third try', async () => {
  const { telegram, send } = await openTelegram()
  telegram.failNext({ status: 400, description: "Bad Request: can't parse entities", times: 5 })
  expect(await send('telegram:111', message)).toMatchObject({ status: 'refused' })
  expect(telegram.calls).toHaveLength(2)
})

test.each<[string, TelegramFault, string, number | null]>([
  ['429', { retryAfter: 7 }, 'again', 7_000],
  ['429 without a time', { status: 429, description: 'Too Many Requests' }, 'again', null],
  ['500', { status: 500 }, 'again', null],
  ['502', { status: 502 }, 'again', null],
  ['a connection cut', { dropConnection: true }, 'again', null],
  ['an answer that was lost', { dropConnection: true, afterEffect: true }, 'again', null],
  ['a revoked token', { status: 401 }, 'again', null],
  ['a malformed token', { status: 404, description: 'Not Found' }, 'again', null],
  ['another 400', { status: 400, description: 'Bad Request: not enough rights' }, 'refused', null],
])('%s', async (_name, fault, status, afterMs) => {
  const { telegram, send } = await openTelegram()
  telegram.failNext(fault)
  const result = await send('telegram:111', message)
  expect(result).toMatchObject(status === 'again' ? { status, afterMs } : { status })
  expect(JSON.stringify(result)).not.toContain('secret_token')
})

test.each<[string, number, unknown]>([
  ['a proxy in the way', 502, '<html>Bad Gateway</html>'],
  ['an empty answer', 200, ''],
  ['null', 200, 'null'],
  ['a list', 200, []],
  ['a refusal without a code', 400, { ok: false }],
  ['nonsense for a time', 429, { ok: false, error_code: 429, parameters: { retry_after: 'soon' } }],
])('%s is a reason to try again', async (_name, status, body) => {
  const { send } = await openTelegram({ apiUrl: await startGarbledBotApi(status, body) })
  const result = await send('telegram:111', message)
  expect(result).toMatchObject({ status: 'again', afterMs: null })
  expect(JSON.stringify(result)).not.toContain('secret_token')
})

test('a chat that does not exist and one that blocked the bot are refusals', async () => {
  const { telegram, send } = await openTelegram({ standin: { chats: [1, 2] } })
  telegram.block(2)
  expect(await send('telegram:1', message)).toEqual({ status: 'sent' })
  expect(await send('telegram:2', message)).toEqual({
    status: 'refused',
    error: 'Telegram refused it (403: Forbidden: bot was blocked by the user)',
  })
  expect(await send('telegram:3', message)).toEqual({
    status: 'refused',
    error: 'Telegram refused it (400: Bad Request: chat not found)',
  })
})

test('a token that Telegram does not know names the setting, not the token', async () => {
  const { send } = await openTelegram({ botToken: '9:another' })
  expect(await send('telegram:111', message)).toEqual({
    status: 'again',
    afterMs: null,
    error: 'Telegram does not know the bot (401: Unauthorized): check telegram.bot_token',
  })
})

test('a group that became a supergroup gets the message at its new id, and the next one at once', async () => {
  const { telegram, send, logged } = await openTelegram()
  telegram.migrate(-5, -1_000_999)
  expect(await send('telegram:-5', message)).toEqual({ status: 'sent' })
  expect(await send('telegram:-5', message)).toEqual({ status: 'sent' })
  expect(telegram.messages.map(({ chat_id }) => chat_id)).toEqual([-1_000_999, -1_000_999])
  expect(telegram.calls).toHaveLength(3)
  expect(logged.filter((line) => line.startsWith('warn'))).toHaveLength(1)
})

test('a chat that sends us round in circles is refused, not followed for ever', async () => {
  const { telegram, send } = await openTelegram()
  telegram.migrate(-1, -2)
  telegram.migrate(-2, -1)
  expect(await send('telegram:-1', message)).toMatchObject({ status: 'refused' })
  expect(telegram.calls).toHaveLength(2)
})

test('nobody listening is a reason to try again, told without the URL', async () => {
  const { telegram, send } = await openTelegram()
  await telegram.close()
  expect(await send('telegram:111', message)).toEqual({
    status: 'again',
    afterMs: null,
    error: 'Telegram could not be reached: ECONNREFUSED',
  })
})

test('no answer in time is a reason to try again', async () => {
  const { telegram, send } = await openTelegram({ timeoutMs: 20 })
  telegram.failNext({ hang: true })
  expect(await send('telegram:111', message)).toMatchObject({ status: 'again', afterMs: null })
})

test('an aborted send is tried again', async () => {
  const { telegram, sender } = await openTelegram()
  telegram.failNext({ hang: true })
  const abort = new AbortController()
  const sending = sender.send('telegram:111', message, abort.signal)
  abort.abort()
  expect(await sending).toMatchObject({ status: 'again' })
  expect(await sender.send('telegram:111', message, abort.signal)).toMatchObject({ status: 'again' })
  expect(telegram.messages).toEqual([])
})

test('a token that Telegram echoes does not reach the error', async () => {
  const { telegram, send } = await openTelegram()
  const description = `Forbidden: ${BOT_TOKEN}\n${encodeURIComponent(BOT_TOKEN)} ${'x'.repeat(9_000)}`
  telegram.failNext({ status: 403, description })
  const result = await send('telegram:111', message)
  expect(result).toMatchObject({ status: 'refused' })
  expect(JSON.stringify(result)).not.toContain('secret_token')
  expect(JSON.stringify(result).length).toBeLessThan(500)
})

test.each(['telegram:', 'telegram:abc', 'telegram:1e9', 'telegram:1 2', 'telegram:@', '111'])(
  'the address %s is refused before anything is sent',
  async (address) => {
    const { telegram, send } = await openTelegram()
    expect(await send(address, message)).toMatchObject({ status: 'refused' })
    expect(telegram.calls).toEqual([])
  },
)

test('an empty message is never sent', async () => {
  const { telegram, send } = await openTelegram()
  expect(await send('telegram:111', { lines: [[' '], []] })).toMatchObject({ status: 'refused' })
  expect(telegram.calls).toEqual([])
})

test('a channel is written to by its name', async () => {
  const { telegram, send } = await openTelegram()
  await send('telegram:@octochannel', message)
  expect(telegram.calls[0]!.args.chat_id).toBe('@octochannel')
})

test('buttons go below the message in their rows, also when its formatting is refused', async () => {
  const { telegram, send } = await openTelegram()
  const buttons = [
    [
      { text: 'Yes <3', data: 'answer:run:1:0' },
      { text: 'No', data: 'answer:run:1:1' },
    ],
    [{ text: 'Later', data: 'x' }],
  ]
  telegram.failNext({ status: 400, description: "Bad Request: can't parse entities: Unsupported start tag" })
  expect(await send('telegram:111', { ...message, buttons })).toEqual({ status: 'sent' })
  expect(telegram.messages).toMatchObject([
    {
      parse_mode: null,
      reply_markup: {
        inline_keyboard: [
          [
            { text: 'Yes <3', callback_data: 'answer:run:1:0' },
            { text: 'No', callback_data: 'answer:run:1:1' },
          ],
          [{ text: 'Later', callback_data: 'x' }],
        ],
      },
    },
  ])
  expect(telegram.violations).toEqual([])
})

test('a message without buttons carries no keyboard', async () => {
  const { telegram, send } = await openTelegram()
  await send('telegram:111', message)
  expect(telegram.calls[0]!.args.reply_markup).toBeUndefined()
})

// The stand-in is a Bot API to grammY, refuses what the Bot API refuses, and shows what a person would see.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Bot, GrammyError } from 'grammy'
import { expect, onTestFinished, test } from 'vitest'
import { startTelegram } from './telegram.ts'
import type { TelegramOptions } from './telegram.ts'

async function open(options: TelegramOptions = {}) {
  const telegram = await startTelegram(options)
  onTestFinished(() => telegram.close())
  const bot = new Bot(telegram.token, { client: { apiRoot: telegram.url } })
  return { telegram, bot, api: bot.api }
}

test('grammY sends, edits and decorates messages', async () => {
  const { telegram, api } = await open()
  expect(await api.getMe()).toMatchObject({ is_bot: true, username: 'hookyard_bot' })
  const reply_markup = {
    inline_keyboard: [
      [
        { text: 'Yes', callback_data: 'yes' },
        { text: 'See', url: 'https://example.com' },
      ],
    ],
  }
  const sent = await api.sendMessage(111, '<b>Bold</b> &amp; plain', { parse_mode: 'HTML', reply_markup })
  expect(sent).toMatchObject({ chat: { id: 111, type: 'private' }, text: 'Bold & plain', reply_markup })
  await api.editMessageText(111, sent.message_id, 'Changed')
  await api.editMessageReplyMarkup(111, sent.message_id, { reply_markup })
  await api.sendChatAction(111, 'typing')
  await api.setMyCommands([{ command: 'why', description: 'What happened' }])
  expect(telegram.messages).toMatchObject([{ chat_id: 111, text: 'Changed', reply_markup, entities: [] }])
  expect(telegram.commands).toEqual([{ command: 'why', description: 'What happened' }])
  expect(telegram.actions).toEqual([{ chat_id: 111, action: 'typing' }])
  expect(telegram.violations).toEqual([])
})

test('keeps what was sent beside what is seen', async () => {
  const { telegram, api } = await open({ clock: () => 1_700_000_000_000 })
  await api.sendMessage(111, '  <b>Push</b> to <code>a&lt;b</code>\n', { parse_mode: 'HTML' })
  expect(telegram.messages[0]).toEqual({
    message_id: 1,
    chat_id: 111,
    text: 'Push to a<b',
    raw: '  <b>Push</b> to <code>a&lt;b</code>\n',
    parse_mode: 'HTML',
    entities: [
      { type: 'bold', offset: 0, length: 4 },
      { type: 'code', offset: 8, length: 3 },
    ],
    reply_markup: null,
    at: 1_700_000_000_000,
    editedAt: null,
  })
})

test('takes forms as it takes JSON', async () => {
  const { telegram } = await open()
  const entities = JSON.stringify([{ type: 'bold', offset: 0, length: 3 }])
  const call = (body: FormData | URLSearchParams) =>
    fetch(`${telegram.url}/bot${telegram.token}/SendMessage`, { method: 'POST', body })
  const fields = { chat_id: '-5', text: '[1] is not JSON', entities }
  const multipart = new FormData()
  for (const [key, value] of Object.entries(fields)) multipart.set(key, value)
  expect((await call(new URLSearchParams(fields))).status).toBe(200)
  expect((await call(multipart)).status).toBe(200)
  const seen = { chat_id: -5, text: '[1] is not JSON', entities: [{ type: 'bold' }] }
  expect(telegram.messages).toMatchObject([seen, seen])
})

const long = 'x'.repeat(4_096)
const key = (data: string) => ({ reply_markup: { inline_keyboard: [[{ text: 'x', callback_data: data }]] } })

test.each<[string, string, Record<string, unknown>, string]>([
  ['no text', '', {}, 'message text is empty'],
  ['nothing but space', ' \n ', {}, 'text must be non-empty'],
  ['nothing but tags', '<b></b>', { parse_mode: 'HTML' }, 'text must be non-empty'],
  ['4097 characters', `${long}x`, {}, 'message is too long'],
  ['4097 UTF-16 units of emoji', `${'😀'.repeat(2_048)}x`, {}, 'message is too long'],
  ['an unknown parse mode', 'x', { parse_mode: 'Markdown3' }, 'unsupported parse_mode'],
  [
    'an unclosed tag',
    '<b>x',
    { parse_mode: 'HTML' },
    'can\'t parse entities: Can\'t find end tag corresponding to start tag "b"',
  ],
  [
    'an entity behind the text',
    'x',
    { entities: [{ type: 'bold', offset: 2, length: 1 }] },
    'entity begins after the end of the text at UTF-16 offset 2',
  ],
  [
    'an entity over the end',
    'abc',
    { entities: [{ type: 'bold', offset: 1, length: 9 }] },
    'entity beginning at UTF-16 offset 1 ends after the end',
  ],
  [
    'half an emoji',
    '😀',
    { entities: [{ type: 'bold', offset: 0, length: 1 }] },
    'ends in a middle of a UTF-16 symbol',
  ],
  [
    'an entity without a length',
    'x',
    { entities: [{ type: 'bold', offset: 0 }] },
    'can\'t parse MessageEntity: Can\'t find field "length"',
  ],
  [
    'an unknown entity',
    'x',
    { entities: [{ type: 'huge', offset: 0, length: 1 }] },
    'Unsupported type specified',
  ],
  ['65 bytes of callback data', 'x', key('ü'.repeat(32) + 'x'), 'BUTTON_DATA_INVALID'],
  [
    'a button that does nothing',
    'x',
    { reply_markup: { inline_keyboard: [[{ text: 'x' }]] } },
    'Text buttons are unallowed',
  ],
  [
    'a button to localhost',
    'x',
    { reply_markup: { inline_keyboard: [[{ text: 'x', url: 'http://localhost' }]] } },
    'Wrong HTTP URL',
  ],
  [
    'buttons that are not in rows',
    'x',
    { reply_markup: { inline_keyboard: [{ text: 'x' }] } },
    'must be an Array of Arrays',
  ],
])('refuses and reports %s', async (_, text, options, description) => {
  const { telegram, api } = await open()
  const sending = api.sendMessage(111, text, options)
  await expect(sending).rejects.toMatchObject({
    error_code: 400,
    description: expect.stringContaining(`Bad Request: `) as string,
  })
  await expect(sending).rejects.toThrow(description)
  expect(telegram.violations).toMatchObject([{ method: 'sendMessage', code: 400 }])
  expect(telegram.messages).toEqual([])
})

test('takes the longest message, counted after parsing', async () => {
  const { telegram, api } = await open()
  await api.sendMessage(111, `<b>${long}</b>\n`, { parse_mode: 'HTML' })
  expect(telegram.messages[0]?.text).toHaveLength(4_096)
  await api.sendMessage(111, 'x', key('x'.repeat(64)))
  expect(telegram.violations).toEqual([])
})

test('reports what the Bot API ignores or fixes without a word', async () => {
  const { telegram, api } = await open()
  const entities = [
    { type: 'code' as const, offset: 0, length: 4 },
    { type: 'bold' as const, offset: 2, length: 4 },
  ]
  await api.sendMessage(111, 'overlap', { entities, prase_mode: 'HTML' } as object)
  expect(telegram.messages[0]?.entities).toEqual([{ type: 'code', offset: 0, length: 4 }])
  expect(telegram.violations.map(({ code, message }) => [code, message])).toEqual([
    [200, 'the parameter prase_mode is not known'],
    [200, 'bold at 2+4 overlaps code at 0+4 and was dropped'],
  ])
})

test('knows its token, its methods and its chats', async () => {
  const { telegram, api } = await open({ chats: [111] })
  const stranger = new Bot('1:wrong', { client: { apiRoot: telegram.url } })
  await expect(stranger.api.getMe()).rejects.toMatchObject({ error_code: 401, description: 'Unauthorized' })
  await expect(api.raw.sendDice({ chat_id: 111, emoji: '🎲' })).rejects.toMatchObject({ error_code: 404 })
  await expect(api.sendMessage(112, 'x')).rejects.toMatchObject({
    error_code: 400,
    description: 'Bad Request: chat not found',
  })
  await expect(api.sendMessage('', 'x')).rejects.toThrow('chat_id is empty')
  telegram.sendText(112, 'hello')
  await api.sendMessage(112, 'hello yourself')
  telegram.block(112)
  await expect(api.sendMessage(112, 'x')).rejects.toMatchObject({
    error_code: 403,
    description: 'Forbidden: bot was blocked by the user',
  })
  telegram.migrate(-5, -1_000_000_000_005)
  await expect(api.sendMessage(-5, 'x')).rejects.toMatchObject({
    parameters: { migrate_to_chat_id: -1_000_000_000_005 },
  })
  expect(telegram.violations.map(({ code }) => code)).toEqual([404, 400])
})

test('fails as ordered, with the time to wait, or after the message has left', async () => {
  const { telegram, api } = await open()
  telegram.failNext({ method: 'sendmessage', retryAfter: 7 })
  await api.getMe()
  const limited = api.sendMessage(111, 'x').catch((error: unknown) => error)
  expect(await limited).toBeInstanceOf(GrammyError)
  expect(await limited).toMatchObject({
    error_code: 429,
    parameters: { retry_after: 7 },
    description: 'Too Many Requests: retry after 7',
  })
  telegram.failNext({ status: 400, description: 'Bad Request: ordered' })
  await expect(api.sendMessage(111, 'x')).rejects.toThrow('Bad Request: ordered')
  telegram.failNext({ status: 502, times: 2 })()
  telegram.failNext({ afterEffect: true })
  await expect(api.sendMessage(111, 'gone')).rejects.toThrow()
  expect(telegram.messages).toMatchObject([{ text: 'gone' }])
  expect(telegram.calls.map(({ method, status }) => [method, status])).toEqual(
    [
      ['sendMessage', 429],
      ['getMe', 200],
      ['sendMessage', 400],
      ['sendMessage', null],
    ].toSpliced(0, 2, ['getMe', 200], ['sendMessage', 429]),
  )
})

test('edits only what is there and different', async () => {
  const { api } = await open()
  const { message_id } = await api.sendMessage(111, 'same')
  await expect(api.editMessageText(111, message_id, '<b></b>same', { parse_mode: 'HTML' })).rejects.toThrow(
    'message is not modified',
  )
  await expect(api.editMessageText(111, 99, 'x')).rejects.toThrow('message to edit not found')
  await expect(api.editMessageText(112, message_id, 'x')).rejects.toThrow('message to edit not found')
})

test('a polling bot hears texts and buttons, in order and once', async () => {
  const { telegram, bot, api } = await open()
  const heard: string[] = []
  const question = await api.sendMessage(111, 'Well?', key('yes'))
  bot.command('why', (ctx) => void heard.push(`command ${ctx.match} by ${ctx.from?.username ?? ''}`))
  bot.on('callback_query:data', async (ctx) => {
    heard.push(`button ${ctx.callbackQuery.data} under ${ctx.callbackQuery.message?.message_id ?? 0}`)
    await ctx.answerCallbackQuery('Noted')
  })
  telegram.sendText(111, '/why a/b#1', { username: 'alice' })
  const polling = bot.start()
  onTestFinished(async () => {
    await bot.stop()
    await polling
  })
  await expect.poll(() => heard).toEqual(['command a/b#1 by alice'])
  telegram.press(question.message_id, 'yes')
  await expect.poll(() => telegram.answers).toMatchObject([{ text: 'Noted' }])
  expect(heard).toEqual(['command a/b#1 by alice', `button yes under ${question.message_id}`])
  await expect(api.answerCallbackQuery('1')).rejects.toThrow('query is too old')
})

test('one poller at a time, and none beside a webhook', async () => {
  const { telegram, api } = await open()
  const first = api.getUpdates({ timeout: 50 }).catch((error: unknown) => error)
  await expect.poll(() => telegram.calls.length).toBe(1)
  const second = api.getUpdates({ timeout: 50 })
  expect(await first).toMatchObject({
    error_code: 409,
    description: expect.stringContaining('terminated by other getUpdates') as string,
  })
  telegram.sendText(111, 'hello')
  const [update] = await second
  expect(update?.message?.text).toBe('hello')
  expect(await api.getUpdates({ offset: update?.update_id ?? 0 })).toHaveLength(1)
  expect(await api.getUpdates({ offset: (update?.update_id ?? 0) + 1 })).toEqual([])
  await api.setWebhook('https://example.com/hook')
  await expect(api.getUpdates()).rejects.toMatchObject({ error_code: 409 })
})

test('posts updates to a webhook with its secret, and again what was not taken', async () => {
  const { telegram, api } = await open()
  const received: unknown[] = []
  let status = 500
  const receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      received.push([
        request.headers['x-telegram-bot-api-secret-token'],
        (JSON.parse(body) as { message: { text: string } }).message.text,
      ])
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void receiver.close())
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/webhook/telegram`
  await expect(api.setWebhook('http://example.com')).rejects.toThrow('HTTPS')
  await expect(api.setWebhook(url, { secret_token: 'not allowed' })).rejects.toThrow('unallowed characters')
  await api.setWebhook(url, { secret_token: 'hush' })
  telegram.sendText(111, 'one')
  await telegram.posted()
  expect(await api.getWebhookInfo()).toMatchObject({
    pending_update_count: 1,
    last_error_message: expect.stringContaining('500') as string,
  })
  status = 200
  telegram.sendText(111, 'two')
  await telegram.posted()
  expect(received).toEqual([
    ['hush', 'one'],
    ['hush', 'one'],
    ['hush', 'two'],
  ])
  await api.deleteWebhook()
  expect(await api.getWebhookInfo()).toEqual({
    url: '',
    has_custom_certificate: false,
    pending_update_count: 0,
  })
})

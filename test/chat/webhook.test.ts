// Updates that Telegram posts: only with the bot's secret, each taken once, and sent again when they could not be.
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { closeInstallations, until } from '../installation.ts'
import { BOB, type ChatScene, openChat } from './scene.ts'

afterEach(closeInstallations)

const WEBHOOK_SECRET = 'a-webhook_Secret'

/** A port that was free a moment ago: Telegram is told the address before the server listens. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function openWebhook(): Promise<ChatScene> {
  const port = await freePort()
  const at = await openChat({
    telegram: { updates: 'webhook', webhook_secret: WEBHOOK_SECRET },
    config: { server: { port, public_url: `http://127.0.0.1:${port}` } },
  })
  await until('the registration', () => at.telegram.calls.some(({ method }) => method === 'setMyCommands'))
  return at
}

function post(at: ChatScene, body: unknown, secret: string | null = WEBHOOK_SECRET) {
  return fetch(`${at.service.url}/webhook/telegram`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: {
      'content-type': 'application/json',
      ...(secret === null ? {} : { 'x-telegram-bot-api-secret-token': secret }),
    },
  })
}

const update = (id: number, text: string, chatId = BOB) => ({
  update_id: id,
  message: {
    message_id: id,
    date: 1,
    chat: { id: chatId, type: 'private' },
    from: { id: chatId, is_bot: false, first_name: 'x' },
    text,
  },
})

test('the webhook is set with its secret, and updates that come there are answered', async () => {
  const at = await openWebhook()
  expect(at.telegram.calls.map(({ method }) => method)).not.toContain('getUpdates')
  expect(await at.ask(BOB, '/start')).toContain('You are bob (member)')
  await at.telegram.posted()
  expect(at.telegram.violations).toEqual([])
})

test('200 with the secret, 401 without it or with another, and nothing happens then', async () => {
  const at = await openWebhook()
  for (const secret of [null, '', 'wrong', `${WEBHOOK_SECRET}x`, WEBHOOK_SECRET.toUpperCase()]) {
    const answer = await post(at, update(1, '/off taker'), secret)
    expect([answer.status, await answer.json()]).toEqual([
      401,
      expect.objectContaining({ code: 'unauthorized' }),
    ])
  }
  const answer = await post(at, update(1, '/modules'))
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }])
  await until('the answer', () => at.said(BOB).some((text) => text.includes('taker: on (config)')))
})

test('an update that is posted twice, also after a restart, is taken once', async () => {
  const at = await openWebhook()
  expect((await post(at, update(7, '/off taker'))).status).toBe(200)
  expect((await post(at, update(8, '/on taker'))).status).toBe(200)
  expect((await post(at, update(7, '/off taker'))).status).toBe(200)
  await at.restart()
  expect((await post(at, update(7, '/off taker'))).status).toBe(200)
  expect((await post(at, update(9, '/modules'))).status).toBe(200)
  await until('the answer', () => at.said(BOB).some((text) => text.includes('taker: on (user)')))
  expect(at.said(BOB)).toHaveLength(3)
})

test('what is no update is taken without a word, what is no JSON is refused', async () => {
  const at = await openWebhook()
  expect((await post(at, {})).status).toBe(200)
  expect((await post(at, { update_id: 1, something_new: {} })).status).toBe(200)
  expect((await post(at, '{')).status).toBe(400)
  expect((await post(at, '[]')).status).toBe(400)
})

test('without updates: webhook every request is refused', async () => {
  const at = await openChat({ telegram: { updates: 'polling', webhook_secret: WEBHOOK_SECRET } })
  expect((await post(at, update(1, '/off taker'))).status).toBe(401)
  const off = await openChat({ telegram: { updates: 'off' } })
  expect((await post(off, update(1, '/off taker'))).status).toBe(401)
  expect(off.telegram.calls).toEqual([])
})

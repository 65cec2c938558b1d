// Any program that knows the secret reaches the first admin, in plain text; nobody else does, and a message that
// was answered 202 is in the outbox.
import { describe, expect, test } from 'vitest'
import { user } from '../../../../test/builders.ts'
import { toPlainText } from '../send/message.ts'
import { type StartOptions, startServer } from '../../testing/receive/start-server.ts'

const SECRET = 'inbound-secret'
const start = (options: StartOptions = {}) =>
  startServer({ ...options, config: { inbound: { secret: SECRET }, ...options.config } })

type Server = Awaited<ReturnType<typeof start>>

async function post(
  { app }: Server,
  body: string | Buffer | undefined,
  headers: Record<string, string> = {},
) {
  const answer = await app.inject({
    method: 'POST',
    url: '/webhook',
    headers: { 'content-type': 'application/json', 'x-webhook-secret': SECRET, ...headers },
    ...(body === undefined ? {} : { payload: body }),
  })
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() }
}

const messages = async ({ store, clock }: Server) =>
  (await store.outbox.due(clock.now, 100)).map(({ address, message }) => [
    address,
    toPlainText(message),
    message.plain,
  ])

test('the text of `message` goes to the first admin, as it is', async () => {
  const server = await start()
  const answer = await post(server, JSON.stringify({ message: '*disk* full\n<b>sda</b>', other: 1 }))
  expect([answer.status, answer.body]).toEqual([202, { status: 'accepted' }])
  expect(await messages(server)).toEqual([['telegram:admin', '*disk* full\n<b>sda</b>', true]])
  expect(server.woken).toEqual({ dispatch: 0, runs: 0, outbox: 1 })
})

test('without a text it is the JSON, indented by 2', async () => {
  const server = await start()
  await post(server, '{"message":7,"level":"high"}')
  expect((await messages(server))[0]?.[1]).toBe('{\n  "message": 7,\n  "level": "high"\n}')
})

test('a long text is cut to 4096 characters', async () => {
  const server = await start()
  await post(server, JSON.stringify({ message: 'x'.repeat(5_000) }))
  expect((await messages(server))[0]?.[1]).toBe(`${'x'.repeat(4_093)}...`)
})

test('an admin without an address finds it in the log', async () => {
  const server = await start({ config: { users: [user('root', { role: 'admin', address: null })] } })
  await post(server, '{"message":"hello"}')
  expect((await messages(server))[0]?.[0]).toBe('log:')
})

test.each([['text/plain'], ['application/x-www-form-urlencoded'], ['application/vnd.x+json']])(
  'the content type %s is as good as any',
  async (type) => {
    const server = await start()
    expect((await post(server, '{"message":"hello"}', { 'content-type': type })).status).toBe(202)
  },
)

test('the same Idempotency-Key brings one message; without a key each request brings its own', async () => {
  const server = await start()
  for (const message of ['once', 'twice']) {
    const answer = await post(server, JSON.stringify({ message }), { 'idempotency-key': 'backup-2026-11-22' })
    expect(answer.status).toBe(202)
  }
  expect(await messages(server)).toHaveLength(1)
  await server.store.outbox.sent(1, server.clock.now)
  for (let time = 0; time < 2; time++) await post(server, '{"message":"same"}')
  const [first] = await server.store.outbox.due(server.clock.now, 100)
  await server.store.outbox.sent(first!.id, server.clock.now)
  expect(await messages(server)).toEqual([['telegram:admin', 'same', true]])
})

describe('refusals', () => {
  test('404 without a configured secret, even for an empty one', async () => {
    for (const inbound of [null, { secret: '' }]) {
      const server = await start({ config: { inbound } })
      const answer = await post(server, '{}', { 'x-webhook-secret': '' })
      expect([answer.status, answer.body.code]).toEqual([404, 'not_found'])
    }
  })

  test.each([[''], ['wrong'], [`${SECRET} `.repeat(2)], [SECRET.toUpperCase()], [SECRET.slice(1)]])(
    '401 for the secret %j, before the body is looked at',
    async (secret) => {
      const server = await start()
      const answer = await post(server, 'no JSON', { 'x-webhook-secret': secret })
      expect([answer.status, answer.body.code]).toEqual([401, 'unauthorized'])
      expect(JSON.stringify(answer.body)).not.toContain(SECRET)
    },
  )

  test.each([
    ['invalid_json', ''],
    ['invalid_json', undefined],
    ['invalid_json', '{'],
    ['invalid_json', Buffer.from('{"message":"\xff"}', 'latin1')],
    ['not_an_object', 'null'],
    ['not_an_object', '[]'],
    ['not_an_object', '"x"'],
    ['not_an_object', '1'],
    ['invalid_input', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
  ])('400 %s', async (code, body) => {
    const server = await start()
    const answer = await post(server, body)
    expect([answer.status, answer.body.code]).toEqual([400, code])
    expect(await messages(server)).toEqual([])
  })

  test('400 for a key that is none', async () => {
    const server = await start()
    for (const key of ['', 'a b', 'x'.repeat(256)]) {
      expect((await post(server, '{}', { 'idempotency-key': key })).status).toBe(400)
    }
  })

  test('a body of 1 MiB is taken, one byte more is refused: the 25 MiB are for /webhook/*', async () => {
    const server = await start()
    const bodyOf = (bytes: number) => `{"message":"${'x'.repeat(bytes - 14)}"}`
    expect((await post(server, bodyOf(1_048_576))).status).toBe(202)
    const answer = await post(server, bodyOf(1_048_577))
    expect([answer.status, answer.body.code]).toEqual([413, 'too_large'])
    expect(await messages(server)).toHaveLength(1)
  })

  test('503 when it cannot be stored', async () => {
    const server = await start({
      wrap: (store) => ({
        ...store,
        outbox: { ...store.outbox, add: () => Promise.reject(new Error('disk full')) },
      }),
    })
    const answer = await post(server, '{}')
    expect([answer.status, answer.body.code]).toEqual([503, 'storage_unavailable'])
    expect(server.woken.outbox).toBe(0)
  })
})

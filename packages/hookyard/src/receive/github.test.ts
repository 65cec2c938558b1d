// What the receiver owes GitHub: a 2xx only for what is on disk, each refusal by its own code and in the
// contract's order, and nothing stored that was not trusted.
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import type { DeliveryStore, Store } from '../store/store.ts'
import { headersOf, ISSUE, NOW, SECRET, sign, startServer } from '../../testing/receive/start-server.ts'

type Server = Awaited<ReturnType<typeof startServer>>

async function post({ app }: Server, body: string | Buffer, headers: Record<string, string | undefined>) {
  const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
  const answer = await app.inject({
    method: 'POST',
    url: '/webhook/github',
    headers: given as Record<string, string>,
    payload: body,
  })
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>(), headers: answer.headers }
}

/** The store, which takes deliveries in this way. */
const accepting = (accept: DeliveryStore['accept']) => (store: Store) => ({
  ...store,
  deliveries: { ...store.deliveries, accept },
})

const stored = ({ store }: Server) => store.deliveries.pending(100)
const payloads = async (server: Server) => server.store.deliveries.payloads(await stored(server))

describe('a genuine delivery', () => {
  test('is answered 202 once it is stored, with what it is about', async () => {
    const server = await startServer()
    const answer = await post(server, ISSUE, headersOf(ISSUE))
    expect([answer.status, answer.body]).toEqual([202, { status: 'accepted', delivery: 'guid-1' }])
    expect(await stored(server)).toEqual([
      expect.objectContaining({
        guid: 'guid-1',
        hookId: '292430182',
        event: 'issues',
        action: 'opened',
        repository: 'octocat/hello-world',
        entity: 'octocat/hello-world#1',
        receivedAt: NOW,
      }),
    ])
    expect(await payloads(server)).toEqual([ISSUE])
    expect(server.woken).toEqual({ dispatch: 1, runs: 0, outbox: 0 })
  })

  test('sent again is a duplicate, answered 200 and kept once', async () => {
    const server = await startServer()
    await post(server, ISSUE, headersOf(ISSUE))
    const again = await post(server, ISSUE, headersOf(ISSUE))
    expect([again.status, again.body]).toEqual([200, { status: 'duplicate', delivery: 'guid-1' }])
    expect(await stored(server)).toHaveLength(1)
    expect(server.woken.dispatch).toBe(1)
  })

  test('whose runs had failed is answered with the runs that go on', async () => {
    const server = await startServer({
      wrap: accepting(() => Promise.resolve([{ status: 'retried', runs: ['run-7', 'run-8'] }])),
    })
    const answer = await post(server, ISSUE, headersOf(ISSUE))
    expect([answer.status, answer.body]).toEqual([
      202,
      { status: 'retried', delivery: 'guid-1', runs: ['run-7', 'run-8'] },
    ])
    expect(server.woken).toEqual({ dispatch: 0, runs: 1, outbox: 0 })
  })

  test('may come as a form, whose signature is over the form and whose JSON is what is kept', async () => {
    const server = await startServer()
    const form = new URLSearchParams({ payload: ISSUE }).toString()
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    const first = await post(server, form, { ...headersOf(form), ...type })
    const other = `x=1&payload=${encodeURIComponent(ISSUE)}`
    const second = await post(server, other, { ...headersOf(other, 'guid-2'), ...type })
    expect([first.status, second.status]).toEqual([202, 202])
    expect(await payloads(server)).toEqual([ISSUE, ISSUE])
  })

  test.each([
    ['application/json; charset=utf-8'],
    ['Application/JSON'],
    ['application/json;charset="utf-8"; note=application/x-www-form-urlencoded'],
  ])('may say %s', async (type) => {
    const server = await startServer()
    expect((await post(server, ISSUE, { ...headersOf(ISSUE), 'content-type': type })).status).toBe(202)
  })

  test('may come without a hook id, or with an odd one, which is not kept', async () => {
    const server = await startServer()
    await post(server, ISSUE, { ...headersOf(ISSUE, 'a'), 'x-github-hook-id': undefined })
    await post(server, ISSUE, { ...headersOf(ISSUE, 'b'), 'x-github-hook-id': 'DROP TABLE' })
    expect((await stored(server)).map((delivery) => delivery.hookId)).toEqual([null, null])
  })

  test('of any official payload is taken', async () => {
    const server = await startServer()
    const official = createRequire(import.meta.url)('@octokit/webhooks-examples') as {
      name: string
      examples: object[]
    }[]
    for (const { name, examples } of official) {
      const body = JSON.stringify(examples[0])
      const answer = await post(server, body, headersOf(body, `official-${name}`, name))
      expect([name, answer.status]).toEqual([name, name === 'ping' ? 200 : 202])
    }
    expect(await stored(server)).toHaveLength(57)
  })

  test('arriving with many others is answered for itself', async () => {
    const server = await startServer({ thread: true })
    const guids = Array.from({ length: 100 }, (_, index) => `many-${index % 80}`)
    const answers = await Promise.all(guids.map((guid) => post(server, ISSUE, headersOf(ISSUE, guid))))
    expect(answers.map((answer) => answer.body.delivery)).toEqual(guids)
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(80)
    expect(await stored(server)).toHaveLength(80)
  })
})

test('a ping is answered and not stored, whatever its body is', async () => {
  const server = await startServer()
  for (const body of ['{"zen":"…"}', 'no JSON']) {
    const answer = await post(server, body, {
      ...headersOf(body, 'x', 'ping'),
      'x-github-delivery': undefined,
    })
    expect([answer.status, answer.body]).toEqual([200, { msg: 'pong' }])
  }
  expect(await stored(server)).toEqual([])
})

describe('refusals', () => {
  const LIMIT = 2_000
  // In the contract's order. Each request has the fault of its own step and those of every later step.
  const steps: readonly [
    status: number,
    code: string,
    body: string,
    faults: Record<string, string | undefined>,
  ][] = [
    [415, 'unsupported_media_type', 'x'.repeat(LIMIT + 1), { 'content-type': 'text/plain' }],
    [413, 'too_large', 'x'.repeat(LIMIT + 1), {}],
    [401, 'invalid_signature', 'x', { 'x-hub-signature-256': sign('another body') }],
    [400, 'missing_event', 'x', { 'x-github-event': undefined }],
    [400, 'missing_delivery', 'x', { 'x-github-delivery': undefined }],
    [400, 'invalid_json', 'x', {}],
    [400, 'not_an_object', '[]', {}],
  ]

  test.each(steps)('%i %s comes before everything after it', async (status, code, body, own) => {
    const server = await startServer({ limits: { webhookBodyBytes: LIMIT } })
    const position = steps.findIndex((step) => step[1] === code)
    const faults = Object.assign({}, ...steps.slice(position).map((step) => step[3])) as typeof own
    const answer = await post(server, body, { ...headersOf(body), ...faults, ...own })
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(Object.keys(answer.body)).toEqual(['error', 'code'])
    expect(await stored(server)).toEqual([])
    expect(server.woken.dispatch).toBe(0)
  })

  test.each([
    [undefined],
    [''],
    ['json'],
    ['text/json'],
    ['application/jsonp'],
    ['application/json-patch+json'],
    ['application/octet-stream'],
    ['multipart/form-data; boundary=x'],
    ['application/x-www-form-urlencoded-not'],
  ])('415 for the content type %j', async (type) => {
    const server = await startServer()
    const answer = await post(server, ISSUE, { ...headersOf(ISSUE), 'content-type': type })
    expect([answer.status, answer.body.code]).toEqual([415, 'unsupported_media_type'])
    expect(answer.body.error).toContain('application/json')
  })

  test('415 for a request with neither a type nor a body, and for a form without the field payload', async () => {
    const server = await startServer()
    expect((await post(server, '', { ...headersOf(''), 'content-type': undefined })).status).toBe(415)
    for (const form of ['', 'a=1', 'xpayload=1', 'a=payload=1']) {
      const headers = { ...headersOf(form), 'content-type': 'application/x-www-form-urlencoded' }
      expect([form, (await post(server, form, headers)).status]).toEqual([form, 415])
    }
  })

  test.each([
    ['a wrong secret', sign(ISSUE, 'wrong')],
    ['no prefix', sign(ISSUE).slice(7)],
    ['no signature', undefined],
    ['the signature of SHA-1', `sha1=${sign(ISSUE).slice(7, 47)}`],
  ])('401 for %s', async (_name, signature) => {
    const server = await startServer()
    const answer = await post(server, ISSUE, { ...headersOf(ISSUE), 'x-hub-signature-256': signature })
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid_signature'])
    expect(JSON.stringify([answer, server.logged])).not.toContain(SECRET)
  })

  test('401 for everything while no secret is configured', async () => {
    const server = await startServer()
    server.state.config = {
      ...server.state.config,
      github: { ...server.state.config.github, webhookSecrets: [] },
    }
    expect((await post(server, ISSUE, headersOf(ISSUE))).status).toBe(401)
    expect(
      (await post(server, ISSUE, { ...headersOf(ISSUE), 'x-hub-signature-256': sign(ISSUE, '') })).status,
    ).toBe(401)
  })

  test('a reload brings other secrets at once', async () => {
    const server = await startServer()
    server.state.config = {
      ...server.state.config,
      github: { ...server.state.config.github, webhookSecrets: ['next'] },
    }
    expect((await post(server, ISSUE, headersOf(ISSUE))).status).toBe(401)
    expect(
      (await post(server, ISSUE, { ...headersOf(ISSUE), 'x-hub-signature-256': sign(ISSUE, 'next') })).status,
    ).toBe(202)
  })

  test('a flood of them is told to the operator once in a while, with a count', async () => {
    const server = await startServer()
    const flood = async (times: number) => {
      for (let sent = 0; sent < times; sent++)
        await post(server, ISSUE, { ...headersOf(ISSUE), 'x-hub-signature-256': 'x' })
    }
    await flood(5)
    server.clock.now += 10_000
    await flood(1)
    expect(server.logged.map(({ level, fields }) => [level, fields.refused])).toEqual([
      ['warn', 1],
      ['warn', 5],
    ])
  })

  test.each([[''], ['Push'], ['push!'], ['a'.repeat(65)], ['push, push']])(
    '400 for the event %j',
    async (event) => {
      const server = await startServer()
      const answer = await post(server, ISSUE, { ...headersOf(ISSUE), 'x-github-event': event })
      expect([answer.status, answer.body.code]).toEqual([400, 'missing_event'])
    },
  )

  test.each([[''], ['a b'], ['a/b'], ['a'.repeat(129)], ['"'], ['ü']])(
    '400 for the GUID %j',
    async (guid) => {
      const server = await startServer()
      const answer = await post(server, ISSUE, headersOf(ISSUE, guid))
      expect([answer.status, answer.body.code]).toEqual([400, 'missing_delivery'])
    },
  )

  test.each([
    ['nothing', '', 'invalid_json'],
    ['half of it', ISSUE.slice(0, 20), 'invalid_json'],
    ['two of them', `${ISSUE}${ISSUE}`, 'invalid_json'],
    ['a byte order mark before it', `\ufeff${ISSUE}`, 'invalid_json'],
    ['invalid UTF-8', Buffer.from('{"a":"\xff"}', 'latin1'), 'invalid_json'],
    ['UTF-16', Buffer.from(ISSUE, 'utf16le'), 'invalid_json'],
    ['null', 'null', 'not_an_object'],
    ['a list', '[{}]', 'not_an_object'],
    ['a string', '"x"', 'not_an_object'],
    ['a number', '42', 'not_an_object'],
  ])('400 for %s', async (_name, body, code) => {
    const server = await startServer()
    const answer = await post(server, body, headersOf(body))
    expect([answer.status, answer.body.code]).toEqual([400, code])
    expect(await stored(server)).toEqual([])
  })

  test.each([
    ['a broken escape', 'payload=%7B%7'],
    ['escaped invalid UTF-8', 'payload=%7B%22a%22%3A%22%ff%22%7D'],
    ['raw invalid UTF-8', Buffer.from('payload={"a":"\xff"}', 'latin1')],
    ['no JSON', 'payload=x'],
  ])('400 for a form with %s', async (_name, form) => {
    const server = await startServer()
    const headers = { ...headersOf(form), 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await post(server, form, headers)
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_json'])
  })
})

describe('what is odd but signed', () => {
  test('is stored: a payload that is about nothing, nests very deep, or would poison a prototype', async () => {
    const server = await startServer()
    const deep = `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
    const bodies = ['{}', deep, '{"__proto__":{"polluted":true},"constructor":1}']
    for (const [index, body] of bodies.entries()) {
      expect((await post(server, body, headersOf(body, `odd-${index}`))).status).toBe(202)
    }
    expect((await stored(server)).map((delivery) => delivery.entity)).toEqual(['-', '-', '-'])
    expect(await payloads(server)).toEqual(bodies)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('when the store fails', () => {
  test('the answer is 503, never a 2xx, and GitHub may send it again', async () => {
    const accept = () => Promise.reject(new Error('disk full at /secret/path'))
    const server = await startServer({ wrap: accepting(accept) })
    const answer = await post(server, ISSUE, headersOf(ISSUE))
    expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([
      503,
      'storage_unavailable',
      '10',
    ])
    expect(answer.body.error).not.toContain('disk')
    expect(JSON.stringify(server.logged.map(({ fields }) => String(fields.err)))).toContain('disk full')
    expect(server.woken.dispatch).toBe(0)
  })

  test('because the disk stalls: those beyond what may wait are answered 503 at once', async () => {
    const wrap = accepting(() => new Promise(() => undefined))
    const server = await startServer({ wrap, limits: { waiting: 2 } })
    const answers = [1, 2, 3].map((number) => post(server, ISSUE, headersOf(ISSUE, `guid-${number}`)))
    // Two wait for ever.
    const first = await Promise.race(answers)
    expect([first.status, first.headers['retry-after']]).toEqual([503, '10'])
    expect(await post(server, ISSUE, headersOf(ISSUE))).toMatchObject({ status: 503 })
  })

  test('because it is closed: 503', async () => {
    const server = await startServer()
    await server.store.close()
    expect((await post(server, ISSUE, headersOf(ISSUE))).status).toBe(503)
  })
})

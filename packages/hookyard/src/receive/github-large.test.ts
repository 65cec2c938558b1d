// A delivery over 128 KiB is answered as a small one is, in the contract's order.
import { expect, test } from 'vitest'
import { headersOf, sign, startServer } from '../../testing/receive/start-server.ts'

const FILLER = 'x'.repeat(200_000)
const GOOD = JSON.stringify({
  action: 'opened',
  issue: { number: 7 },
  repository: { full_name: 'octocat/Hello-World' },
  filler: FILLER,
})
const DENSE = `{"a":[${'{},'.repeat(2_000_000)}{}]}`

type Headers = Record<string, string | undefined>

async function post(body: string, headers: Headers = {}, options = {}) {
  const server = await startServer(options)
  const sent = Object.fromEntries(
    Object.entries({ ...headersOf(body), ...headers }).filter(([, value]) => value !== undefined),
  ) as Record<string, string>
  const answer = await server.app.inject({
    method: 'POST',
    url: '/webhook/github',
    headers: sent,
    payload: body,
  })
  return { ...server, status: answer.statusCode, body: answer.json<{ code?: string; status?: string }>() }
}

test('it is stored with its key', async () => {
  const { status, body, store } = await post(GOOD)
  expect([status, body.status]).toEqual([202, 'accepted'])
  expect(await store.deliveries.get('guid-1')).toMatchObject({
    action: 'opened',
    repository: 'octocat/hello-world',
    entity: 'octocat/hello-world#7',
  })
  expect(await store.deliveries.payload('guid-1')).toBe(GOOD)
})

test('so is a form', async () => {
  const form = `payload=${encodeURIComponent(GOOD)}`
  const { status, store } = await post(form, { 'content-type': 'application/x-www-form-urlencoded' })
  expect(status).toBe(202)
  expect(await store.deliveries.payload('guid-1')).toBe(GOOD)
})

test.each([
  ['another secret', GOOD, { 'x-hub-signature-256': sign(GOOD, 'other') }, 401, 'invalid_signature'],
  ['another body', `${GOOD} `, { 'x-hub-signature-256': sign(GOOD) }, 401, 'invalid_signature'],
  ['no signature', GOOD, { 'x-hub-signature-256': undefined }, 401, 'invalid_signature'],
  ['an unsigned dense body', DENSE, { 'x-hub-signature-256': sign('other') }, 401, 'invalid_signature'],
  ['no event', DENSE, { 'x-github-event': undefined }, 400, 'missing_event'],
  ['no GUID', DENSE, { 'x-github-delivery': undefined }, 400, 'missing_delivery'],
  ['too many values', DENSE, {}, 413, 'too_large'],
  ['no JSON', `{"a":"${FILLER}`, {}, 400, 'invalid_json'],
  ['an array', `["${FILLER}"]`, {}, 400, 'not_an_object'],
] as [string, string, Headers, number, string][])(
  '%s is refused',
  async (_name, body, headers, status, code) => {
    const answer = await post(body, headers)
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(await answer.store.deliveries.pending(1)).toEqual([])
  },
)

test('while secrets rotate any of them verifies, and without one nothing does', async () => {
  const signed = { 'x-hub-signature-256': sign(GOOD, 'old') }
  const github = (secrets: string[]) => ({ config: { github: { webhookSecrets: secrets } } })
  expect((await post(GOOD, signed, github(['new', 'old']))).status).toBe(202)
  expect((await post(GOOD, signed, github(['new']))).status).toBe(401)
  expect((await post(GOOD, { 'x-hub-signature-256': sign(GOOD, '') }, github(['']))).status).toBe(401)
})

test('a ping is answered, and not parsed', async () => {
  expect((await post(DENSE, { 'x-github-event': 'ping' })).status).toBe(200)
})

test('when it cannot be parsed for lack of memory: 503, and a line in the log', async () => {
  const describe = () => Promise.reject(new Error('no memory'))
  const { status, body, logged } = await post(GOOD, {}, { deps: { payloads: { describe } } })
  expect([status, body.code]).toEqual([503, 'storage_unavailable'])
  expect(logged).toMatchObject([{ level: 'error', fields: { delivery: 'guid-1' } }])
})

// Strangers cannot close the intake: whatever they hold, and however many they are, real deliveries get through. All of
// them come from one address, as behind a proxy.
import { expect, test } from 'vitest'
import { chunk, headOf, listen } from '../../testing/receive/listen.ts'
import { connectRaw, oneAnswer, readAnswer } from '../../testing/receive/raw-client.ts'
import { headersOf, ISSUE, PEOPLE, sign } from '../../testing/receive/start-server.ts'

const MIB = 1_048_576
// A real server's, divided by 16.
const SMALLER = { heldBytes: 12 * MIB, reserveBytes: 4 * MIB }

type Server = Awaited<ReturnType<typeof listen>>
let deliveries = 0

async function deliver({ url }: Server, body = ISSUE): Promise<number> {
  const headers = headersOf(body, `real-${(deliveries += 1)}`)
  const answer = await fetch(`${url}/webhook/github`, { method: 'POST', headers, body })
  await answer.arrayBuffer()
  return answer.status
}

/** Connections that announce so much, send some of it, and stall. */
async function stall({ port }: Server, count: number, announced: number | undefined, sent: number) {
  const bytes = 'x'.repeat(sent)
  return Promise.all(
    Array.from({ length: count }, async () => {
      const client = await connectRaw(port)
      client.send(headOf('', announced) + (announced === undefined ? chunk(bytes) : bytes))
      return client
    }),
  )
}

const large = JSON.stringify({ action: 'opened', filler: 'x'.repeat(3 * MIB) })

test.each([
  ['large bodies', 25 * MIB, 2 * MIB],
  ['large bodies in chunks', undefined, 2 * MIB],
  ['bodies that fit into the reserve', 900_000, 800_000],
])('%s that stall refuse no delivery, small or large, and the slowest go', async (_name, announced, sent) => {
  const server = await listen({ limits: SMALLER })
  const strangers = await stall(server, 40, announced, sent)
  const statuses: number[] = []
  for (let round = 0; round < 10; round += 1) {
    const bodies = [...Array.from({ length: 5 }, () => ISSUE), large]
    statuses.push(...(await Promise.all(bodies.map((body) => deliver(server, body)))))
  }
  expect(statuses).toEqual(Array.from({ length: 60 }, () => 202))
  // The first that had to go reads why.
  const answered = await Promise.any(
    strangers.map(async ({ received }) => {
      const text = await received(oneAnswer)
      return /^HTTP.*503/.test(text) ? text : Promise.reject(new Error(text))
    }),
  )
  expect(readAnswer(answered)).toMatchObject({ status: 503, body: { code: 'storage_unavailable' } })
  expect(answered).toMatch(/retry-after: 10/i)
})

test('large bodies that are worked on leave the reserve to small ones, and no more come in', async () => {
  const describe = () => new Promise<never>(() => undefined)
  const server = await listen({ limits: SMALLER, deps: { payloads: { describe } } })
  const statuses: number[] = []
  // Who is dropped while it sends may see the end of the connection instead of the answer.
  const send = async () => statuses.push(await deliver(server, large).catch(() => 503))
  for (let sent = 0; sent < 6; sent += 1) void send()
  // Two have room.
  while (statuses.length < 4) expect(await deliver(server)).toBe(202)
  expect(statuses).toEqual([503, 503, 503, 503])
})

test('a body that comes too slowly is answered 408, one that keeps the pace is taken', async () => {
  const server = await listen({ limits: { minPace: 1_000, graceMs: 300, checkMs: 50 } })
  const [stalled] = await stall(server, 1, 10_000, 10)
  const steady = await connectRaw(server.port)
  steady.send(headOf(''))
  let answered = false
  const answer = stalled?.received().finally(() => (answered = true))
  while (!answered) {
    steady.send(chunk('x'.repeat(1_000)))
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  steady.send('0\r\n\r\n')
  expect(readAnswer((await answer) ?? '')).toMatchObject({ status: 408, body: { code: 'invalid_input' } })
  // The whole of it was read: its signature is looked at.
  expect(readAnswer(await steady.received(oneAnswer)).status).toBe(401)
})

test('the API has a budget of its own', async () => {
  const server = await listen({ config: PEOPLE, limits: { heldBytes: 0, reserveBytes: 0 } })
  expect(await deliver(server)).toBe(503)
  const answer = await fetch(`${server.url}/api/runs/none/resume`, {
    method: 'POST',
    headers: { authorization: 'Bearer root-token', 'content-type': 'application/json' },
    body: '{"answer":"yes"}',
  })
  expect(answer.status).toBe(404)
})

test('a flood of connections that say nothing, or never end their headers, keeps nobody out', async () => {
  const server = await listen({ limits: { connections: 20 } })
  const first = await connectRaw(server.port)
  const others = await Promise.all(Array.from({ length: 60 }, () => connectRaw(server.port)))
  for (const client of others) client.send('POST /webhook/github HTTP/1.1\r\nhost: x\r\nx-a: ')
  for (let round = 0; round < 30; round += 1) expect(await deliver(server)).toBe(202)
  // The idlest is the first.
  expect(await first.received()).toBe('')
})

test('when every connection is in the middle of a body, the slowest makes room', async () => {
  const server = await listen({ limits: { connections: 20 } })
  let begun = 0
  const all = new Promise<void>((resolve) =>
    server.app.server.on('request', () => (begun += 1) === 20 && resolve()),
  )
  await stall(server, 20, 1_000, 10)
  await all
  for (let round = 0; round < 5; round += 1) expect(await deliver(server)).toBe(202)
})

test.each([
  [[], '127.0.0.1'],
  [['loopback'], '203.0.113.7'],
  [['10.0.0.0/8'], '127.0.0.1'],
])('with trust_proxy %j a refused delivery came from %s', async (trustProxy, from) => {
  const server = await listen({
    config: { server: { host: '127.0.0.1', port: 0, publicUrl: null, trustProxy } },
  })
  await fetch(`${server.url}/webhook/github`, {
    method: 'POST',
    headers: { ...headersOf(ISSUE), 'x-hub-signature-256': sign('other'), 'x-forwarded-for': '203.0.113.7' },
    body: ISSUE,
  })
  expect(server.logged.map(({ fields }) => fields['from'])).toEqual([from])
})

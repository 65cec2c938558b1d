// What ctx.fetch takes and gives back is bounded, in bytes, in time and in number.
import { type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { Resolve } from './destination.ts'
import { echo, networkOf, portOf, refusal, serve, servers } from './fetch.fixture.ts'

test('a compressed body is decompressed, and its headers say so', async () => {
  const { url } = await serve((request, response) => {
    const [coding, body] = request.url === '/br' ? ['br', brotliCompressSync('hi')] : ['gzip', gzipSync('hi')]
    response.setHeader('content-encoding', coding).setHeader('content-length', body.length).end(body)
  })
  for (const path of ['/br', '/gzip']) {
    const answer = await networkOf(['127.0.0.1'])(url + path)
    expect(answer.text).toBe('hi')
    expect([answer.headers.has('content-encoding'), answer.headers.has('content-length')]).toEqual([
      false,
      false,
    ])
  }
  const head = await networkOf(['127.0.0.1'])(url, { method: 'HEAD' })
  expect([head.text, head.headers.get('content-encoding')]).toEqual(['', 'gzip'])
})

test.each([
  ['a bomb', 'gzip', gzipSync(Buffer.alloc(64 * 1024 * 1024))],
  ['plain bytes without end', '', null],
])('an answer is bounded while it is read: %s', async (_name, coding, bytes) => {
  let closed: (() => void) | undefined
  const gone = new Promise<void>((resolve) => (closed = resolve))
  const { url } = await serve((_request, response) => {
    response.on('close', () => closed?.())
    if (coding) response.setHeader('content-encoding', coding)
    if (bytes !== null) return void response.end(bytes)
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  })
  const { reason, message } = await refusal(networkOf(['127.0.0.1'])(url))
  expect([reason, message]).toEqual([
    'too_large',
    expect.stringMatching(/^module m: GET http:\S+: it answers with more than 8388608 bytes$/),
  ])
  await gone
})

test('a request is bounded: its body, its method, its number of redirects', async () => {
  const { url, seen } = await serve(echo)
  const fetch = networkOf(['127.0.0.1'])
  const large = await refusal(fetch(url, { method: 'POST', text: 'x'.repeat(1_048_577) }))
  expect([large.reason, large.message]).toEqual([
    'invalid_argument',
    expect.stringContaining('1048576 bytes'),
  ])
  expect((await refusal(fetch(url, { text: 'x' }))).reason).toBe('invalid_argument')
  expect(seen).toEqual([])
})

test.each([
  ['says nothing', () => undefined],
  [
    'trickles',
    (_request: IncomingMessage, response: { write(text: string): unknown }) => response.write('x'),
  ],
] as [string, RequestListener][])(
  'a server that %s is waited for so long, and can be tried again',
  async (_name, listener) => {
    const { url } = await serve(listener)
    const { message, reason } = await refusal(
      networkOf(['127.0.0.1'], undefined, { timeoutMs: 300 })(`${url}/x?y=z`),
    )
    expect(reason).toBeUndefined()
    expect(message).toBe(`module m: GET ${url}/x: it did not answer within 0.3 s`)
  },
)

test('a name that does not resolve in time is not waited for', async () => {
  const resolve: Resolve = () => new Promise(() => undefined)
  const fetch = networkOf(['slow.example'], undefined, { resolve, timeoutMs: 100 })
  expect((await refusal(fetch('https://slow.example/'))).message).toMatch(/did not answer within 0.1 s/)
})

test('the end of the run ends its requests', async () => {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const { url } = await serve(() => arrive())
  const stop = new AbortController()
  const fetching = refusal(networkOf(['127.0.0.1'], undefined, { timeoutMs: 3_600_000 }, stop.signal)(url))
  await arrived
  stop.abort(new Error('the run was cancelled'))
  expect((await fetching).message).toBe('the run was cancelled')
})

test('what is no HTTP, and a host that is not there, are errors that another try may get past', async () => {
  const broken = createTcpServer((socket) => socket.end('SSH-2.0-x\r\n'))
  servers.push(broken)
  await new Promise<void>((ready) => broken.listen(0, '127.0.0.1', ready))
  const fetch = networkOf(['127.0.0.1'])
  for (const port of [portOf(broken), 1]) {
    const { message, reason } = await refusal(fetch(`http://127.0.0.1:${port}/`))
    expect(reason).toBeUndefined()
    expect(message).toMatch(/^module m: GET http:\/\/127\.0\.0\.1:\d+\/ failed: /)
  }
})

test.each([
  'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
  'HTTP/1.1 999 Odd\r\n\r\n',
  '',
])('an answer that no Response can be is an error: %j', async (bytes) => {
  const odd = createTcpServer((socket) => socket.once('data', () => socket.end(bytes)))
  servers.push(odd)
  await new Promise<void>((ready) => odd.listen(0, '127.0.0.1', ready))
  const { message } = await refusal(networkOf(['127.0.0.1'])(`http://127.0.0.1:${portOf(odd)}/`))
  expect(message).toMatch(/^module m: GET .* failed: /)
})

test('four requests of a run go at a time, the others wait for their turn', async () => {
  const asked: PromiseWithResolvers<Awaited<ReturnType<Resolve>>>[] = []
  const resolve: Resolve = () => {
    const one = Promise.withResolvers<Awaited<ReturnType<Resolve>>>()
    asked.push(one)
    return one.promise
  }
  const fetch = networkOf(['slow.example'], undefined, { resolve })
  const all = Array.from({ length: 12 }, () => refusal(fetch('https://slow.example/')))
  for (let turn = 1; turn <= 12; turn += 1) {
    await new Promise((next) => setImmediate(next))
    expect(asked).toHaveLength(Math.min(turn + 3, 12))
    asked[turn - 1]?.reject(new Error('nowhere'))
  }
  expect((await Promise.all(all)).every(({ message }) => message.endsWith('nowhere'))).toBe(true)
})

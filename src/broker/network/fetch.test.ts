// ctx.fetch reaches what was granted by its name and its address, and nothing else, whatever redirects and names say.
import { type IncomingMessage, type RequestListener, type Server, createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { module } from '../../../test/builders.ts'
import { NO_NEEDS } from '../../config/needs.ts'
import { grantedOf } from '../../registry/grants.ts'
import type { Resolve } from './destination.ts'
import { type NetworkOptions, type NetworkRequest, openNetwork } from './fetch.ts'

const servers: { close(): unknown; closeAllConnections?(): void }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.()
    server.close()
  }
})

const portOf = (server: Pick<Server, 'address'>) => (server.address() as AddressInfo).port

async function serve(listener: RequestListener, host = '127.0.0.1') {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    seen.push(request)
    listener(request, response)
  })
  servers.push(server)
  await new Promise<void>((ready) => server.listen(0, host, ready))
  return { port: portOf(server), url: `http://127.0.0.1:${portOf(server)}`, seen }
}

interface Asked extends Partial<Omit<NetworkRequest, 'body' | 'headers'>> {
  readonly headers?: Readonly<Record<string, string>>
  readonly text?: string
}

/** A run of a module that needs these hosts and is granted the others. */
function networkOf(
  needs: readonly string[],
  allow = needs,
  options: NetworkOptions = {},
  stop?: AbortSignal,
) {
  const manifest = { needs: { ...NO_NEEDS, network: needs } }
  const granted = grantedOf(manifest.needs, { ...NO_NEEDS, network: allow })
  const { signal } = new AbortController()
  const network = openNetwork(module('m', manifest, { granted }), stop ?? signal, options)
  return async (url: string, { headers = {}, text: body, ...asked }: Asked = {}) => {
    const answer = await network.fetch({
      ...{ method: 'GET', url, redirect: 'follow', headers: Object.entries(headers), ...asked },
      body: body === undefined ? null : Buffer.from(body).toString('base64'),
    })
    return {
      ...answer,
      headers: new Headers(answer.headers as [string, string][]),
      text: textOf(answer.body),
    }
  }
}

const textOf = (base64: string) => Buffer.from(base64, 'base64').toString()

async function refusal(work: Promise<unknown>): Promise<{ message: string; reason?: string }> {
  const thrown: unknown = await work.then(
    () => new Error('it was answered'),
    (error: unknown) => error,
  )
  return thrown as { message: string; reason?: string }
}

const echo: RequestListener = (request, response) =>
  void text(request).then((body) =>
    response.end(
      JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }),
    ),
  )

test('a granted host gets the request as the module made it, and its answer comes back whole', async () => {
  const { url, port } = await serve((request, response) => {
    response.statusCode = 418
    response.statusMessage = 'Teapot'
    response.setHeader('set-cookie', ['a=1', 'b=2'])
    echo(request, response)
  })
  const fetch = networkOf([`127.0.0.1:${port}`])
  const answer = await fetch(`${url}/a%20b?c=d#e`, {
    ...{ method: 'POST', text: 'grüß Gott', headers: { Authorization: 'Bearer its-own', 'X-A': 'b' } },
  })
  expect(answer).toMatchObject({ status: 418, statusText: 'Teapot', redirected: false })
  expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  expect(answer.headers.get('connection')).toBeNull()
  const { headers, ...rest } = JSON.parse(answer.text) as { headers: Record<string, string> }
  expect(rest).toEqual({ method: 'POST', url: '/a%20b?c=d', body: 'grüß Gott' })
  expect(headers).toEqual({
    ...{ host: `127.0.0.1:${port}`, connection: 'close', 'accept-encoding': 'gzip, deflate, br' },
    ...{ authorization: 'Bearer its-own', 'x-a': 'b', 'user-agent': 'hookyard', 'content-length': '11' },
  })
})

test('bytes come back as they were sent', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
  const { url } = await serve((_request, response) => response.end(bytes))
  expect(Buffer.from((await networkOf(['127.0.0.1'])(url)).body, 'base64')).toEqual(bytes)
})

test.each<[string, string[], string[], RegExp]>([
  [
    'the manifest alone',
    ['127.0.0.1'],
    [],
    /^module m may not fetch http:\/\/127\.0\.0\.1:\d+\/x: add "127\.0\.0\.1:\d+" to `modules\.m\.allow\.network` of hookyard\.yaml$/,
  ],
  [
    'the operator alone',
    [],
    ['127.0.0.1'],
    /add "127\.0\.0\.1:\d+" to `needs\.network` of its module\.yaml and to `modules\.m\.allow\.network` of hookyard\.yaml$/,
  ],
  ['another port', ['127.0.0.1:1'], ['127.0.0.1:1'], /`needs\.network`/],
  ['another spelling of the host', ['localhost'], ['localhost'], /`needs\.network`/],
])('what one side says alone is refused, and nothing is sent: %s', async (_name, needs, allow, words) => {
  const { url, seen } = await serve(echo)
  const { message, reason } = await refusal(networkOf(needs, allow)(`${url}/x?secret=1`))
  expect(reason).toBe('missing_grant')
  expect(message).toMatch(words)
  expect(seen).toEqual([])
})

const PUBLIC = { address: '93.184.215.14', family: 4 }
const here = (address = '127.0.0.1') => ({ address, family: address.includes(':') ? 6 : 4 })

test.each([
  'http://2130706433:PORT/',
  'http://0x7f000001:PORT/',
  'http://0177.0.0.1:PORT/',
  'http://127.1:PORT/',
  'http://0:PORT/',
  'http://[::ffff:127.0.0.1]:PORT/',
  'http://[::1]:PORT/',
  'http://①②⑦.⓪.⓪.①:PORT/',
  'http://api.example.com@127.0.0.1:PORT/',
  'http://127.0.0.1:PORT#@api.example.com/',
  'http://127.0.0.1:PORT\\@api.example.com/',
  'http://127.0.0.1%2f.api.example.com:PORT/',
  'http://api.example.com.:PORT/',
  'http://localhost:PORT/',
  'http://x.api.example.com:PORT/',
])('no spelling of an address is another name of a granted host: %s', async (spelling) => {
  const { port, seen } = await serve(echo)
  const resolve: Resolve = async () => [here()]
  const fetch = networkOf(['api.example.com'], ['api.example.com'], { resolve })
  const { reason } = await refusal(fetch(spelling.replace('PORT', String(port))))
  expect(reason).toMatch(/^(missing_grant|invalid_argument)$/)
  expect(seen).toEqual([])
})

test.each([
  '127.0.0.1',
  '10.1.2.3',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '::1',
  '::ffff:127.0.0.1',
  '64:ff9b::7f00:1',
  'fd00:ec2::254',
  'fe80::1%lo',
])('a granted name that resolves to %s is refused, with what to list beside it', async (address) => {
  const fetch = networkOf(['api.example.com'], ['api.example.com'], { resolve: async () => [here(address)] })
  const { message, reason } = await refusal(fetch('https://api.example.com/'))
  expect(reason).toBe('missing_grant')
  expect(message).toContain(`it is at ${address}, which is no public address; if that is meant, add "`)
})

test('with the address listed beside it, the name reaches it, also where other addresses are not listed', async () => {
  const { port, seen } = await serve(echo)
  const resolve: Resolve = async () => [here('10.1.2.3'), here()]
  const fetch = networkOf(['intern.example', `127.0.0.1:${port}`], undefined, { resolve })
  const answer = await fetch(`http://intern.example:${port}/`)
  expect(JSON.parse(answer.text)).toMatchObject({ headers: { host: `intern.example:${port}` } })
  expect(seen).toHaveLength(1)
})

test('localhost is itself, and only itself', async () => {
  const { port, seen } = await serve(echo)
  const on = (address: string) =>
    networkOf([`localhost:${port}`], undefined, { resolve: async () => [here(address)] })
  expect((await on('127.0.0.1')(`http://localhost:${port}/`)).status).toBe(200)
  expect((await refusal(on('10.0.0.1')(`http://localhost:${port}/`))).reason).toBe('missing_grant')
  expect(seen).toHaveLength(1)
})

test('an address that was checked is the one that is connected to: the name is resolved once', async () => {
  const { port, seen } = await serve(echo)
  let asked = 0
  const rebinding: Resolve = async () => {
    asked += 1
    return asked === 1 ? [{ address: '192.0.2.1', family: 4 }, here('127.0.0.9')] : [here()]
  }
  // 127.0.0.9 is checked and listed; the server listens on 127.0.0.1 alone, where a second look-up would lead.
  const fetch = networkOf(['rebind.example', '127.0.0.9'], undefined, { resolve: rebinding })
  const { message } = await refusal(fetch(`http://rebind.example:${port}/`))
  expect(message).toMatch(/ECONNREFUSED 127\.0\.0\.9/)
  expect([asked, seen.length]).toEqual([1, 0])
})

test('a name that turns private for the redirect is refused there', async () => {
  const { port, seen } = await serve((_request, response) =>
    response.writeHead(302, { location: `http://rebind.example:${port}/again` }).end(),
  )
  let asked = 0
  const resolve: Resolve = async () => ((asked += 1) === 1 ? [here()] : [here('127.0.0.2')])
  const fetch = networkOf(['rebind.example', '127.0.0.1'], undefined, { resolve })
  const { message, reason } = await refusal(fetch(`http://rebind.example:${port}/`))
  expect([reason, seen.length]).toEqual(['missing_grant', 1])
  expect(message).toContain('it is at 127.0.0.2')
})

test('over the internet it goes by https alone', async () => {
  const fetch = networkOf(['api.example.com'], undefined, { resolve: async () => [PUBLIC] })
  const { message, reason } = await refusal(fetch('http://api.example.com/'))
  expect([reason, message]).toEqual([
    'invalid_argument',
    'module m cannot fetch http://api.example.com/: over the internet requests go by https:// alone',
  ])
})

test.each([
  ['ftp://127.0.0.1/', /https:\/\/ and http:\/\/ alone/],
  ['file:///etc/passwd', /https:\/\/ and http:\/\/ alone/],
  ['data:text/plain,x', /https:\/\/ and http:\/\/ alone/],
  ['http://user:pw@127.0.0.1/', /stand in a header/],
  ['/path', /it is no address/],
  ['http://', /it is no address/],
])('no request goes to %s', async (url, words) => {
  const { message, reason } = await refusal(networkOf(['127.0.0.1'])(url))
  expect(reason).toBe('invalid_argument')
  expect(message).toMatch(words)
})

test.each([
  [{ 'x-a': 'b\r\nx-smuggled: 1' }],
  [{ 'x-a': 'b\n' }],
  [{ 'x-a': 'b\0' }],
  [{ 'x-a': 'ł' }],
  [{ 'x-a\r\nx-b': '1' }],
  [{ 'x a': '1' }],
  [{ '': '1' }],
  [{ Host: 'other.example' }],
  [{ 'Content-Length': '0' }],
  [{ 'transfer-encoding': 'chunked' }],
  [{ Connection: 'upgrade' }],
  [{ Upgrade: 'websocket' }],
  [{ 'Proxy-Authorization': 'Basic eA==' }],
  [{ 'accept-encoding': 'identity' }],
  [{ expect: '100-continue' }],
  [{ 'x-a': '1', 'X-A': '2' }],
  [{ 'x-a': 'b'.repeat(40_000) }],
])('headers that are no header of a module: %j', async (headers) => {
  const { url, seen } = await serve(echo)
  const { reason } = await refusal(
    networkOf(['127.0.0.1'])(url, { headers: headers as Record<string, string> }),
  )
  expect([reason, seen.length]).toEqual(['invalid_argument', 0])
})

test('a line break in an address is part of the address', async () => {
  const { url, seen } = await serve(echo)
  await networkOf(['127.0.0.1'])(`${url}/a\r\nx-smuggled: 1/%0d%0ab c\t`)
  expect(seen[0]?.url).toBe('/ax-smuggled:%201/%0d%0ab%20c')
  expect(seen[0]?.headers['x-smuggled']).toBeUndefined()
})

test('redirects are followed as far as the grants reach', async () => {
  const secret = await serve(echo)
  const open = await serve(echo)
  const { url, port } = await serve((request, response) => {
    const to = request.url === '/out' ? secret.url : request.url === '/open' ? `${open.url}/landed` : '/open'
    response.writeHead(302, { location: to }).end()
  })
  const fetch = networkOf([`127.0.0.1:${port}`, `127.0.0.1:${open.port}`])
  const answer = await fetch(`${url}/start`, {
    headers: { authorization: 'x', cookie: 'y', 'x-kept': 'k' },
  })
  expect(answer).toMatchObject({ status: 200, url: `${open.url}/landed`, redirected: true })
  expect(open.seen[0]?.headers).toMatchObject({ 'x-kept': 'k' })
  expect(open.seen[0]?.headers).not.toHaveProperty('authorization')
  expect(open.seen[0]?.headers).not.toHaveProperty('cookie')
  expect((await refusal(fetch(`${url}/out`))).reason).toBe('missing_grant')
  expect(secret.seen).toEqual([])
})

test('on one host a redirect keeps the headers, and a post is posted again by 307 alone', async () => {
  const { url, seen } = await serve((request, response) => {
    if (request.url === '/end') return echo(request, response)
    response.writeHead(Number(request.url?.slice(1)), { location: '/end' }).end()
  })
  const fetch = networkOf(['127.0.0.1'])
  const post = {
    method: 'POST',
    text: 'body',
    headers: { authorization: 'x', 'content-type': 'text/plain' },
  } as const
  for (const status of [301, 302, 303]) {
    const { text: got } = await fetch(`${url}/${status}`, post)
    expect(JSON.parse(got)).toMatchObject({ method: 'GET', body: '', headers: { authorization: 'x' } })
    expect(JSON.parse(got)).not.toHaveProperty('headers.content-type')
  }
  for (const status of [307, 308]) {
    expect(JSON.parse((await fetch(`${url}/${status}`, post)).text)).toMatchObject({
      method: 'POST',
      body: 'body',
    })
  }
  expect(seen).toHaveLength(10)
})

test('redirects end: by their number, by `manual`, by `error`, and at what is no address', async () => {
  const { url, seen } = await serve((request, response) => {
    const location = request.url === '/bad' ? 'http://[' : '/round'
    response.writeHead(302, { location }).end('moved')
  })
  const fetch = networkOf(['127.0.0.1'])
  expect(await refusal(fetch(url))).toMatchObject({ reason: 'redirected', message: /more than 5 times/ })
  expect(seen).toHaveLength(6)
  expect(await fetch(url, { redirect: 'manual' })).toMatchObject({
    status: 302,
    text: 'moved',
    redirected: false,
  })
  expect((await refusal(fetch(url, { redirect: 'error' }))).reason).toBe('redirected')
  expect((await refusal(fetch(`${url}/bad`))).reason).toBe('redirected')
})

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

test('what is no HTTP, and a host that is not there, are errors that another try may mend', async () => {
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

// ctx.fetch reaches what was granted by its name and its address, and nothing else, whatever redirects and names say.
import { expect, test } from 'vitest'
import type { Resolve } from './destination.ts'
import { PUBLIC, echo, here, networkOf, refusal, serve } from './fetch.fixture.ts'

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

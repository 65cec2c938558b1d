// The transport obeys GitHub's limits, repeats only what is safe to repeat, and words refusals so that they help.
import { generateKeyPairSync, verify } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { PermanentError, RetryAfterError } from '../../errors.ts'
import { silentLog } from '../../lib/log.ts'
import { type LoopbackServer, type Received, type Reply, send, serveLoopback } from '../../standin/http.ts'
import { type GitHubOptions, createGitHub } from './client.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')
const servers: LoopbackServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

type Step = Reply | 'drop' | 'hang' | ((request: Received) => Reply)

/** A server that answers with the steps, in order, and the client for it; sleeping moves the clock. */
async function start(steps: Step[], options: Partial<GitHubOptions> = {}) {
  const seen: Received[] = []
  const server = await serveLoopback((request, response) => {
    seen.push(request)
    const step = steps.shift() ?? { status: 500, body: { message: 'no step left' } }
    if (step === 'hang') return Promise.resolve()
    if (step === 'drop') response.destroy()
    else send(response, typeof step === 'function' ? step(request) : step)
    return Promise.resolve()
  })
  servers.push(server)
  const slept: number[] = []
  let now = NOW
  const github = createGitHub({
    apiUrl: server.url,
    token: 'ghp_secret',
    log: silentLog,
    clock: () => now,
    sleep(ms, signal) {
      slept.push(ms)
      now += ms
      return signal?.aborted ? Promise.reject(signal.reason as Error) : Promise.resolve()
    },
    ...options,
  })
  return { github, seen, slept, server }
}

const ok: Reply = { status: 200, body: { number: 1 } }
const get = { method: 'GET', path: '/repos/octo/hello/issues/1' }
const post = { method: 'POST', path: '/repos/octo/hello/issues/1/comments', body: '{"body":"x"}' }
const atNow = { date: new Date(NOW).toUTCString() }

test('a request carries the token, a user agent and the API’s version', async () => {
  const { github, seen } = await start([ok])
  await github.octokit('octo/hello').rest.issues.get({ owner: 'octo', repo: 'hello', issue_number: 1 })
  expect(seen[0]?.headers).toMatchObject({
    authorization: 'Bearer ghp_secret',
    'x-github-api-version': '2022-11-28',
    'user-agent': expect.stringContaining('octokit') as string,
  })
})

test('a read is repeated after 5xx and after a cut connection', async () => {
  const { github, seen, slept } = await start([{ status: 502 }, 'drop', { status: 503 }, ok])
  expect((await github.send('octo/hello', get)).status).toBe(200)
  expect(seen).toHaveLength(4)
  expect(slept).toEqual([300, 1_000, 3_000])
})

test('a read that keeps failing is an error for the run’s own retry', async () => {
  const { github } = await start([
    { status: 502 },
    { status: 502 },
    { status: 502 },
    { status: 502, body: { message: 'Bad' } },
  ])
  const failing = github.octokit('octo/hello').request('GET /repos/octo/hello')
  await expect(failing).rejects.toThrow('GitHub answered 502 (Bad) to GET /repos/octo/hello (octo/hello)')
  await expect(failing).rejects.not.toBeInstanceOf(PermanentError)
})

test.each<['5xx' | 'a cut connection', Step]>([
  ['5xx', { status: 502 }],
  ['a cut connection', 'drop'],
])('a write is never repeated after %s: it may have happened', async (_name, step) => {
  const { github, seen } = await start([step, ok])
  const octokit = github.octokit('octo/hello')
  const writing = octokit.rest.issues.createComment({
    owner: 'octo',
    repo: 'hello',
    issue_number: 1,
    body: 'x',
  })
  await expect(writing).rejects.toThrow('whether it took effect is unknown')
  expect(seen).toHaveLength(1)
})

test('a write is repeated when the connection was refused: it cannot have happened', async () => {
  const refused = Object.assign(new TypeError('fetch failed'), {
    cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }),
  })
  let calls = 0
  const { github } = await start([ok], {
    fetch: (url, init) => ((calls += 1) < 3 ? Promise.reject(refused) : fetch(url, init)),
  })
  expect((await github.send('octo/hello', post)).status).toBe(200)
  expect(calls).toBe(3)
})

test('an unreachable GitHub is named with its address and the system’s code', async () => {
  const { github, server } = await start([])
  await server.close()
  await expect(github.send('octo/hello', get)).rejects.toThrow(`cannot reach GitHub at ${server.url}`)
  await expect(github.send('octo/hello', get)).rejects.toThrow('ECONNREFUSED')
})

test('no answer within the time allowed is an error', async () => {
  const { github } = await start(['hang'], { timeoutMs: 20 })
  await expect(github.send('octo/hello', post)).rejects.toThrow(
    'did not answer POST /repos/octo/hello/issues/1/comments',
  )
})

test('an aborted signal ends the exchange with its own reason, unrepeated', async () => {
  const stop = new AbortController()
  const { github, seen } = await start([
    () => {
      stop.abort(new Error('run cancelled'))
      return { status: 502 }
    },
    ok,
  ])
  await expect(github.send('octo/hello', get, stop.signal)).rejects.toThrow('run cancelled')
  expect(seen).toHaveLength(1)
})

test.each([
  ['retry-after', { status: 429, headers: { 'retry-after': '20' } }, 20_000],
  ['retry-after on 403', { status: 403, headers: { 'retry-after': '20' } }, 20_000],
  [
    'an exhausted primary limit, in GitHub’s time',
    {
      status: 403,
      headers: {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(NOW / 1_000 + 7_230),
        date: new Date(NOW + 7_200_000).toUTCString(),
      },
    },
    30_000,
  ],
  [
    'a secondary limit without a header',
    { status: 403, body: { message: 'You have exceeded a secondary rate limit.' } },
    60_000,
  ],
])('a short limit is waited for, writes too: %s', async (_name, limit, waitMs) => {
  const { github, slept } = await start([limit, ok])
  expect((await github.send('octo/hello', post)).status).toBe(200)
  expect(slept).toEqual([waitMs])
})

test('a long limit is left to the run’s retry, with its delay, and later requests do not even ask', async () => {
  const { github, seen } = await start([
    {
      status: 403,
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1_000 + 600), ...atNow },
    },
  ])
  const first = await github.send('octo/hello', get).catch((error: unknown) => error)
  expect(first).toBeInstanceOf(RetryAfterError)
  expect((first as RetryAfterError).delayMs).toBe(600_000)
  await expect(github.send('octo/hello', post)).rejects.toBeInstanceOf(RetryAfterError)
  expect(seen).toHaveLength(1)
})

test('the last request of a window makes the next one wait; searches have a window of their own', async () => {
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1_000 + 30), ...atNow }
  const { github, slept } = await start([{ ...ok, headers }, ok, ok])
  await github.send('octo/hello', get)
  await github.send('octo/hello', { method: 'GET', path: '/search/issues?q=x' })
  expect(slept).toEqual([])
  await github.send('octo/hello', get)
  expect(slept).toEqual([30_000])
})

test('a limit that comes again and again ends in a retry later', async () => {
  const limit: Reply = { status: 429, headers: { 'retry-after': '1' } }
  const { github, seen } = await start([limit, limit, limit, ok])
  await expect(github.send('octo/hello', get)).rejects.toBeInstanceOf(RetryAfterError)
  expect(seen).toHaveLength(3)
})

test.each([
  [401, 'github_unauthorized', 'set a valid GITHUB_TOKEN'],
  [403, 'github_forbidden', 'give the token the permission issues: write on octo/hello'],
  [404, 'github_not_found', 'give the token access to octo/hello'],
  [410, 'github_gone', 'was deleted'],
  [422, 'github_invalid', 'Validation Failed; Label name is_bad'],
  [409, 'github_refused', 'another try would be refused alike'],
])('%i is final: %s', async (status, reason, mend) => {
  const { github, seen } = await start([
    {
      status,
      headers: { 'x-accepted-github-permissions': 'issues=write' },
      body: { message: 'Validation Failed', errors: [{ resource: 'Label', field: 'name', code: 'is_bad' }] },
    },
  ])
  const where = { owner: 'octo', repo: 'hello', issue_number: 1, body: 'x' }
  const error = await github
    .octokit('octo/hello')
    .rest.issues.createComment(where)
    .catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(PermanentError)
  expect(error).toMatchObject({ reason, status })
  const { message } = error as Error
  expect(message).toContain('POST /repos/octo/hello/issues/1/comments (octo/hello)')
  expect(message).toContain(mend)
  expect(message).not.toContain('ghp_secret')
  expect(seen).toHaveLength(1)
})

test('a redirect is not followed: it may lead into another repository', async () => {
  const { github, seen } = await start([
    { status: 301, headers: { location: '/repositories/1/issues/1' } },
    ok,
  ])
  await expect(github.send('octo/hello', get)).rejects.toMatchObject({ reason: 'github_moved' })
  expect(seen).toHaveLength(1)
})

test('an answer larger than asked for is refused while it is read', async () => {
  const { github } = await start([{ status: 200, body: 'x'.repeat(2_000) }])
  await expect(github.send('octo/hello', { ...get, maxBytes: 1_999 })).rejects.toMatchObject({
    reason: 'too_large',
  })
})

test('a link to further pages on another host is not followed', async () => {
  const { github } = await start([
    { status: 200, headers: { link: '<https://evil.example/x?page=2>; rel="next"' }, body: [] },
  ])
  const octokit = github.octokit('octo/hello')
  const listing = octokit.paginate(octokit.rest.issues.listLabelsForRepo, { owner: 'octo', repo: 'hello' })
  await expect(listing).rejects.toMatchObject({ reason: 'github_moved' })
})

test.each(['two words', 'line\n', ''])(
  'a token that cannot be one is refused at once, and not quoted: %j',
  (token) => {
    const make = () => createGitHub({ apiUrl: 'http://x', token, log: silentLog, clock: () => NOW })
    expect(make).toThrow('copy it again')
    if (token !== '') expect(make).not.toThrow(token)
  },
)

test('the own login is asked for once, and again after a failure', async () => {
  const { github, seen } = await start([{ status: 401 }, { status: 200, body: { login: 'hook' } }])
  await expect(github.ownLogin('octo/hello')).rejects.toMatchObject({ reason: 'github_unauthorized' })
  expect(await Promise.all([github.ownLogin('octo/hello'), github.ownLogin('octo/other')])).toEqual([
    'hook',
    'hook',
  ])
  expect(seen.map(({ url }) => url.pathname)).toEqual(['/user', '/user'])
})

// ── as an App ────────────────────────────────────────────────────────────────────────────────────

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const app = { id: '7', privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }) as string }
const installation: Reply = { status: 200, body: { id: 99 } }
const minted = (token: string, expiresAt: number): Reply => ({
  status: 201,
  body: { token, expires_at: new Date(expiresAt).toISOString() },
})
const HOUR = 3_600_000

test('an App asks for a token of this one repository, uses it, and renews it before it ends', async () => {
  let now = NOW
  const { github, seen } = await start(
    [installation, minted('ghs_1', NOW + HOUR), ok, ok, installation, minted('ghs_2', NOW + 2 * HOUR), ok],
    { app, token: null, clock: () => now },
  )
  await github.send('Octo/Hello', get)
  await github.send('octo/hello', get)
  now += 56 * 60_000
  await github.send('octo/hello', get)
  expect(seen.map(({ method, url }) => `${method} ${url.pathname}`)).toEqual([
    'GET /repos/octo/hello/installation',
    'POST /app/installations/99/access_tokens',
    'GET /repos/octo/hello/issues/1',
    'GET /repos/octo/hello/issues/1',
    'GET /repos/octo/hello/installation',
    'POST /app/installations/99/access_tokens',
    'GET /repos/octo/hello/issues/1',
  ])
  expect(JSON.parse(String(seen[1]?.body))).toEqual({ repositories: ['hello'] })
  expect([seen[2], seen[6]].map((request) => request?.headers.authorization)).toEqual([
    'Bearer ghs_1',
    'Bearer ghs_2',
  ])
})

test('the App signs for itself with its key, for less than ten minutes', async () => {
  const { github, seen } = await start([{ status: 200, body: { slug: 'hookyard' } }], { app, token: null })
  expect(await github.ownLogin('octo/hello')).toBe('hookyard[bot]')
  const [header = '', claims = '', signature = ''] = (seen[0]?.headers.authorization ?? '')
    .slice('Bearer '.length)
    .split('.')
  expect(
    verify('RSA-SHA256', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url')),
  ).toBe(true)
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toEqual({
    iat: NOW / 1_000 - 60,
    exp: NOW / 1_000 + 540,
    iss: '7',
  })
})

test('requests that come together share one token; a refused one is replaced once', async () => {
  const { github, seen } = await start(
    [
      installation,
      minted('ghs_1', NOW + HOUR),
      ok,
      ok,
      { status: 401 },
      installation,
      minted('ghs_2', NOW + HOUR),
      ok,
    ],
    { app, token: null },
  )
  await Promise.all([github.send('octo/hello', get), github.send('octo/hello', get)])
  expect((await github.send('octo/hello', get)).status).toBe(200)
  expect(seen.filter(({ method }) => method === 'POST')).toHaveLength(2)
})

test('a machine whose clock is off signs by GitHub’s clock after the first refusal', async () => {
  const off = 3 * HOUR
  const { github, seen } = await start(
    [
      { status: 401, headers: { date: new Date(NOW + off).toUTCString() } },
      { status: 200, body: { slug: 'hookyard' } },
    ],
    { app, token: null },
  )
  expect(await github.ownLogin('octo/hello')).toBe('hookyard[bot]')
  const claims = seen[1]?.headers.authorization?.split('.')[1] ?? ''
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
    iat: (NOW + off) / 1_000 - 60,
  })
})

test('an App that is not installed on the repository says so', async () => {
  const { github } = await start([{ status: 404, body: { message: 'Not Found' } }], { app, token: null })
  await expect(github.send('octo/hello', get)).rejects.toThrow(
    'the GitHub App is not installed on octo/hello',
  )
})

test('a private key that is none is refused at once', () => {
  const make = () =>
    createGitHub({
      apiUrl: 'http://x',
      app: { id: '7', privateKey: 'nonsense' },
      log: silentLog,
      clock: () => NOW,
    })
  expect(make).toThrow('no PEM key')
})

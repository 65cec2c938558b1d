// The transport repeats only what is safe to repeat, and words refusals so that they help.
import { expect, test } from 'vitest'
import { PermanentError } from '../../lib/errors.ts'
import { silentLog } from '../../lib/log.ts'
import { createGitHub } from './client.ts'
import {
  NOW,
  type Step,
  get,
  ok,
  post,
  startScripted as start,
} from '../../../testing/broker/github/scripted-github.ts'

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
  [401, 'github_unauthorized', 'set a valid GITHUB_TOKEN'],
  [403, 'github_forbidden', 'give the token the permission issues: write on octo/hello'],
  [404, 'github_not_found', 'give the token access to octo/hello'],
  [410, 'github_gone', 'was deleted'],
  [422, 'github_invalid', 'Validation Failed; Label name is_bad'],
  [409, 'github_refused', 'another try would be refused alike'],
])('%i is final: %s', async (status, reason, fix) => {
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
  expect(message).toContain(fix)
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

test('tokens that GitHub puts into what it tells of a private repository and its files stay inside', async () => {
  const repository = {
    full_name: 'octo/hello',
    temp_clone_token: 'AABB',
    parent: { temp_clone_token: 'CCDD' },
    file: { download_url: 'https://raw.githubusercontent.com/octo/hello/main/x?token=EEFF' },
  }
  const { github } = await start([
    { status: 200, body: repository },
    { status: 200, body: '"temp_clone_token": "x"' },
  ])
  const answer = await github.send('octo/hello', { method: 'GET', path: '/repos/octo/hello' })
  expect(JSON.parse(String(answer.body))).toEqual({
    full_name: 'octo/hello',
    temp_clone_token: '',
    parent: { temp_clone_token: '' },
    file: { download_url: 'https://raw.githubusercontent.com/octo/hello/main/x' },
  })
  const file = await github.send('octo/hello', { method: 'GET', path: '/repos/octo/hello/contents/x' })
  expect(String(file.body)).toBe('"temp_clone_token": "x"')
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

test.each([403, 404])('a token that may not ask who it is (%i) writes without a name', async (status) => {
  const { github } = await start([{ status, body: { message: 'Resource not accessible by integration' } }])
  expect(await github.ownLogin('octo/hello')).toBe('')
})

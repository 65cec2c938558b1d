// A module that wants out: each of these requests is refused, and nothing of it reaches GitHub.
import { expect, test } from 'vitest'
import { PermanentError } from '../../lib/errors.ts'
import { silentLog } from '../../lib/log.ts'
import { ALL, MARKER_KEY, REPO, openScene } from '../../../testing/broker/github/broker-scene.ts'
import { type RunScope, createGitHubBroker } from './broker.ts'
import { createGitHub } from './client.ts'
import { signMarker } from './marker.ts'
import { startScripted } from '../../../testing/broker/github/scripted-github.ts'

type Attack = [name: string, method: string, path: string, body?: unknown, scope?: Partial<RunScope>]

const here = '/repos/octo/hello'
const comment = { body: 'x' }

const READS: Attack[] = [
  ['another repository', 'GET', '/repos/octo/other'],
  ['another owner', 'GET', '/repos/evil/hello'],
  ['a name that begins alike', 'GET', '/repos/octo/hello-secrets'],
  ['a way out of the repository', 'GET', `${here}/../other`],
  ['an encoded way out', 'GET', `${here}/%2e%2e/other`],
  ['a doubly encoded way out', 'GET', `${here}/%252e%252e/other`],
  ['an encoded slash in the owner', 'GET', '/repos/octo%2Fother/hello'],
  ['an encoded slash in the name', 'GET', '/repos/octo/hello%2F..%2Fother'],
  ['a backslash', 'GET', '/repos/octo/hello\\..\\other'],
  ['a double slash', 'GET', '//repos/octo/hello'],
  ['a fragment', 'GET', `${here}#x`],
  ['who the token is', 'GET', '/user'],
  ['the repositories of the token', 'GET', '/user/repos'],
  ['an organization', 'GET', '/orgs/octo/repos'],
  ['the App', 'GET', '/app'],
  ['repositories by id', 'GET', '/repositories/1'],
  ['gists', 'GET', '/gists'],
  ['secret scanning', 'GET', `${here}/secret-scanning/alerts`],
  ['webhooks of the repository', 'GET', `${here}/hooks`],
  ['variables of Actions', 'GET', `${here}/actions/variables`],
  ['secrets of an environment with a slash', 'GET', `${here}/environments/a%2Fb/secrets`],
  ['webhooks by another name', 'GET', `${here}/hooks.json`],
  ['secrets by another name', 'GET', `${here}/actions/organization-secrets;x`],
  ['a comparison with a branch of a fork', 'GET', `${here}/compare/main...evil:main`],
  ['an encoded comparison with another repository', 'GET', `${here}/compare/main...octo%3Aother%3Amain`],
  ['the dependencies of a fork', 'GET', `${here}/dependency-graph/compare/main...evil:main`],
  ['a commit of a fork by its branch', 'GET', `${here}/commits/evil:main`],
  [
    'an analysis of another repository',
    'GET',
    `${here}/code-scanning/codeql/variant-analyses/1/repos/octo/other`,
  ],
  ['an answer as a script, which nothing looks into', 'GET', `${here}?callback=x`],
  ['a search over repositories', 'GET', '/search/repositories?q=x'],
  ['a search over users', 'GET', '/search/users?q=x'],
  ['a search with two queries', 'GET', '/search/issues?q=repo:octo/hello&q=repo:octo/other'],
  ['GraphQL by GET', 'GET', '/graphql?query={viewer{login}}'],
]

const WRITES: Attack[] = [
  ['GraphQL', 'POST', '/graphql', { query: 'mutation { x }' }],
  ['a comment on another number', 'POST', `${here}/issues/43/comments`, comment],
  ['a comment on a number spelled otherwise', 'POST', `${here}/issues/042/comments`, comment],
  ['a comment on a negative number', 'POST', `${here}/issues/-42/comments`, comment],
  ['a comment in another repository', 'POST', '/repos/octo/other/issues/42/comments', comment],
  ['an encoded number of another', 'POST', `${here}/issues/4%33/comments`, comment],
  ['a number with a slash inside', 'POST', `${here}/issues/42%2F..%2F43/comments`, comment],
  ['a query on a write', 'POST', `${here}/issues/42/comments?_method=delete`, comment],
  [
    'a comment without the grant',
    'POST',
    `${here}/issues/42/comments`,
    comment,
    { may: ['review', 'label', 'check'] },
  ],
  [
    'a label without the grant',
    'POST',
    `${here}/issues/42/labels`,
    { labels: ['bug'] },
    { may: ['comment'] },
  ],
  [
    'a review without the grant',
    'POST',
    `${here}/pulls/42/reviews`,
    { event: 'COMMENT' },
    { may: ['comment'] },
  ],
  ['a check without the grant', 'POST', `${here}/check-runs`, { head_sha: 'x' }, { may: ['comment'] }],
  ['a write without a subject', 'POST', `${here}/issues/42/comments`, comment, { subject: null }],
  [
    'a write with a repository as subject',
    'POST',
    `${here}/issues/42/comments`,
    comment,
    { subject: { kind: 'repository', number: null, headSha: null } },
  ],
  ['closing the issue', 'PATCH', `${here}/issues/42`, { state: 'closed' }],
  ['closing the pull request', 'PATCH', `${here}/pulls/42`, { state: 'closed' }],
  ['merging', 'PUT', `${here}/pulls/42/merge`, {}],
  ['approving', 'POST', `${here}/pulls/42/reviews`, { event: 'APPROVE', body: 'x' }],
  ['a pending review', 'POST', `${here}/pulls/42/reviews`, { body: 'x' }],
  ['submitting a pending review', 'POST', `${here}/pulls/42/reviews/1/events`, { event: 'APPROVE' }],
  ['dismissing a review', 'PUT', `${here}/pulls/42/reviews/1/dismissals`, { message: 'x' }],
  [
    'a review on another commit',
    'POST',
    `${here}/pulls/42/reviews`,
    { event: 'COMMENT', body: 'x', commit_id: 'a'.repeat(40) },
  ],
  ['a check on another commit', 'POST', `${here}/check-runs`, { name: 'n', head_sha: 'a'.repeat(40) }],
  [
    'a check that brings its own id',
    'POST',
    `${here}/check-runs`,
    { name: 'n', head_sha: 'a', external_id: 'x' },
  ],
  ['writing a file', 'PUT', `${here}/contents/README.md`, { message: 'x', content: '' }],
  ['moving a branch', 'PATCH', `${here}/git/refs/heads/main`, { sha: 'x' }],
  ['a status on a commit', 'POST', `${here}/statuses/abc`, { state: 'success' }],
  ['making a label', 'POST', `${here}/labels`, { name: 'x' }],
  ['putting on a label that is not there', 'POST', `${here}/issues/42/labels`, { labels: ['brand-new'] }],
  ['replacing all labels', 'PUT', `${here}/issues/42/labels`, { labels: ['bug'] }],
  ['taking off all labels', 'DELETE', `${here}/issues/42/labels`],
  ['a label taken off another number', 'DELETE', `${here}/issues/7/labels/bug`],
  ['assigning somebody', 'POST', `${here}/issues/42/assignees`, { assignees: ['x'] }],
  ['locking', 'PUT', `${here}/issues/42/lock`, {}],
  ['deleting the repository', 'DELETE', here],
  ['running a workflow', 'POST', `${here}/dispatches`, { event_type: 'x' }],
  ['registering a webhook', 'POST', `${here}/hooks`, { config: {} }],
  ['adding a key', 'POST', `${here}/keys`, { key: 'x' }],
  [
    'a comment id beyond what numbers can tell apart',
    'PATCH',
    `${here}/issues/comments/9007199254740993`,
    comment,
  ],
  ['a method that is none', 'CONNECT', here],
  ['a method with another behind it', 'GET\r\nX: y', here],
  ['an upload to another host below the path', 'POST', '@evil.example/x', comment],
]

test.each([...READS, ...WRITES])(
  '%s is refused: %s %s',
  async (_name, method, path, body = null, changes = {}) => {
    const { broker, scope, standin, writes } = await openScene({ app: true })
    const request = {
      method,
      url: standin.url + path,
      headers: {},
      body: body === null ? null : JSON.stringify(body),
    }
    const error = await broker
      .fetch(scope({ may: ALL, ...changes }), request)
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(PermanentError)
    expect(['missing_grant', 'invalid_argument']).toContain((error as PermanentError).reason)
    expect(writes().filter((write) => !write.includes('access_tokens'))).toEqual([])
    if (method === 'GET') expect(standin.requests).toEqual([])
  },
)

test('there are at least forty of them', () => {
  expect(READS.length + WRITES.length).toBeGreaterThanOrEqual(40)
})

test.each([
  'https://evil.example/repos/octo/hello',
  'http://127.0.0.1:1/repos/octo/hello',
  'http://127.0.0.1/repos/octo/hello',
  'file:///etc/passwd',
  '/repos/octo/hello',
  '',
])('the address %j is refused', async (url) => {
  const { broker, scope, standin } = await openScene()
  const request = { method: 'GET', url, headers: {}, body: null }
  await expect(broker.fetch(scope(), request)).rejects.toMatchObject({ reason: 'missing_grant' })
  expect(standin.requests).toEqual([])
})

test.each([
  ['of a stranger', 'mallory', 42, null],
  ['of a stranger, with a marker copied from ours', 'mallory', 42, '#42'],
  ['of our own login, written by hand', 'hookyard-bot', 42, null],
  ['of our own on another number', 'hookyard-bot', 7, '#7'],
  ['of our own login, with a marker copied from another number', 'hookyard-bot', 42, '#7'],
  ['of our own login on another number, with a marker copied from this one', 'hookyard-bot', 7, '#42'],
] as const)('a comment %s can neither be changed nor deleted', async (_name, login, number, signedFor) => {
  const { broker, scope, standin, writes } = await openScene()
  const marked = { module: 'pr-review', entity: `octo/hello${signedFor ?? ''}`, kind: 'comment', key: 'k' }
  const body = signedFor === null ? 'x' : `x\n\n${signMarker(MARKER_KEY, marked)}`
  const id = standin.addComment(REPO, number, { login, body })
  for (const method of ['PATCH', 'DELETE']) {
    const request = {
      method,
      url: `${standin.url}${here}/issues/comments/${id}`,
      headers: {},
      body: '{"body":"y"}',
    }
    await expect(broker.fetch(scope(), request)).rejects.toMatchObject({ reason: 'missing_grant' })
  }
  expect(writes()).toEqual([])
  expect(standin.comments(REPO, number)[0]?.body).toBe(body)
})

test('headers that could change what happens are dropped; the credential is the service’s own', async () => {
  const seen: Record<string, string>[] = []
  const { scope, standin, effects } = await openScene()
  const clock = () => 0
  const fetch = (url: string | URL | Request, init: RequestInit = {}) => {
    seen.push(init.headers as Record<string, string>)
    return globalThis.fetch(url, init)
  }
  const github = createGitHub({ apiUrl: standin.url, token: standin.token, log: silentLog, clock, fetch })
  const broker = createGitHubBroker({ github, effects, markerKey: MARKER_KEY, clock, log: silentLog })
  const headers = {
    Authorization: 'Bearer mine',
    Cookie: 'a=b',
    Host: 'evil.example',
    'X-HTTP-Method-Override': 'DELETE',
    'Content-Length': '0',
    'Transfer-Encoding': 'chunked',
    'X-GitHub-Request-Id': 'x',
    Accept: 'application/vnd.github.raw+json',
  }
  await broker.fetch(scope(), { method: 'get', url: `${standin.url}${here}`, headers, body: null })
  expect(seen).toEqual([
    {
      accept: 'application/vnd.github.raw+json',
      authorization: `Bearer ${standin.token}`,
      'user-agent': 'hookyard',
      'x-github-api-version': '2022-11-28',
    },
  ])
})

test.each(['a\r\nX-Evil: 1', 'a\nb', 'a\u0000b', 'ä', 'x'.repeat(1_001)])(
  'a header value %j is refused',
  async (value) => {
    const { broker, scope, standin } = await openScene()
    const request = { method: 'GET', url: `${standin.url}${here}`, headers: { accept: value }, body: null }
    await expect(broker.fetch(scope(), request)).rejects.toMatchObject({ reason: 'missing_grant' })
    expect(standin.requests).toEqual([])
  },
)

test('a body over 1 MiB is refused', async () => {
  const { broker, scope, standin } = await openScene()
  const body = JSON.stringify({ body: 'x'.repeat(1_048_576) })
  const request = { method: 'POST', url: `${standin.url}${here}/issues/42/comments`, headers: {}, body }
  await expect(broker.fetch(scope(), request)).rejects.toMatchObject({ reason: 'missing_grant' })
  expect(standin.requests).toEqual([])
})

test('a body with a field twice goes out as it was checked', async () => {
  const { broker, scope, standin } = await openScene()
  const body = '{"body":"x","event":"APPROVE","event":"COMMENT"}'
  const request = { method: 'POST', url: `${standin.url}${here}/pulls/42/reviews`, headers: {}, body }
  await broker.fetch(scope(), request)
  expect(standin.reviews(REPO, 42)).toMatchObject([{ state: 'COMMENTED' }])
})

test('a marker that a module brings along is taken out', async () => {
  const { broker, scope, standin } = await openScene()
  const stolen = signMarker(MARKER_KEY, {
    module: 'other',
    entity: 'octo/hello#42',
    kind: 'comment',
    key: 'k',
  })
  const request = {
    method: 'POST',
    url: `${standin.url}${here}/issues/42/comments`,
    headers: {},
    body: JSON.stringify({ body: `x ${stolen}` }),
  }
  await broker.fetch(scope(), request)
  expect(standin.comments(REPO, 42)[0]?.body).not.toContain(stolen)
})

test('a refusal names the request and the line that is missing, and no credential', async () => {
  const { broker, scope, standin } = await openScene()
  const request = {
    method: 'POST',
    url: `${standin.url}${here}/issues/42/comments`,
    headers: {},
    body: '{"body":"x"}',
  }
  await expect(broker.fetch(scope({ may: ['label'] }), request)).rejects.toThrow(
    'module pr-review may not POST /repos/octo/hello/issues/42/comments: add `comment` to `may` in its module.yaml',
  )
  const merge = { ...request, method: 'PUT', url: `${standin.url}${here}/pulls/42/merge` }
  await expect(broker.fetch(scope(), merge)).rejects.toThrow(
    /^module pr-review may not PUT \/repos\/octo\/hello\/pulls\/42\/merge: no grant opens it; `may` opens POST issues\/\{n\}\/comments \(comment\)/,
  )
})

// What the service's credentials may see is more than what the run may: GitHub's answers bring it unasked.
const issueOf = (repository: string, number: number) => ({
  number,
  title: `of ${repository}`,
  repository_url: `https://api.github.com/repos/${repository}`,
})
const [own, foreign] = [issueOf('Octo/Hello', 1), issueOf('octo/private', 2)]

async function answered(body: unknown, headers: Record<string, string> = {}, path = '/issues/42/timeline') {
  const { github, server } = await startScripted([{ status: 200, body, headers }])
  const { scope, effects } = await openScene()
  const broker = createGitHubBroker({
    github,
    effects,
    markerKey: MARKER_KEY,
    clock: () => 0,
    log: silentLog,
  })
  const request = { method: 'GET', url: server.url + here + path, headers: {}, body: null }
  return (await broker.fetch(scope(), request)).body
}

test('issues of other repositories are left out of what GitHub answers', async () => {
  const events = [
    { event: 'cross-referenced', source: { type: 'issue', issue: foreign } },
    { event: 'cross-referenced', source: { type: 'issue', issue: own } },
    { event: 'labeled', label: null },
  ]
  expect(JSON.parse(await answered(events))).toEqual([
    { event: 'cross-referenced', source: { type: 'issue', issue: null } },
    ...events.slice(1),
  ])
  expect(JSON.parse(await answered([foreign, own, null]))).toEqual([own, null])
  await expect(answered(foreign, {}, '/issues/42/parent')).rejects.toMatchObject({
    reason: 'missing_grant',
    message: expect.stringContaining('an issue of another repository') as string,
  })
})

test('a file that speaks of other repositories is a file', async () => {
  const file = JSON.stringify([foreign])
  const raw = { 'content-type': 'application/vnd.github.raw+json; charset=utf-8' }
  expect(await answered(file, raw, '/contents/a.json')).toBe(file)
})

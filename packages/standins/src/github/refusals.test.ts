// The stand-in refuses what GitHub refuses, in GitHub's shape, and remembers who made a mistake.
import { Octokit } from 'octokit'
import { expect, onTestFinished, test } from 'vitest'
import { startGitHub } from './github.ts'
import type { GitHubOptions } from './github.ts'

const NAME = 'octocat/Hello-World'
const PULL = `/repos/${NAME}/pulls/1`
const ISSUE = `/repos/${NAME}/issues/2`

async function openScene(options: GitHubOptions = {}) {
  const github = await startGitHub(options)
  onTestFinished(() => github.close())
  github.createPullRequest(NAME, { number: 1, user: 'alice' })
  github.createIssue(NAME, { number: 2, title: 'Broken' })
  const call = async (route: string, body?: unknown, headers: Record<string, string> = {}) => {
    const [method = '', path = ''] = route.split(' ')
    const sent = { authorization: `Bearer ${github.token}`, 'user-agent': 'test', ...headers }
    const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(`${github.url}${path}`, { method, headers: sent, body: text })
    const answer = await response.text()
    return {
      status: response.status,
      body: answer ? (JSON.parse(answer) as Record<string, unknown>) : null,
      headers: response.headers,
    }
  }
  return { github, call }
}

test.each<[string, string, unknown, number, string | RegExp, string]>([
  [
    'a body of the wrong type',
    `POST ${ISSUE}/comments`,
    { body: 3 },
    422,
    /For 'properties\/body', 3 is not a string/,
    'request',
  ],
  ['a missing property', `POST ${ISSUE}/comments`, {}, 422, /"body" wasn't supplied/, 'request'],
  ['no body at all', `POST ${ISSUE}/comments`, undefined, 422, /nil is not an object/, 'request'],
  [
    'a closed schema with an unknown key',
    `POST /repos/${NAME}/hooks`,
    { cofnig: {} },
    422,
    /"cofnig" is not a permitted key/,
    'request',
  ],
  ['an unknown value', `POST ${PULL}/reviews`, { event: 'MAYBE' }, 422, /is not a member of/, 'request'],
  [
    'an unknown query value',
    `GET /repos/${NAME}/pulls?state=opne`,
    undefined,
    422,
    /is not a member of/,
    'request',
  ],
  ['a number that is none', `GET /repos/${NAME}/pulls/first`, undefined, 404, 'Not Found', 'request'],
  ['an operation that is not described', `POST /repos/${NAME}/merges`, {}, 404, 'Not Found', 'operation'],
])('refuses and reports %s', async (_, route, body, status, message, kind) => {
  const { github, call } = await openScene()
  const answer = await call(route, body)
  expect(answer.status).toBe(status)
  expect(answer.body).toMatchObject({
    message: expect.stringMatching(message) as string,
    status: String(status),
  })
  expect(answer.body?.documentation_url).toMatch(/^https:\/\/docs\.github\.com\/rest/)
  expect(github.violations).toMatchObject([{ kind }])
})

test.each<[string, string, unknown, number, string]>([
  ['broken JSON', `POST ${ISSUE}/comments`, '{"body":', 400, 'Problems parsing JSON'],
  ['a blank comment', `POST ${ISSUE}/comments`, { body: ' \n' }, 422, 'Body cannot be blank'],
  [
    'a comment over 65536 characters',
    `POST ${ISSUE}/comments`,
    { body: 'x'.repeat(65_537) },
    422,
    'Body is too long',
  ],
  ['an issue that is not there', `GET /repos/${NAME}/issues/9`, undefined, 404, 'Not Found'],
  ['a pull request that is an issue', `GET /repos/${NAME}/pulls/2`, undefined, 404, 'Not Found'],
  ['a repository that is not there', 'GET /repos/octocat/nothing', undefined, 404, 'Not Found'],
  [
    'a check by a personal token',
    `POST /repos/${NAME}/check-runs`,
    { name: 'x', head_sha: 'y' },
    403,
    'via a GitHub App',
  ],
  ['an App page by a personal token', 'GET /app', undefined, 401, 'JSON web token'],
  ['a label that is not on the issue', `DELETE ${ISSUE}/labels/bug`, undefined, 404, 'Label does not exist'],
  ['an empty search', 'GET /search/issues?q=%20', undefined, 422, 'missing'],
  [
    'a search in an unknown repository',
    'GET /search/issues?q=repo:a/b',
    undefined,
    422,
    'cannot be searched',
  ],
])('refuses %s', async (_, route, body, status, message) => {
  const { github, call } = await openScene()
  const answer = await call(route, body)
  expect([answer.status, JSON.stringify(answer.body)]).toEqual([status, expect.stringContaining(message)])
  expect(github.violations).toEqual([])
  expect(github.comments(NAME, 2)).toEqual([])
})

test('reports what GitHub would silently ignore, and serves it', async () => {
  const { github, call } = await openScene()
  expect((await call(`POST ${ISSUE}/comments`, { body: 'x', bdoy: 'y' })).status).toBe(201)
  expect((await call(`GET ${ISSUE}/comments?perpage=1`)).status).toBe(200)
  expect(github.violations.map(({ kind, message }) => [kind, message])).toEqual([
    ['undescribed', 'the body property bdoy is not described'],
    ['undescribed', 'the query parameter perpage is not described'],
  ])
})

test.each<[string, Record<string, string>, number, string, string]>([
  ['no credentials', { authorization: '' }, 401, 'Requires authentication', 'unknown'],
  ['a wrong token', { authorization: 'Bearer ghp_wrong' }, 401, 'Bad credentials', 'unknown'],
  ['no user agent', { 'user-agent': '' }, 403, 'User-Agent', 'none'],
])('refuses %s', async (_, headers, status, message, auth) => {
  const { github, call } = await openScene()
  const answer = await call(`GET ${ISSUE}`, undefined, headers)
  expect(answer).toMatchObject({ status, body: { message: expect.stringContaining(message) as string } })
  expect(github.requests).toMatchObject([{ auth, status }])
  expect(JSON.stringify(github.requests)).not.toContain('ghp_')
})

test.each<[string, Record<string, unknown>, string]>([
  [
    'a line outside the diff',
    { comments: [{ path: 'README.md', line: 40, body: 'x' }] },
    'Line could not be resolved',
  ],
  [
    'a removed line on the right',
    { comments: [{ path: 'README.md', line: 4, body: 'x' }] },
    'Line could not be resolved',
  ],
  [
    'a file outside the diff',
    { comments: [{ path: 'src/x.ts', line: 1, body: 'x' }] },
    'Path could not be resolved',
  ],
  [
    'a start below the end',
    { comments: [{ path: 'README.md', line: 1, start_line: 2, body: 'x' }] },
    'Start line must precede',
  ],
  ['a commit of another branch', { commit_id: 'f'.repeat(40), body: 'x' }, 'Commit is not part'],
  ['asking for changes without a word', { event: 'REQUEST_CHANGES' }, 'You need to leave a comment'],
])('refuses a whole review for %s', async (_, review, message) => {
  const { github, call } = await openScene()
  const good = { path: 'README.md', line: 2, body: 'good' }
  const comments = Array.isArray(review.comments) ? [good, ...(review.comments as unknown[])] : []
  const answer = await call(`POST ${PULL}/reviews`, { event: 'COMMENT', body: '', ...review, comments })
  expect(answer).toMatchObject({
    status: 422,
    body: { message: 'Unprocessable Entity', errors: [expect.stringContaining(message)] },
  })
  expect(github.reviews(NAME, 1)).toEqual([])
  expect(github.violations).toEqual([])
})

test('takes comments on both sides of the diff and keeps their hunk', async () => {
  const { github, call } = await openScene()
  const comments = [
    { path: 'README.md', line: 2, side: 'LEFT', body: 'old' },
    { path: 'README.md', line: 3, start_line: 1, body: 'new' },
  ]
  await call(`POST ${PULL}/reviews`, { event: 'COMMENT', body: 'two', comments })
  expect(github.reviews(NAME, 1)).toMatchObject([
    {
      login: 'hookyard-bot',
      state: 'COMMENTED',
      comments: [
        { side: 'LEFT', line: 2 },
        { side: 'RIGHT', line: 3 },
      ],
    },
  ])
  const { body } = await call(`GET ${PULL}/comments`)
  expect(JSON.stringify(body)).toContain('@@ -1,3 +1,3 @@\\n # Example\\n-An example.')
})

test('nobody reviews their own pull request but with a comment', async () => {
  const { github, call } = await openScene({ login: 'alice' })
  for (const event of ['APPROVE', 'REQUEST_CHANGES']) {
    expect((await call(`POST ${PULL}/reviews`, { event, body: 'x' })).status).toBe(422)
  }
  expect((await call(`POST ${PULL}/reviews`, { event: 'COMMENT', body: 'x' })).status).toBe(200)
  expect(github.reviews(NAME, 1)).toHaveLength(1)
})

test('creates the labels that an issue is given, as GitHub does, so that inventing one is seen', async () => {
  const { github, call } = await openScene()
  github.createLabel(NAME, 'Bug')
  await call(`POST ${ISSUE}/labels`, { labels: ['bug', 'invented'] })
  expect(github.labels(NAME, 2)).toEqual(['Bug', 'invented'])
  expect(github.labels(NAME)).toEqual(['Bug', 'invented'])
})

test('permissions are looked at: a reader labels nothing, an outsider sees no private repository', async () => {
  const { github, call } = await openScene()
  github.setPermission(NAME, github.login, 'read')
  expect((await call(`POST ${ISSUE}/labels`, { labels: ['bug'] })).status).toBe(403)
  expect((await call(`GET /repos/${NAME}/hooks`)).status).toBe(404)
  github.createRepository('octocat/secret', { private: true })
  github.setPermission('octocat/secret', github.login, 'none')
  expect((await call('GET /repos/octocat/secret')).status).toBe(404)
  github.setPermission(NAME, 'carol', 'triage')
  const refused = await call(`GET /repos/${NAME}/collaborators/carol/permission`)
  expect(refused).toMatchObject({
    status: 403,
    body: { message: 'Must have push access to view collaborator permission.' },
  })
  github.setPermission(NAME, github.login, 'write')
  const { body } = await call(`GET /repos/${NAME}/collaborators/carol/permission`)
  expect(body).toMatchObject({ permission: 'read', role_name: 'triage' })
  const nobody = await call(`GET /repos/${NAME}/collaborators/nobody/permission`)
  expect(nobody).toMatchObject({ status: 404, body: { message: 'nobody is not a user' } })
})

test('octokit understands the refusals', async () => {
  const { github } = await openScene()
  const { rest } = new Octokit({
    auth: 'wrong',
    baseUrl: github.url,
    retry: { enabled: false },
    throttle: { enabled: false },
  })
  await expect(
    rest.issues.get({ owner: 'octocat', repo: 'Hello-World', issue_number: 2 }),
  ).rejects.toMatchObject({
    name: 'HttpError',
    status: 401,
    message: expect.stringContaining('Bad credentials') as string,
  })
})

// ctx.github reaches what a module may reach, as it would at GitHub.
import { Octokit } from 'octokit'
import { expect, test } from 'vitest'
import { MARKER_KEY, REPO, openScene } from '../../../testing/broker/github/broker-scene.ts'
import type { GitHubBroker, RunScope } from './broker.ts'
import { signMarker } from './marker.ts'
import { SupersededError } from './effects.ts'

const HERE = { owner: 'octo', repo: 'hello' }

/** Octokit as a module process has it: its fetch is the gate. */
function octokitBehind(broker: GitHubBroker, scope: RunScope, baseUrl: string): Octokit {
  const fetch = async (
    url: string,
    init: { method: string; headers: Record<string, string>; body?: string },
  ) => {
    const { method, headers, body = null } = init
    const answer = await broker.fetch(scope, { method, url, headers, body })
    const response = new Response([204, 304].includes(answer.status) ? null : answer.body, answer)
    return Object.defineProperty(response, 'url', { value: url })
  }
  return new Octokit({ baseUrl, request: { fetch }, throttle: { enabled: false }, retry: { enabled: false } })
}

async function openGate(options: { app?: boolean; scope?: Partial<RunScope>; issue?: boolean } = {}) {
  const scene = await openScene(options)
  const scope = options.issue ? scene.issueScope(options.scope) : scene.scope(options.scope)
  const octokit = octokitBehind(scene.broker, scope, scene.standin.url)
  const send = (method: string, path: string, body: unknown = null, headers: Record<string, string> = {}) =>
    scene.broker.fetch(scope, {
      method,
      url: scene.standin.url + path,
      headers,
      body: body === null ? null : JSON.stringify(body),
    })
  return { ...scene, scope, octokit, send }
}

// ── reads ────────────────────────────────────────────────────────────────────────────────────────

test('reads inside the repository are answered, in any letter case, without any grant', async () => {
  const { octokit, standin } = await openGate({ scope: { may: [] } })
  const { data } = await octokit.rest.pulls.get({ owner: 'OCTO', repo: 'Hello', pull_number: 42 })
  expect(data.title).toBe('Add a thing')
  const diff = await octokit.rest.pulls.get({ ...HERE, pull_number: 42, mediaType: { format: 'diff' } })
  expect(diff.data).toMatch(/^diff --git/)
  standin.putFile(REPO, 'src/a b.ts', 'let a\n')
  const file = await octokit.rest.repos.getContent({
    ...HERE,
    path: 'src/a b.ts',
    mediaType: { format: 'raw' },
  })
  expect(file.data).toBe('let a\n')
})

test('pagination works, also when GitHub’s links name the repository by its id', async () => {
  const { octokit, standin, send } = await openGate()
  for (let i = 0; i < 45; i += 1) standin.addComment(REPO, 42, { login: 'bob', body: `${i}` })
  expect(
    await octokit.paginate(octokit.rest.issues.listComments, { ...HERE, issue_number: 42 }),
  ).toHaveLength(45)
  const link = `<${standin.url}/repositories/12/issues/42/comments?page=2>; rel="next", <https://evil.example/repositories/1/x>; rel="last"`
  standin.failNext({ status: 200, headers: { link }, body: [] })
  const answer = await send('GET', '/repos/octo/hello/issues/42/comments')
  expect(answer.headers.link).toBe(
    `<${standin.url}/repos/octo/hello/issues/42/comments?page=2>; rel="next", <https://evil.example/repositories/1/x>; rel="last"`,
  )
})

test('a 404 is an answer, as it is to any Octokit; a refused credential is not', async () => {
  const { octokit, standin } = await openGate()
  await expect(octokit.rest.issues.get({ ...HERE, issue_number: 999 })).rejects.toMatchObject({ status: 404 })
  standin.failNext({ status: 401, body: { message: 'Bad credentials' } })
  const error = await octokit.rest.issues.get({ ...HERE, issue_number: 7 }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ cause: { reason: 'github_unauthorized' } })
})

test('a conditional read is answered with 304', async () => {
  const { send } = await openGate()
  const { headers } = await send('GET', '/repos/octo/hello')
  expect((await send('GET', '/repos/octo/hello', null, { 'If-None-Match': headers.etag ?? '' })).status).toBe(
    304,
  )
})

test('a search is pinned to the repository, and foreign hits never come through', async () => {
  const { octokit, standin, send } = await openGate()
  standin.createIssue('octo/other', { number: 9, title: 'It crashes too' })
  const { data } = await octokit.rest.search.issuesAndPullRequests({
    q: 'crashes repo:octo/other OR org:octo',
  })
  expect(data.items.map(({ repository_url }) => repository_url.split('/').at(-1))).toEqual(['hello'])
  const foreign = { repository_url: `${standin.url}/repos/octo/other`, title: 'secret' }
  standin.failNext({ status: 200, body: { total_count: 5, incomplete_results: false, items: [foreign] } })
  const answer = await send('GET', '/search/issues?q=x')
  expect(JSON.parse(answer.body)).toEqual({ total_count: 0, incomplete_results: false, items: [] })
})

test('the service’s own headers stay inside: cookies, scopes of the token, places to be redirected to', async () => {
  const { send, standin } = await openGate()
  const headers = { 'set-cookie': 'a=b', 'x-oauth-scopes': 'repo', location: 'https://x', etag: '"1"' }
  standin.failNext({ status: 200, headers, body: {} })
  const answer = await send('GET', '/repos/octo/hello')
  expect(answer.headers).toEqual({ etag: '"1"', 'content-type': 'application/json; charset=utf-8' })
})

test('a redirect is not followed', async () => {
  const { send, standin } = await openGate()
  standin.failNext({ status: 301, headers: { location: `${standin.url}/repos/octo/other` }, body: {} })
  await expect(send('GET', '/repos/octo/hello')).rejects.toMatchObject({ reason: 'github_moved' })
})

test('bytes that are no text are refused, because they would come out broken', async () => {
  const { send, standin } = await openGate()
  standin.failNext({ status: 200, body: Buffer.from([0xff, 0xfe, 0x00]) })
  await expect(send('GET', '/repos/octo/hello/contents/a.png')).rejects.toMatchObject({ reason: 'not_text' })
})

// ── writes ───────────────────────────────────────────────────────────────────────────────────────

test('a comment written through ctx.github is marked, and can be changed and deleted by its module alone', async () => {
  const { octokit, standin, broker, scope } = await openGate()
  const { data } = await octokit.rest.issues.createComment({ ...HERE, issue_number: 42, body: 'one' })
  expect(standin.comments(REPO, 42)[0]?.body).toMatch(/^one\n\n<!-- hookyard:v1:pr-review:/)
  await octokit.rest.issues.updateComment({ ...HERE, comment_id: data.id, body: 'two' })
  expect(standin.comments(REPO, 42)[0]?.body).toMatch(/^two\n\n<!-- hookyard:v1:pr-review:/)
  const other = octokitBehind(broker, { ...scope, module: 'other' }, standin.url)
  await expect(other.rest.issues.deleteComment({ ...HERE, comment_id: data.id })).rejects.toMatchObject({
    cause: { reason: 'missing_grant' },
  })
  await octokit.rest.issues.deleteComment({ ...HERE, comment_id: data.id })
  expect(standin.comments(REPO, 42)).toEqual([])
})

test('changing a keyed comment through ctx.github leaves it the marker of its key', async () => {
  const { octokit, broker, scope, standin } = await openGate()
  const { id } = (await broker.write(scope, 'comment', ['k', 'one'])) as { id: number }
  await octokit.rest.issues.updateComment({ ...HERE, comment_id: id, body: 'two' })
  const marked = { module: 'pr-review', entity: 'octo/hello#42', kind: 'comment', key: 'k' }
  expect(standin.comments(REPO, 42)[0]?.body).toBe(`two\n\n${signMarker(MARKER_KEY, marked)}`)
})

test('labels go on and off, when the repository has them', async () => {
  const { octokit, standin } = await openGate({ issue: true })
  await octokit.rest.issues.addLabels({ ...HERE, issue_number: 7, labels: ['KIND/UI'] })
  await octokit.rest.issues.removeLabel({ ...HERE, issue_number: 7, name: 'bug' })
  expect(standin.labels(REPO, 7)).toEqual(['kind/ui'])
  await octokit.rest.issues.addLabels({ ...HERE, issue_number: 7, labels: ['bug'] })
  await octokit.rest.issues.removeLabel({ ...HERE, issue_number: 7, name: 'kind/ui' })
  expect(standin.labels(REPO, 7)).toEqual(['bug'])
})

test('reviews and inline comments are pinned to the head', async () => {
  const { octokit, standin } = await openGate()
  await octokit.rest.pulls.createReview({ ...HERE, pull_number: 42, body: 'a', event: 'COMMENT' })
  const inline = { ...HERE, pull_number: 42, path: 'README.md', line: 2, body: 'Why?' }
  await octokit.rest.pulls.createReviewComment({ ...inline, commit_id: standin.headSha(REPO, 42) })
  expect(standin.reviews(REPO, 42).map(({ commitId }) => commitId)).toEqual(
    Array(2).fill(standin.headSha(REPO, 42)),
  )
  expect(standin.violations).toEqual([])
})

test('check runs are made on the head, and changed by the module that made them', async () => {
  const { octokit, broker, scope, standin } = await openGate({ app: true })
  const head_sha = standin.headSha(REPO, 42)
  const { data } = await octokit.rest.checks.create({
    ...HERE,
    name: 'Lint',
    head_sha,
    status: 'in_progress',
  })
  await octokit.rest.checks.update({
    ...HERE,
    check_run_id: data.id,
    status: 'completed',
    conclusion: 'success',
  })
  const { id } = (await broker.write(scope, 'check', [
    'c',
    { name: 'n', conclusion: 'neutral', title: 't', summary: 's' },
  ])) as { id: number }
  await octokit.rest.checks.update({ ...HERE, check_run_id: id, conclusion: 'failure' })
  expect(standin.checkRuns(REPO).map(({ conclusion }) => conclusion)).toEqual(['success', 'failure'])
  const other = octokitBehind(broker, { ...scope, module: 'other' }, standin.url)
  const stranger = other.rest.checks.update({ ...HERE, check_run_id: id, conclusion: 'success' })
  await expect(stranger).rejects.toMatchObject({ cause: { reason: 'missing_grant' } })
})

test('a check run on an earlier head is left as it is', async () => {
  const { broker, scope, standin, send } = await openGate({ app: true })
  const args = ['c', { name: 'n', conclusion: 'neutral', title: 't', summary: 's' }]
  const { id } = (await broker.write(scope, 'check', args)) as { id: number }
  const headSha = standin.pushCommit(REPO, 42)
  const newer = { ...scope, subject: { kind: 'pull_request', number: 42, headSha } as const }
  const request = {
    method: 'PATCH',
    url: `${standin.url}/repos/octo/hello/check-runs/${id}`,
    headers: {},
    body: '{"conclusion":"success"}',
  }
  await expect(broker.fetch(newer, request)).rejects.toMatchObject({ reason: 'missing_grant' })
  await expect(
    send('PATCH', `/repos/octo/hello/check-runs/${id}`, { conclusion: 'success' }),
  ).rejects.toBeInstanceOf(SupersededError)
  expect(standin.checkRuns(REPO)).toMatchObject([{ conclusion: 'neutral' }])
})

test('no write goes out once the head has moved', async () => {
  const { octokit, standin, writes } = await openGate()
  standin.pushCommit(REPO, 42)
  const writing = octokit.rest.issues.createComment({ ...HERE, issue_number: 42, body: 'x' })
  await expect(writing).rejects.toMatchObject({ cause: expect.any(SupersededError) as unknown })
  expect(writes()).toEqual([])
})

test('a body that does not fit its route names the field', async () => {
  const { send, writes } = await openGate()
  const url = '/repos/octo/hello/issues/42/comments'
  await expect(send('POST', url, { body: 'x', as: 'admin' })).rejects.toMatchObject({
    reason: 'invalid_argument',
  })
  await expect(send('POST', url, { body: 7 })).rejects.toThrow('body.body')
  expect(writes()).toEqual([])
})

// The stand-in serves every operation of its description, and answers each one as described.
import { generateKeyPairSync } from 'node:crypto'
import { createAppAuth } from '@octokit/auth-app'
import { Octokit } from 'octokit'
import { expect, onTestFinished, test } from 'vitest'
import { ROUTES } from './answer.ts'
import { loadDescription } from './description.ts'
import { startGitHub } from './github.ts'
import type { GitHubStandin } from './github.ts'

const KEYS = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const repo = { owner: 'octocat', repo: 'Hello-World' }
const quiet = { throttle: { enabled: false }, retry: { enabled: false } }

async function openScene() {
  const github = await startGitHub({
    app: {
      id: 7,
      publicKey: KEYS.publicKey,
      installations: [{ id: 70, account: 'octocat' }],
      hook: { url: 'http://127.0.0.1:9/', secret: 's' },
    },
  })
  onTestFinished(() => github.close())
  github.createRepository('octocat/Hello-World')
  github.createPullRequest('octocat/Hello-World', {
    number: 1,
    title: 'Fix the login',
    user: 'alice',
    labels: ['bug'],
  })
  github.createIssue('octocat/Hello-World', { number: 2, title: 'Login is broken', assignees: ['alice'] })
  github.putFile('octocat/Hello-World', 'src/app.ts', 'export const a = 1\n')
  const octokit = new Octokit({ auth: github.token, baseUrl: github.url, ...quiet })
  const auth = { appId: 7, privateKey: KEYS.privateKey }
  const app = new Octokit({ authStrategy: createAppAuth, auth, baseUrl: github.url, ...quiet })
  const installed = new Octokit({
    authStrategy: createAppAuth,
    auth: { ...auth, installationId: 70 },
    baseUrl: github.url,
    ...quiet,
  })
  return { github, octokit, app, installed }
}

function servedOperations(github: GitHubStandin): Set<string> {
  const description = loadDescription()
  const answered = github.requests.filter(({ status }) => status !== null && status < 300)
  return new Set(
    answered.flatMap(
      ({ method, path }) => description.find(method, path.split('?')[0] ?? '')?.operation.id ?? [],
    ),
  )
}

test('every described operation has a route, and no route is undescribed', () => {
  const described = loadDescription().operations.map(({ id }) => id)
  expect(Object.keys(ROUTES).sort()).toEqual(described.sort())
})

test('every operation answers a plain call of octokit as described', async () => {
  const { github, octokit, app, installed } = await openScene()
  await readEverything(octokit)
  await writeEverything(octokit)
  await useHooks(github, octokit)
  await useApp(github, app, installed)
  expect(github.violations).toEqual([])
  const served = servedOperations(github)
  expect(loadDescription().operations.filter(({ id }) => !served.has(id))).toEqual([])
})

async function readEverything({ rest }: Octokit) {
  await rest.repos.get(repo)
  await rest.pulls.list({ ...repo, state: 'all' })
  await rest.pulls.get({ ...repo, pull_number: 1 })
  await rest.pulls.listFiles({ ...repo, pull_number: 1 })
  await rest.pulls.listCommits({ ...repo, pull_number: 1 })
  await rest.issues.get({ ...repo, issue_number: 2 })
  await rest.issues.listForRepo({ ...repo, state: 'all', labels: 'bug', since: '2020-01-01T00:00:00Z' })
  await rest.issues.listLabelsOnIssue({ ...repo, issue_number: 1 })
  await rest.issues.listLabelsForRepo(repo)
  await rest.issues.getLabel({ ...repo, name: 'bug' })
  await rest.repos.getContent({ ...repo, path: 'src/app.ts' })
  await rest.repos.getContent({ ...repo, path: '' })
  await rest.repos.listCommits(repo)
  await rest.repos.getCommit({ ...repo, ref: 'main' })
  await rest.repos.getCollaboratorPermissionLevel({ ...repo, username: 'alice' })
  await rest.search.issuesAndPullRequests({ q: 'repo:octocat/Hello-World is:issue login' })
  await rest.users.getAuthenticated()
  await rest.users.getByUsername({ username: 'octocat' })
  await rest.rateLimit.get()
}

async function writeEverything({ rest }: Octokit) {
  const comment = await rest.issues.createComment({ ...repo, issue_number: 1, body: 'hello' })
  const at = { ...repo, comment_id: comment.data.id }
  await rest.issues.listComments({ ...repo, issue_number: 1 })
  await rest.issues.listCommentsForRepo({ ...repo, sort: 'updated', direction: 'desc' })
  await rest.issues.getComment(at)
  await rest.issues.updateComment({ ...at, body: 'hello again' })
  await rest.reactions.createForIssueComment({ ...at, content: 'eyes' })
  await rest.reactions.listForIssueComment(at)
  await rest.issues.deleteComment(at)
  await rest.reactions.createForIssue({ ...repo, issue_number: 2, content: '+1' })
  await rest.issues.createLabel({ ...repo, name: 'question', color: 'd876e3', description: 'Asks' })
  await rest.issues.addLabels({ ...repo, issue_number: 2, labels: ['bug', 'question'] })
  await rest.issues.removeLabel({ ...repo, issue_number: 2, name: 'bug' })
  const comments = [{ path: 'README.md', line: 2, body: 'here' }]
  const review = await rest.pulls.createReview({
    ...repo,
    pull_number: 1,
    event: 'COMMENT',
    body: 'ok',
    comments,
  })
  const reviewed = { ...repo, pull_number: 1, review_id: review.data.id }
  await rest.pulls.listReviews({ ...repo, pull_number: 1 })
  await rest.pulls.getReview(reviewed)
  await rest.pulls.updateReview({ ...reviewed, body: 'still ok' })
  await rest.pulls.listCommentsForReview(reviewed)
  const commit_id = review.data.commit_id ?? ''
  const line = await rest.pulls.createReviewComment({
    ...repo,
    pull_number: 1,
    body: 'one',
    commit_id,
    path: 'README.md',
    line: 1,
  })
  await rest.pulls.getReviewComment({ ...repo, comment_id: line.data.id })
  await rest.pulls.updateReviewComment({ ...repo, comment_id: line.data.id, body: 'another' })
  const wanting = await rest.pulls.createReview({
    ...{ ...repo, pull_number: 1, event: 'REQUEST_CHANGES', body: 'Please fix this.' },
  })
  await rest.pulls.dismissReview({
    ...{ ...repo, pull_number: 1, review_id: wanting.data.id, message: 'Fixed.' },
  })
  await rest.pulls.listReviewComments({ ...repo, pull_number: 1 })
}

async function useHooks(github: GitHubStandin, { rest }: Octokit) {
  const config = { url: 'http://127.0.0.1:9/webhook', content_type: 'json', secret: 's' }
  const { data: hook } = await rest.repos.createWebhook({ ...repo, config, events: ['pull_request'] })
  const at = { ...repo, hook_id: hook.id }
  await rest.repos.listWebhooks(repo)
  await rest.repos.getWebhook(at)
  await rest.repos.updateWebhook({ ...at, add_events: ['issues'] })
  await rest.repos.pingWebhook(at)
  const payload = { action: 'opened' }
  const [delivery] = await github.deliver('octocat/Hello-World', { event: 'issues', payload, lose: true })
  await rest.repos.listWebhookDeliveries({ ...at, status: 'failure' } as typeof at)
  await rest.repos.getWebhookDelivery({ ...at, delivery_id: delivery?.id ?? 0 })
  await rest.repos.redeliverWebhookDelivery({ ...at, delivery_id: delivery?.id ?? 0 })
  await github.settled()
  await rest.repos.deleteWebhook(at)
}

async function useApp(github: GitHubStandin, { rest }: Octokit, { rest: installed }: Octokit) {
  await rest.apps.getAuthenticated()
  await rest.apps.listInstallations()
  await rest.apps.getRepoInstallation(repo)
  const [delivery] = await github.deliver('octocat/Hello-World', { event: 'push', payload: {}, lose: true })
  await rest.apps.listWebhookDeliveries()
  await rest.apps.getWebhookDelivery({ delivery_id: delivery?.id ?? 0 })
  await rest.apps.redeliverWebhookDelivery({ delivery_id: delivery?.id ?? 0 })
  await github.settled()
  await installed.apps.listReposAccessibleToInstallation()
  const head_sha = github.headSha('octocat/Hello-World', 1)
  const output = { title: 'Fine', summary: 'Nothing found' }
  const check = await installed.checks.create({
    ...repo,
    name: 'review',
    head_sha,
    conclusion: 'neutral',
    output,
  })
  await installed.checks.update({ ...repo, check_run_id: check.data.id, conclusion: 'success' })
  await installed.checks.get({ ...repo, check_run_id: check.data.id })
  await installed.checks.listForRef({ ...repo, ref: 'changes' })
  expect(github.checkRuns('octocat/Hello-World')).toMatchObject([
    { status: 'completed', conclusion: 'success' },
  ])
}

test('an answer that is not as described is a 500 and a violation', async () => {
  const { github, octokit } = await openScene()
  github.createIssue('octocat/Hello-World', { number: 3, title: 3 as unknown as string })
  await expect(octokit.rest.issues.get({ ...repo, issue_number: 3 })).rejects.toMatchObject({ status: 500 })
  expect(github.violations).toMatchObject([
    { kind: 'answer', message: expect.stringContaining('/title must be string') as string },
  ])
})

test('the diff comes with its media type', async () => {
  const { github, octokit } = await openScene()
  const { data, headers } = await octokit.rest.pulls.get({
    ...repo,
    pull_number: 1,
    mediaType: { format: 'diff' },
  })
  expect(String(data)).toContain('+An example with new information.')
  expect(headers['content-type']).toContain('application/vnd.github.diff')
  expect(github.violations).toEqual([])
})

test('lists come in pages that octokit follows, the deliveries by cursor', async () => {
  const { github, octokit } = await openScene()
  for (let at = 0; at < 7; at++)
    github.addComment('octocat/Hello-World', 2, { login: 'bob', body: `number ${at}` })
  const comments = await octokit.paginate(octokit.rest.issues.listComments, {
    ...repo,
    issue_number: 2,
    per_page: 3,
  })
  expect(comments.map(({ body }) => body)).toEqual([0, 1, 2, 3, 4, 5, 6].map((at) => `number ${at}`))
  const hook_id = github.createHook('octocat/Hello-World', { url: 'http://127.0.0.1:9/' })
  for (let at = 0; at < 5; at++)
    await github.deliver('octocat/Hello-World', { event: 'push', payload: { at }, lose: true })
  const found = await octokit.paginate(octokit.rest.repos.listWebhookDeliveries, {
    ...repo,
    hook_id,
    per_page: 2,
  })
  expect(found).toHaveLength(5)
  expect(github.violations).toEqual([])
})

test('the same answer again is a 304 to who sends its etag', async () => {
  const { octokit } = await openScene()
  const { headers } = await octokit.rest.issues.get({ ...repo, issue_number: 2 })
  const again = octokit.rest.issues.get({
    ...repo,
    issue_number: 2,
    headers: { 'if-none-match': headers.etag ?? '' },
  })
  await expect(again).rejects.toMatchObject({ status: 304 })
})

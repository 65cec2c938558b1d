// A test can order faults, move heads and hand out installations, and the stand-in plays along as GitHub would.
import { createSign, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAppAuth } from '@octokit/auth-app'
import { Octokit } from 'octokit'
import { expect, onTestFinished, test } from 'vitest'
import { startGitHub } from './github.ts'
import type { GitHubOptions, GitHubStandin } from './github.ts'

const NAME = 'octocat/Hello-World'
const repo = { owner: 'octocat', repo: 'Hello-World' }
const quiet = { throttle: { enabled: false }, retry: { enabled: false } }
const keys = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
const KEYS = keys()

async function open(options: GitHubOptions = {}): Promise<{ github: GitHubStandin; octokit: Octokit }> {
  const github = await startGitHub(options)
  onTestFinished(() => github.close())
  github.createIssue(NAME, { number: 2, title: 'Broken' })
  return { github, octokit: new Octokit({ auth: github.token, baseUrl: github.url, ...quiet }) }
}

const comment = (octokit: Octokit, body = 'hello') =>
  octokit.rest.issues.createComment({ ...repo, issue_number: 2, body })

test('fails the next matching requests, and no others', async () => {
  const { github, octokit } = await open()
  github.failNext({ method: 'POST', path: /\/comments$/, status: 503, times: 2 })
  await octokit.rest.issues.get({ ...repo, issue_number: 2 })
  await expect(comment(octokit)).rejects.toMatchObject({ status: 503 })
  await expect(comment(octokit)).rejects.toMatchObject({ status: 503 })
  await comment(octokit)
  expect(github.comments(NAME, 2)).toHaveLength(1)
  expect(github.requests.map(({ status }) => status)).toEqual([200, 503, 503, 201])
})

test('a secondary limit says how long to wait', async () => {
  const { github, octokit } = await open()
  github.failNext({ status: 403, headers: { 'retry-after': '7' } })
  await expect(comment(octokit)).rejects.toMatchObject({
    status: 403,
    message: expect.stringContaining('secondary rate limit') as string,
    response: { headers: { 'retry-after': '7' } },
  })
})

test.each([
  ['dropped', {}],
  ['answered with 502', { status: 502 }],
])('after the effect: the comment is there, though the caller was %s', async (_, how) => {
  const { github, octokit } = await open()
  github.failNext({ afterEffect: true, ...how })
  await expect(comment(octokit)).rejects.toThrow()
  expect(github.comments(NAME, 2)).toMatchObject([{ login: 'hookyard-bot', body: 'hello' }])
})

test('a dropped connection has no effect, a hanging one waits for its caller', async () => {
  const { github, octokit } = await open()
  github.failNext({ dropConnection: true })
  await expect(comment(octokit)).rejects.toThrow()
  github.failNext({ hang: true })
  const patience = new AbortController()
  const hanging = octokit.rest.issues.get({ ...repo, issue_number: 2, request: { signal: patience.signal } })
  await expect.poll(() => github.requests.length).toBe(2)
  patience.abort()
  await expect(hanging).rejects.toThrow()
  expect(github.comments(NAME, 2)).toEqual([])
  expect(github.requests.map(({ status }) => status)).toEqual([null, null])
})

test('an ordered fault can be taken back', async () => {
  const { github, octokit } = await open()
  github.failNext({ status: 500, times: 9 })()
  await comment(octokit)
  expect(github.comments(NAME, 2)).toHaveLength(1)
})

test('tells the rate limit with every answer, and refuses when it is used up', async () => {
  let now = Date.parse('2026-01-31T12:00:00Z')
  const { github, octokit } = await open({ clock: () => now })
  const first = await octokit.rest.users.getAuthenticated()
  expect(first.headers).toMatchObject({ 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '4999' })
  github.setRateLimit(0, now + 60_000)
  await expect(octokit.rest.users.getAuthenticated()).rejects.toMatchObject({
    status: 403,
    response: {
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String((now + 60_000) / 1_000) },
    },
  })
  now += 60_001
  await octokit.rest.users.getAuthenticated()
})

test('a pushed commit moves the head, the commits and the diff', async () => {
  const { github, octokit } = await open()
  const pull_number = github.createPullRequest(NAME, { user: 'alice' })
  const before = github.headSha(NAME, pull_number)
  const diff =
    'diff --git a/a.ts b/a.ts\nnew file mode 100644\n--- /dev/null\n+++ b/a.ts\n@@ -0,0 +1,2 @@\n+one\n+two\n'
  const sha = github.pushCommit(NAME, pull_number, { message: 'Second thoughts', diff })
  const { data } = await octokit.rest.pulls.get({ ...repo, pull_number })
  expect(data).toMatchObject({ head: { sha }, commits: 2, additions: 2, deletions: 0, changed_files: 1 })
  const { data: commits } = await octokit.rest.pulls.listCommits({ ...repo, pull_number })
  expect(commits.map((commit) => commit.parents[0]?.sha)).toContain(before)
  github.change(NAME, pull_number, { merged: true, title: 'Done' })
  const { data: merged } = await octokit.rest.pulls.get({ ...repo, pull_number })
  expect(merged).toMatchObject({ merged: true, state: 'closed', title: 'Done' })
  expect(github.violations).toEqual([])
})

test('search finds words in titles and honours its qualifiers', async () => {
  const { github, octokit } = await open()
  github.createIssue(NAME, { number: 5, title: 'Login page is broken', labels: ['bug'], state: 'closed' })
  github.createPullRequest(NAME, { number: 6, title: 'Fix the login page' })
  github.createIssue('octocat/other', { number: 7, title: 'Login elsewhere' })
  const search = async (q: string) => {
    const { data } = await octokit.rest.search.issuesAndPullRequests({ q })
    return data.items.map(({ number }) => number).sort()
  }
  expect(await search(`repo:${NAME} login`)).toEqual([5, 6])
  expect(await search(`repo:${NAME} is:issue login page`)).toEqual([5])
  expect(await search(`repo:${NAME} is:pr "login page"`)).toEqual([6])
  expect(await search(`user:octocat login -repo:${NAME}`)).toEqual([7])
  expect(await search(`repo:${NAME} is:issue is:open`)).toEqual([2])
  expect(await search(`repo:${NAME} label:bug nothing`)).toEqual([])
  expect(github.violations).toEqual([])
})

test('delivers webhooks, signed, and sends a lost one again under its old GUID', async () => {
  const { github, octokit } = await open()
  const received: { guid: unknown; signature: unknown; body: string }[] = []
  const receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      received.push({
        guid: request.headers['x-github-delivery'],
        signature: request.headers['x-hub-signature-256'],
        body,
      })
      response.writeHead(202).end('taken')
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void receiver.close())
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/webhook/github`
  const hook_id = github.createHook(NAME, { url, secret: 'hush', events: ['issues'] })

  await github.deliver(NAME, { event: 'issues', payload: { action: 'opened' }, guid: 'g-1', lose: true })
  expect(await github.deliver(NAME, { event: 'push', payload: {} })).toEqual([])
  expect(received).toEqual([])
  const { data } = await octokit.rest.repos.listWebhookDeliveries({ ...repo, hook_id })
  expect(data).toMatchObject([{ guid: 'g-1', status_code: 0, event: 'issues', action: 'opened' }])
  await octokit.rest.repos.redeliverWebhookDelivery({ ...repo, hook_id, delivery_id: data[0]?.id ?? 0 })
  await github.settled()
  expect(received).toMatchObject([
    { guid: 'g-1', body: '{"action":"opened"}', signature: expect.stringMatching(/^sha256=/) as string },
  ])
  const after = await octokit.rest.repos.listWebhookDeliveries({ ...repo, hook_id })
  expect(after.data).toMatchObject([{ redelivery: true, status_code: 202 }, { redelivery: false }])
})

test('an installation token lasts an hour and reaches only its repositories', async () => {
  let now = Date.now()
  const { github } = await open({
    clock: () => now,
    app: {
      id: 7,
      publicKey: KEYS.publicKey,
      installations: [{ id: 70, account: 'octocat', repositories: [NAME, 'octocat/other'] }],
    },
  })
  github.createIssue('octocat/other', { number: 1 })
  github.createIssue('octocat/third', { number: 1 })
  const auth = { appId: 7, privateKey: KEYS.privateKey, installationId: 70 }
  const app = new Octokit({ authStrategy: createAppAuth, auth, baseUrl: github.url, ...quiet })
  const { token } = (await app.auth({
    type: 'installation',
    repositoryNames: ['Hello-World'],
    permissions: { issues: 'write' },
  })) as { token: string }
  const octokit = new Octokit({ auth: token, baseUrl: github.url, ...quiet })
  const { data } = await comment(octokit)
  expect(data.user).toMatchObject({ login: 'hookyard[bot]', type: 'Bot' })
  const elsewhere = (name: string) =>
    octokit.rest.issues.get({ owner: 'octocat', repo: name, issue_number: 1 })
  await expect(elsewhere('other')).rejects.toMatchObject({ status: 404 })
  await expect(elsewhere('third')).rejects.toMatchObject({ status: 404 })
  const write = octokit.rest.issues.createComment({
    owner: 'octocat',
    repo: 'other',
    issue_number: 1,
    body: 'x',
  })
  await expect(write).rejects.toMatchObject({
    status: 403,
    message: expect.stringContaining('not accessible by integration') as string,
  })
  const check = octokit.rest.checks.create({ ...repo, name: 'x', head_sha: 'y' })
  await expect(check).rejects.toMatchObject({ status: 403 })
  await expect(octokit.rest.users.getAuthenticated()).rejects.toMatchObject({ status: 403 })
  const tooWide = app.auth({ type: 'installation', repositoryNames: ['third'], refresh: true })
  await expect(tooWide).rejects.toMatchObject({ status: 422 })
  now += 3_600_001
  await expect(comment(octokit)).rejects.toMatchObject({ status: 401 })
})

test.each<[string, (now: number) => Record<string, unknown>, string]>([
  ['signed by another key', (now) => ({ iss: '7', iat: now, exp: now + 60 }), 'could not be decoded'],
  ['expired', (now) => ({ iss: '7', iat: now - 700, exp: now - 60 }), "'Expiration time' claim"],
  ['valid for too long', (now) => ({ iss: '7', iat: now, exp: now + 3_600 }), 'too far in the future'],
  ['of another App', (now) => ({ iss: '8', iat: now, exp: now + 60 }), 'Integration not found'],
])('refuses a JWT %s', async (what, claims, message) => {
  const { github } = await open({
    app: { id: 7, publicKey: KEYS.publicKey, installations: [{ account: 'octocat' }] },
  })
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims(Math.floor(Date.now() / 1_000)))}`
  const key = what.includes('another key') ? keys().privateKey : KEYS.privateKey
  const jwt = `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`
  const response = await fetch(`${github.url}/app`, {
    headers: { authorization: `Bearer ${jwt}`, 'user-agent': 'test' },
  })
  expect(response.ok).toBe(false)
  expect(await response.json()).toMatchObject({ message: expect.stringContaining(message) as string })
  expect(github.violations).toEqual([])
})

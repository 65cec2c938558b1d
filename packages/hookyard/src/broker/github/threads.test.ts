// A module sees the conversations on its pull request's lines, and ends those alone that it began there.
import { expect, test } from 'vitest'
import type { ReviewThread } from '@hookyard/sdk/host'
import { REPO, openScene } from '../../../testing/broker/github/broker-scene.ts'

const inline = (line: number) => ({ path: 'README.md', line, body: `line ${line}` })

/** A pull request with a review of ours on lines 1 and 2. */
async function openReviewed(options: Parameters<typeof openScene>[0] = {}) {
  const scene = await openScene(options)
  await scene.broker.write(scene.scope(), 'review', ['r', { body: '', comments: [inline(1), inline(2)] }])
  const threads = async () =>
    (await scene.broker.read(scene.scope(), 'pr', 'threads', [])) as readonly ReviewThread[]
  const resolve = (id: string, changes = {}) =>
    scene.broker.write(scene.scope(changes), 'resolve', [id, 'Fixed in abc1234.'])
  return { ...scene, threads, resolve }
}

test.each([[{}], [{ app: true }]])('own threads are known by login and marker: %j', async (options) => {
  const { threads, standin } = await openReviewed(options)
  const [first] = standin.threads(REPO, 42)
  standin.replyTo(REPO, 42, first?.id ?? 0, { login: 'alice', body: 'No. <!-- hookyard:forged -->' })
  standin.reactTo(REPO, 42, first?.id ?? 0, { login: 'carol', content: '-1' })
  expect(await threads()).toMatchObject([
    {
      ...{ path: 'README.md', line: 1, resolved: false, resolved_by: null, outdated: false },
      comments: [
        { own: true, body: 'line 1', thumbs_down: ['carol'] },
        { own: false, author: 'alice', body: 'No. <!-- hookyard:forged -->', thumbs_down: [] },
      ],
    },
    { line: 2, comments: [{ own: true }] },
  ])
  expect(standin.violations).toEqual([])
})

test('more threads than one page holds are all read', async () => {
  const { broker, scope, standin } = await openScene()
  const lines = Array.from({ length: 120 }, (_, index) => `+line ${index}`)
  const diff = `diff --git a/README.md b/README.md\n--- a/README.md\n+++ b/README.md\n@@ -0,0 +1,120 @@\n${lines.join('\n')}\n`
  standin.setDiff(REPO, 42, diff)
  const comments = lines.map((_, index) => inline(index + 1))
  await broker.write(scope(), 'review', ['r', { body: '', comments }])
  expect(await broker.read(scope(), 'pr', 'threads', [])).toHaveLength(120)
})

test('a thread of ours is resolved, once', async () => {
  const { threads, resolve, standin, asked } = await openReviewed()
  const [first] = await threads()
  expect(await resolve(first?.id ?? '')).toEqual({ resolved: true, noted: false })
  const before = asked().length
  expect(await resolve(first?.id ?? '')).toEqual({ resolved: true, noted: false })
  expect(asked().length - before).toBe(1) // the look alone
  expect(standin.threads(REPO, 42)).toMatchObject([{ resolved: true }, { resolved: false }])
  expect((await threads())[0]).toMatchObject({ resolved: true, resolved_by: standin.login })
})

test('an App that may not resolve says it in its comment, once, and the thread stays its own', async () => {
  const { threads, resolve, standin } = await openReviewed({ app: true })
  const [first] = await threads()
  for (let attempt = 0; attempt < 2; attempt++)
    expect(await resolve(first?.id ?? '')).toEqual({ resolved: false, noted: true })
  expect((await threads())[0]).toMatchObject({
    resolved: false,
    comments: [{ own: true, body: 'Fixed in abc1234.\n\nline 1' }],
  })
  expect(standin.violations).toEqual([])
})

test.each([
  [
    'a stranger’s thread',
    async (scene: Awaited<ReturnType<typeof openReviewed>>) => (await scene.threads())[2]?.id,
  ],
  ['a thread that is none', async () => 'UFJSVF9ub25l'],
  [
    'something else’s node',
    async ({ standin }: Awaited<ReturnType<typeof openReviewed>>) => standin.nodeIdOf(REPO, 7),
  ],
])('%s is refused', async (_what, pick) => {
  const scene = await openReviewed()
  const { github, standin } = scene
  await github.octokit(REPO).rest.pulls.createReviewComment({
    ...{ owner: 'octo', repo: 'hello', pull_number: 42, commit_id: standin.headSha(REPO, 42) },
    ...{ path: 'README.md', line: 2, body: 'By hand, under the token of a human' },
  })
  const id = (await pick(scene)) ?? ''
  await expect(scene.resolve(id)).rejects.toMatchObject({
    reason: expect.stringMatching(/grant|not_found/) as string,
  })
  expect(standin.threads(REPO, 42).some(({ resolved }) => resolved)).toBe(false)
})

test('another module’s thread, another pull request’s thread and a run without the grant are refused', async () => {
  const scene = await openReviewed()
  const [first] = await scene.threads()
  const id = first?.id ?? ''
  await expect(scene.resolve(id, { module: 'other' })).rejects.toMatchObject({ reason: 'missing_grant' })
  const number = scene.standin.createPullRequest(REPO, {})
  const subject = { kind: 'pull_request', number, headSha: null } as const
  await expect(scene.resolve(id, { subject })).rejects.toMatchObject({ reason: 'missing_grant' })
  await expect(scene.resolve(id, { may: ['comment'] })).rejects.toMatchObject({ reason: 'missing_grant' })
  expect(scene.standin.threads(REPO, 42)[0]).toMatchObject({ resolved: false })
})

test('nothing is resolved when the head has moved', async () => {
  const { threads, resolve, standin, scope } = await openReviewed()
  const [first] = await threads()
  const before = scope()
  standin.pushCommit(REPO, 42)
  await expect(resolve(first?.id ?? '', { subject: before.subject })).rejects.toThrow('moved')
})

test('own requests for changes are withdrawn, nobody else’s', async () => {
  const { broker, scope, standin, github } = await openScene()
  const request = { body: 'Please fix.', event: 'REQUEST_CHANGES' }
  await broker.write(scope(), 'review', ['a', request])
  await broker.write(scope({ module: 'other' }), 'review', ['a', request])
  await github.octokit(REPO).rest.pulls.createReview({
    ...{ owner: 'octo', repo: 'hello', pull_number: 42, event: 'REQUEST_CHANGES', body: 'By hand' },
  })
  expect(await broker.write(scope(), 'withdraw', ['Fixed.'])).toBe(1)
  expect(await broker.write(scope(), 'withdraw', ['Fixed.'])).toBe(0)
  expect(standin.reviews(REPO, 42).map(({ state }) => state)).toEqual([
    'DISMISSED',
    'CHANGES_REQUESTED',
    'CHANGES_REQUESTED',
  ])
})

test('the state of this moment is told: head, closed, merged', async () => {
  const { broker, scope, standin } = await openScene()
  standin.change(REPO, 42, { merged: true })
  expect(await broker.read(scope(), 'pr', 'now', [])).toEqual({
    ...{ state: 'closed', merged: true, draft: false, head_sha: standin.headSha(REPO, 42) },
  })
})

test('linked issues are those of the same repository', async () => {
  const { broker, scope, standin } = await openScene()
  standin.change(REPO, 42, { body: 'Fixes #7 and fixes #8' })
  standin.addComment(REPO, 7, { login: 'carol', body: 'It must not lose data.' })
  expect(await broker.read(scope(), 'pr', 'linkedIssues', [])).toMatchObject([
    { number: 7, title: 'It crashes', state: 'open', author: 'bob', comments: [{ author: 'carol' }] },
  ])
})

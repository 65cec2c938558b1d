// Reviews never approve, labels are never made, check runs belong to a head; and all of it once.
import { expect, test } from 'vitest'
import { REPO, openScene } from '../../../testing/broker/github/broker-scene.ts'

const reviews = `/repos/${REPO}/pulls/42/reviews`
const inline = { path: 'README.md', line: 2, body: 'Why?' }
/** As it stands on GitHub: each inline comment is marked, so that its thread is known as this module's own. */
const marked = { ...inline, body: expect.stringMatching(/^Why\?\n\n<!-- hookyard:v1:pr-review:/) as string }

// ── review ───────────────────────────────────────────────────────────────────────────────────────

test('a review is submitted on the head that the run loaded, with its inline comments', async () => {
  const { broker, scope, standin } = await openScene()
  const receipt = await broker.write(scope(), 'review', ['r', { body: 'One question.', comments: [inline] }])
  const [review] = standin.reviews(REPO, 42)
  expect(review).toMatchObject({
    state: 'COMMENTED',
    commitId: standin.headSha(REPO, 42),
    comments: [marked],
  })
  expect(review?.body).toMatch(/^One question\.\n\n<!-- hookyard:v1:/)
  expect(receipt).toMatchObject({ id: review?.id, updated: false })
  expect(standin.violations).toEqual([])
})

test('a review may consist of inline comments alone', async () => {
  const { broker, scope, standin } = await openScene()
  await broker.write(scope(), 'review', ['r', { body: '', comments: [inline] }])
  expect(standin.reviews(REPO, 42)).toMatchObject([{ body: expect.stringMatching(/^<!-- hook/) as string }])
})

test('used again, the review’s body is updated and no inline comment posted twice', async () => {
  const { broker, scope, standin } = await openScene()
  await broker.write(scope(), 'review', ['r', { body: 'a', comments: [inline] }])
  const args = ['r', { body: 'b', comments: [inline, inline] }]
  expect(await broker.write(scope({ runId: 'run-2' }), 'review', args)).toMatchObject({ updated: true })
  expect(standin.reviews(REPO, 42)).toMatchObject([
    { body: expect.stringMatching(/^b\n/) as string, comments: [marked] },
  ])
})

test('a review whose answer was lost is found by its marker', async () => {
  const { broker, scope, standin, restarted } = await openScene()
  standin.failNext({ method: 'POST', path: reviews, afterEffect: true, dropConnection: true })
  const args = ['r', { body: 'a', comments: [inline] }]
  await expect(broker.write(scope(), 'review', args)).rejects.toThrow('unknown')
  expect(await restarted().write(scope(), 'review', args)).toMatchObject({ updated: true })
  expect(standin.reviews(REPO, 42)).toHaveLength(1)
})

test('changes are requested when asked for', async () => {
  const { broker, scope, standin } = await openScene()
  await broker.write(scope(), 'review', ['r', { body: 'a', event: 'REQUEST_CHANGES' }])
  expect(standin.reviews(REPO, 42)).toMatchObject([{ state: 'CHANGES_REQUESTED' }])
})

test('on a pull request of the token’s own user GitHub takes no request for changes: it becomes a comment', async () => {
  const { broker, scope, standin } = await openScene()
  const number = standin.createPullRequest(REPO, { user: 'hookyard-bot' })
  const subject = { kind: 'pull_request', number, headSha: standin.headSha(REPO, number) } as const
  await broker.write(scope({ subject }), 'review', ['r', { body: 'a', event: 'REQUEST_CHANGES' }])
  expect(standin.reviews(REPO, number)).toMatchObject([{ state: 'COMMENTED' }])
})

test('a line outside the diff is the module’s mistake; the review can then be written without it', async () => {
  const { broker, scope, standin } = await openScene()
  const wrong = { ...inline, line: 900 }
  await expect(
    broker.write(scope(), 'review', ['r', { body: 'a', comments: [wrong] }]),
  ).rejects.toMatchObject({
    reason: 'github_invalid',
    message: expect.stringContaining('Line could not be resolved') as string,
  })
  await broker.write(scope(), 'review', ['r', { body: 'a' }])
  expect(standin.reviews(REPO, 42)).toHaveLength(1)
})

// ── label ────────────────────────────────────────────────────────────────────────────────────────

test('labels are put on in the repository’s spelling; those that it lacks come back', async () => {
  const { broker, scope, standin } = await openScene()
  const answer = await broker.write(scope(), 'label', [
    ['BUG', 'documentation', 'bug', 'security', 'kind/UI '],
  ])
  expect(answer).toEqual({ applied: ['bug', 'Documentation', 'kind/ui'], missing: ['security'] })
  expect(standin.labels(REPO, 42)).toEqual(['bug', 'Documentation', 'kind/ui'])
  expect(standin.labels(REPO)).toEqual(['bug', 'Documentation', 'kind/ui'])
})

test('labels that are there already are skipped', async () => {
  const { broker, issueScope, standin, writes } = await openScene()
  const answer = await broker.write(issueScope(), 'label', [['bug', 'documentation']])
  expect(answer).toEqual({ applied: ['Documentation'], missing: [] })
  expect(await broker.write(issueScope({ runId: 'run-2' }), 'label', [['bug']])).toEqual({
    applied: [],
    missing: [],
  })
  expect(standin.labels(REPO, 7)).toEqual(['bug', 'Documentation'])
  expect(writes()).toHaveLength(1)
})

test('a repeated attempt of a run answers as the first did, and does not put back what was taken off', async () => {
  const { broker, scope, github, standin, restarted } = await openScene()
  const first = await broker.write(scope(), 'label', [['bug']])
  await github
    .octokit(REPO)
    .rest.issues.removeLabel({ owner: 'octo', repo: 'hello', issue_number: 42, name: 'bug' })
  expect(await restarted().write(scope(), 'label', [['bug']])).toEqual(first)
  expect(standin.labels(REPO, 42)).toEqual([])
  await broker.write(scope({ runId: 'run-2' }), 'label', [['bug']])
  expect(standin.labels(REPO, 42)).toEqual(['bug'])
})

test('labels whose answer was lost count as put on by this run', async () => {
  const { broker, scope, standin, restarted, writes } = await openScene()
  standin.failNext({ method: 'POST', path: /labels$/, afterEffect: true, status: 502 })
  await expect(broker.write(scope(), 'label', [['bug']])).rejects.toThrow('unknown')
  expect(await restarted().write(scope(), 'label', [['bug']])).toEqual({ applied: ['bug'], missing: [] })
  expect(writes()).toHaveLength(1)
})

test('a repository with more labels than one page is read to the end', async () => {
  const { broker, scope, standin } = await openScene()
  for (let i = 0; i < 150; i += 1) standin.createLabel(REPO, `area/${i}`)
  expect(await broker.write(scope(), 'label', [['area/149']])).toEqual({ applied: ['area/149'], missing: [] })
})

// ── check ────────────────────────────────────────────────────────────────────────────────────────

const check = { name: 'Review', conclusion: 'neutral', title: 'Two findings', summary: 'See the review.' }

test('a check run is made on the head, and updated when the key was used there before', async () => {
  const { broker, scope, standin } = await openScene({ app: true })
  const first = await broker.write(scope(), 'check', ['c', check])
  const again = await broker.write(scope({ runId: 'run-2' }), 'check', [
    'c',
    { ...check, conclusion: 'success' },
  ])
  expect(standin.checkRuns(REPO)).toMatchObject([
    { headSha: standin.headSha(REPO, 42), name: 'Review', status: 'completed', conclusion: 'success' },
  ])
  expect(again).toEqual({ ...(first as object), updated: true })
  expect(standin.violations).toEqual([])
})

test('a new head gets a check run of its own', async () => {
  const { broker, scope, standin } = await openScene({ app: true })
  await broker.write(scope(), 'check', ['c', check])
  standin.pushCommit(REPO, 42)
  expect(await broker.write(scope({ runId: 'run-2' }), 'check', ['c', check])).toMatchObject({
    updated: false,
  })
  expect(standin.checkRuns(REPO).map(({ headSha }) => headSha)).toContain(standin.headSha(REPO, 42))
})

test('a check run whose answer was lost is found by its external id', async () => {
  const { broker, scope, standin, restarted } = await openScene({ app: true })
  standin.failNext({ method: 'POST', path: /check-runs$/, afterEffect: true, dropConnection: true })
  await expect(broker.write(scope(), 'check', ['c', check])).rejects.toThrow('unknown')
  expect(await restarted().write(scope(), 'check', ['c', check])).toMatchObject({ updated: true })
  expect(standin.checkRuns(REPO)).toHaveLength(1)
})

test('with a personal token, check says that it needs an App, and GitHub is asked once alone', async () => {
  const { broker, scope, writes } = await openScene()
  for (const key of ['c', 'd']) {
    await expect(broker.write(scope(), 'check', [key, check])).rejects.toMatchObject({
      reason: 'github_forbidden',
      message: expect.stringContaining('check runs need a GitHub App') as string,
    })
  }
  expect(writes()).toEqual([`POST /repos/${REPO}/check-runs`])
})

test('as an App, comments are written under the bot’s name and found again', async () => {
  const { broker, scope, standin, restarted } = await openScene({ app: true })
  standin.failNext({ method: 'POST', path: /comments$/, afterEffect: true, status: 502 })
  await expect(broker.write(scope(), 'comment', ['k', 'x'])).rejects.toThrow('unknown')
  await restarted().write(scope(), 'comment', ['k', 'y'])
  expect(standin.comments(REPO, 42)).toMatchObject([
    { login: 'hookyard[bot]', body: expect.stringMatching(/^y\n/) as string },
  ])
})

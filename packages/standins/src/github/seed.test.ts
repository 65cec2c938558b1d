// Any official payload can be seeded, and a run on it then finds what it is about.
import { Octokit } from 'octokit'
import { expect, onTestFinished, test } from 'vitest'
import { allOfficialPayloads, officialPayload } from '../payloads.ts'
import { startGitHub } from './github.ts'

async function open() {
  const github = await startGitHub()
  onTestFinished(() => github.close())
  const octokit = new Octokit({
    auth: github.token,
    baseUrl: github.url,
    throttle: { enabled: false },
    retry: { enabled: false },
  })
  return { github, octokit }
}

test('everything that the official payloads speak of can be read, as described', async () => {
  const { github, octokit } = await open()
  for (const { event, payload } of allOfficialPayloads()) {
    const { repository, number } = github.seedFromPayload(payload)
    if (repository === null) continue
    const [owner = '', repo = ''] = repository.split('/')
    const { data } = await octokit.rest.repos.get({ owner, repo })
    expect(data.full_name).toBe(repository)
    if (number === null) continue
    await octokit.rest.issues.get({ owner, repo, issue_number: number })
    await octokit.rest.issues.listComments({ owner, repo, issue_number: number })
    if (!event.startsWith('pull_request')) continue
    await octokit.rest.pulls.get({ owner, repo, pull_number: number })
    await octokit.rest.pulls.listReviews({ owner, repo, pull_number: number })
    await octokit.rest.pulls.listReviewComments({ owner, repo, pull_number: number })
  }
  expect(github.violations).toEqual([])
  expect(github.requests.length).toBeGreaterThan(300)
})

test('a pull request comes back as the payload had it', async () => {
  const { github, octokit } = await open()
  const payload = officialPayload('pull_request', 'opened')
  const sent = payload.pull_request as Record<string, Record<string, unknown>>
  expect(github.seedFromPayload(payload)).toEqual({ repository: 'Codertocat/Hello-World', number: 2 })
  const { data } = await octokit.rest.pulls.get({ owner: 'Codertocat', repo: 'Hello-World', pull_number: 2 })
  expect(data).toMatchObject({
    id: sent.id,
    title: sent.title,
    body: sent.body,
    draft: sent.draft,
    created_at: sent.created_at,
    user: { login: sent.user?.login, id: sent.user?.id },
    head: { ref: sent.head?.ref, sha: sent.head?.sha },
    base: { ref: sent.base?.ref, sha: sent.base?.sha },
  })
})

test('comments and reviews of payloads are there under their ids', async () => {
  const { github, octokit } = await open()
  const commented = officialPayload('issue_comment', 'created')
  const { repository, number } = github.seedFromPayload(commented)
  const { id, body } = commented.comment as { id: number; body: string }
  expect(github.comments(repository ?? '', number ?? 0)).toMatchObject([{ id, body }])
  const reviewed = officialPayload('pull_request_review', 'submitted')
  const seeded = github.seedFromPayload(reviewed)
  const [owner = '', repo = ''] = (seeded.repository ?? '').split('/')
  const review = reviewed.review as { id: number }
  const { data } = await octokit.rest.pulls.getReview({
    owner,
    repo,
    pull_number: seeded.number ?? 0,
    review_id: review.id,
  })
  expect(data.id).toBe(review.id)
})

test('a fork that is gone leaves its pull request without a head repository', async () => {
  const { github, octokit } = await open()
  github.createPullRequest('octocat/Hello-World', { number: 1, head: { repository: null } })
  const { data } = await octokit.rest.pulls.get({ owner: 'octocat', repo: 'Hello-World', pull_number: 1 })
  expect(data.head.repo).toBeNull()
  expect(github.violations).toEqual([])
})

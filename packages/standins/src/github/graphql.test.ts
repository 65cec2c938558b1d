// The few GraphQL questions that the program asks are answered, and everything else is refused loudly.
import { Octokit } from 'octokit'
import { expect, onTestFinished, test } from 'vitest'
import { startGitHub } from './github.ts'

const PROJECTS = `query ($owner: String!, $name: String!, $first: Int = 20) {
  repository(owner: $owner, name: $name) {
    owner { login ... on Organization { url } }
    projectsV2(first: $first) { totalCount nodes { id title closed } }
    issue(number: 2) { id, number }
  }
}`
const ADD = `mutation ($input: AddProjectV2ItemByIdInput!) { addProjectV2ItemById(input: $input) { item { id } } }`

async function open() {
  const github = await startGitHub()
  onTestFinished(() => github.close())
  github.createIssue('octocat/Hello-World', { number: 2 })
  const octokit = new Octokit({
    auth: github.token,
    baseUrl: github.url,
    throttle: { enabled: false },
    retry: { enabled: false },
  })
  return { github, octokit }
}

test('lists projects and adds an issue to one, once', async () => {
  const { github, octokit } = await open()
  const project = github.createProject('octocat', 'Roadmap')
  const found = await octokit.graphql<{ repository: { issue: { id: string } } }>(PROJECTS, {
    owner: 'octocat',
    name: 'hello-world',
  })
  expect(found).toEqual({
    repository: {
      owner: { login: 'octocat' },
      projectsV2: { totalCount: 1, nodes: [{ id: project, title: 'Roadmap', closed: false }] },
      issue: { id: github.nodeIdOf('octocat/Hello-World', 2), number: 2 },
    },
  })
  const input = { projectId: project, contentId: found.repository.issue.id }
  const first = await octokit.graphql(ADD, { input })
  expect(await octokit.graphql(ADD, { input })).toEqual(first)
  expect(github.projectItems(project)).toEqual([input.contentId])
  expect(github.violations).toEqual([])
})

test.each([
  [
    'what is not there',
    '{ repository(owner: "a", name: "b") { id } }',
    'Could not resolve to a Repository',
    0,
  ],
  ['a connection without a size', '{ viewer { projectsV2 { totalCount } } }', '`first` or `last`', 0],
  ['a field that does not exist', '{ viewer { lgoin } }', 'Cannot query field "lgoin" on type "User"', 1],
  ['a broken query', '{ viewer { login }', 'Syntax Error', 1],
  ['a missing variable', 'query ($x: Int!) { viewer { login } }', 'Variable "$x"', 1],
  ['an object without a selection', '{ viewer }', 'must have a selection of subfields', 1],
])('refuses %s', async (_, query, message, violations) => {
  const { github, octokit } = await open()
  await expect(octokit.graphql(query)).rejects.toThrow(message)
  expect(github.violations).toHaveLength(violations)
})

// ── what is said on lines ────────────────────────────────────────────────────────────────────────

const THREADS = `query ($after: String) { repository(owner: "octocat", name: "Hello-World") { pullRequest(number: 3) {
  reviewThreads(first: 1, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes { id path line isOutdated isResolved resolvedBy { login } comments(first: 5) { nodes {
      author { __typename login } body authorAssociation reactions(content: THUMBS_DOWN, first: 5) { nodes { user { login } } }
    } } }
  }
  closingIssuesReferences(first: 5) { nodes { number title state author { login } comments(last: 1) { nodes { body } } } }
} } }`
const RESOLVE = `mutation ($id: ID!) { resolveReviewThread(input: { threadId: $id }) { thread { isResolved } } }`

interface Threads {
  repository: {
    pullRequest: {
      reviewThreads: {
        pageInfo: { hasNextPage: boolean; endCursor: string }
        nodes: { id: string; line: number | null; isOutdated: boolean; isResolved: boolean }[]
      }
      closingIssuesReferences: { nodes: unknown[] }
    }
  }
}

async function openReviewed() {
  const { github, octokit } = await open()
  const REPO = 'octocat/Hello-World'
  github.addComment(REPO, 2, { login: 'bob', body: 'Me too' })
  github.createPullRequest(REPO, { number: 3, user: 'alice', body: 'Fixes #2, fixes #9' })
  const comments = [1, 2].map((line) => ({ path: 'README.md', line, body: `line ${line}` }))
  const at = { owner: 'octocat', repo: 'Hello-World', pull_number: 3 }
  await octokit.rest.pulls.createReview({ ...at, event: 'COMMENT', body: 'Two.', comments })
  const ask = async (after: string | null = null) =>
    (await octokit.graphql<Threads>(THREADS, { after })).repository.pullRequest
  return { github, octokit, REPO, ask }
}

test('threads come in pages, with replies, thumbs and who resolved them', async () => {
  const { github, octokit, REPO, ask } = await openReviewed()
  const [first] = github.threads(REPO, 3)
  github.replyTo(REPO, 3, first?.id ?? 0, { login: 'alice', body: 'On purpose' })
  github.reactTo(REPO, 3, first?.id ?? 0, { login: 'alice', content: '-1' })
  const page = (await ask()).reviewThreads
  expect(page).toMatchObject({
    pageInfo: { hasNextPage: true },
    nodes: [
      {
        ...{ path: 'README.md', line: 1, isOutdated: false, isResolved: false, resolvedBy: null },
        comments: {
          nodes: [
            { body: 'line 1', reactions: { nodes: [{ user: { login: 'alice' } }] } },
            { body: 'On purpose', author: { __typename: 'User', login: 'alice' } },
          ],
        },
      },
    ],
  })
  const next = (await ask(page.pageInfo.endCursor)).reviewThreads
  expect(next).toMatchObject({ pageInfo: { hasNextPage: false }, nodes: [{ line: 2 }] })
  await octokit.graphql(RESOLVE, { id: page.nodes[0]?.id })
  expect(github.threads(REPO, 3)).toMatchObject([{ resolved: true }, { resolved: false }])
  expect((await ask()).reviewThreads.nodes).toMatchObject([
    { isResolved: true, resolvedBy: { login: github.login } },
  ])
  expect(github.violations).toEqual([])
})

test('a thread whose line went away is outdated; one whose line moved has moved', async () => {
  const { github, REPO, ask } = await openReviewed()
  const moved =
    'diff --git a/README.md b/README.md\n--- a/README.md\n+++ b/README.md\n@@ -1,2 +1,2 @@\n+x\n # Example\n-y\n'
  github.pushCommit(REPO, 3, { diff: moved })
  expect((await ask()).reviewThreads.nodes).toMatchObject([{ line: 2, isOutdated: false }])
  github.pushCommit(REPO, 3, { diff: '' })
  expect((await ask()).reviewThreads.nodes).toMatchObject([{ line: null, isOutdated: true }])
})

test('the issues that a description closes come with their newest comments', async () => {
  const { ask } = await openReviewed()
  expect((await ask()).closingIssuesReferences.nodes).toEqual([
    {
      number: 2,
      title: 'Number 2',
      state: 'OPEN',
      author: { login: 'octocat' },
      comments: { nodes: [{ body: 'Me too' }] },
    },
  ])
})

test('a reader may not resolve the threads of others', async () => {
  const { github, octokit, REPO, ask } = await openReviewed()
  github.setPermission(REPO, github.login, 'read')
  const id = (await ask()).reviewThreads.nodes[0]?.id
  await expect(octokit.graphql(RESOLVE, { id })).rejects.toThrow('Resource not accessible')
})

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
  ['a field that does not exist', '{ viewer { lgoin } }', "Field 'lgoin' doesn't exist on type 'User'", 1],
  ['a broken query', '{ viewer { login }', 'Parse error', 1],
  ['a missing variable', 'query ($x: Int!) { viewer { login } }', 'Variable $x', 1],
  ['an object without a selection', '{ viewer }', 'must have selections', 1],
])('refuses %s', async (_, query, message, violations) => {
  const { github, octokit } = await open()
  await expect(octokit.graphql(query)).rejects.toThrow(message)
  expect(github.violations).toHaveLength(violations)
})

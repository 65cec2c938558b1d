import type { LinkedIssue } from '@hookyard/sdk/host'
import type { Call } from './call.ts'
import { type Actor, type Nodes, askGraphql, loginOf } from './graphql.ts'
import { stripMarkers } from './marker.ts'

const QUERY = `query ($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    closingIssuesReferences(first: 10) { nodes {
      number title body state html_url: url author { __typename login } repository { nameWithOwner }
      comments(last: 30) { nodes { author { __typename login } created_at: createdAt body } }
    } }
  } }
}`

interface Answer {
  readonly repository: {
    readonly pullRequest: { readonly closingIssuesReferences: Nodes<RawIssue> } | null
  } | null
}

type RawIssue = Omit<LinkedIssue, 'author' | 'comments'> & {
  readonly author: Actor | null
  readonly repository: { readonly nameWithOwner: string }
  readonly comments: Nodes<{
    readonly author: Actor | null
    readonly created_at: string
    readonly body: string
  }>
}

/** `pr.linkedIssues()`: those of this repository; what other repositories' issues say stays there. */
export async function readLinkedIssues(call: Call): Promise<LinkedIssue[]> {
  const { deps, scope, where } = call
  const on = { owner: where.owner, name: where.repo, number: call.number(['pull_request']) }
  const answer: Answer = await askGraphql(deps.github, scope, 'the linked issues', QUERY, on)
  const found = answer.repository?.pullRequest?.closingIssuesReferences.nodes ?? []
  return found
    .filter(({ repository }) => repository.nameWithOwner.toLowerCase() === scope.repository.toLowerCase())
    .map(({ repository: _own, ...issue }) => ({
      ...issue,
      state: issue.state.toLowerCase(),
      author: loginOf(issue.author),
      comments: issue.comments.nodes.map(({ author, created_at, body }) => ({
        ...{ author: loginOf(author), created_at },
        body: stripMarkers(body).trimEnd(),
      })),
    }))
}

import type { LinkedIssue } from '@hookyard/sdk/host'
import type { Call } from './call.ts'
import { type Actor, askGraphql, loginOf } from './graphql.ts'
import { stripMarkers } from './marker.ts'

const QUERY = `query ($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    closingIssuesReferences(first: 10) { nodes {
      number title body state url author { __typename login } repository { nameWithOwner }
      comments(last: 30) { nodes { author { __typename login } createdAt body } }
    } }
  } }
}`

interface Answer {
  readonly repository: {
    readonly pullRequest: { readonly closingIssuesReferences: { readonly nodes: readonly RawIssue[] } } | null
  } | null
}

interface RawIssue {
  readonly number: number
  readonly title: string
  readonly body: string
  readonly state: string
  readonly url: string
  readonly author: Actor | null
  readonly repository: { readonly nameWithOwner: string }
  readonly comments: {
    readonly nodes: readonly {
      readonly author: Actor | null
      readonly createdAt: string
      readonly body: string
    }[]
  }
}

/** `pr.linkedIssues()`: those of this repository; what other repositories' issues say stays there. */
export async function readLinkedIssues(call: Call): Promise<LinkedIssue[]> {
  const { deps, scope, where } = call
  const on = { owner: where.owner, name: where.repo, number: call.number(['pull_request']) }
  const answer: Answer = await askGraphql(deps.github, scope, 'the linked issues', QUERY, on)
  const found = answer.repository?.pullRequest?.closingIssuesReferences.nodes ?? []
  return found
    .filter(({ repository }) => repository.nameWithOwner.toLowerCase() === scope.repository.toLowerCase())
    .map((issue) => ({
      number: issue.number,
      title: issue.title,
      body: issue.body,
      state: issue.state.toLowerCase(),
      author: loginOf(issue.author),
      html_url: issue.url,
      comments: issue.comments.nodes.map((comment) => ({
        author: loginOf(comment.author),
        created_at: comment.createdAt,
        body: stripMarkers(comment.body).trimEnd(),
      })),
    }))
}

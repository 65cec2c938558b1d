// What people say around an issue or a pull request, as the graph tells it.
import { commentsOf } from '../render/thread.ts'
import type { Account, ReactionState, RepositoryState, ThreadState } from '../state.ts'
import { GraphqlRefusal } from './execute.ts'
import type { Arguments, GraphNode } from './execute.ts'

/** GraphQL calls an App's account by its slug alone, and a Bot; REST writes `slug[bot]`. */
export const actorNode = ({ login, type }: Account): GraphNode => ({
  __typename: type,
  login: type === 'Bot' ? login.replace(/\[bot\]$/, '') : login,
})

/** A page of nodes. @throws GraphqlRefusal without `first` or `last`, as GitHub. */
export function connection(
  typename: string,
  nodes: readonly GraphNode[],
  { first, last, after }: Arguments,
): GraphNode {
  if (first == null && last == null) {
    throw new GraphqlRefusal(
      'MISSING_PAGINATION_BOUNDARIES',
      `You must provide a \`first\` or \`last\` value to properly paginate the \`${typename}\`.`,
    )
  }
  const size = Number(first ?? last)
  if (size > 100) {
    throw new GraphqlRefusal(
      'EXCESSIVE_PAGINATION',
      `Requesting ${size} records exceeds the limit of 100 records.`,
    )
  }
  const start = first == null ? Math.max(0, nodes.length - size) : Number(after ?? 0)
  const shown = nodes.slice(start, start + size)
  const end = start + shown.length
  return {
    __typename: typename,
    totalCount: nodes.length,
    nodes: shown,
    pageInfo: {
      __typename: 'PageInfo',
      hasNextPage: end < nodes.length,
      endCursor: shown.length > 0 ? String(end) : null,
    },
  }
}

/** The thread's comments, oldest first. */
export const issueComments = (repository: RepositoryState, thread: ThreadState, args: Arguments): GraphNode =>
  connection(
    'IssueCommentConnection',
    commentsOf(repository, thread.number).map(({ id, user, body, createdAt }) => ({
      __typename: 'IssueComment',
      databaseId: id,
      author: actorNode(user),
      body,
      createdAt,
    })),
    args,
  )

/** Reactions of one kind, or all. */
export function reactionNodes(reactions: readonly ReactionState[], args: Arguments): GraphNode {
  const wanted = args.content === 'THUMBS_DOWN' ? '-1' : args.content === 'THUMBS_UP' ? '+1' : null
  const found = reactions.filter(({ content }) => wanted === null || content === wanted)
  const nodes = found.map(({ user }) => ({
    __typename: 'Reaction',
    user: { __typename: 'User', login: user.login },
  }))
  return connection('ReactionConnection', nodes, args)
}

/** The issues of the repository that a pull request's description says it closes. */
export function closedIssues(repository: RepositoryState, { body, pull }: ThreadState): ThreadState[] {
  if (pull === null) return []
  const numbers = [...(body ?? '').matchAll(/\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d+)\b/gi)]
  return [...new Set(numbers.map(([, number]) => Number(number)))].flatMap((number) => {
    const found = repository.threads.get(number)
    return found && found.pull === null ? [found] : []
  })
}

// Threads on the lines of a pull request: what GitHub tells of them, and resolving one.
import { parseDiff } from '../diff.ts'
import { isObject } from '../../is-object.ts'
import { nodeId } from '../render/account.ts'
import { association, htmlUrl } from '../render/thread.ts'
import { threadsOf } from '../scene-threads.ts'
import { atLeast, roleOf } from '../state.ts'
import type { PullState, RepositoryState, ReviewCommentState, ThreadState } from '../state.ts'
import { actorNode, connection, reactionNodes } from './conversation.ts'
import { GraphqlRefusal } from './execute.ts'
import type { Arguments, GraphNode } from './execute.ts'
import type { GraphScope } from './scope.ts'

interface Found {
  readonly repository: RepositoryState
  readonly thread: ThreadState & { readonly pull: PullState }
  readonly comments: readonly [ReviewCommentState, ...ReviewCommentState[]]
}

/** The threads of a pull request, oldest first. */
export function reviewThreads(
  scope: GraphScope,
  repository: RepositoryState,
  thread: ThreadState,
  args: Arguments,
): GraphNode {
  const nodes = foundThreads(repository, thread).map((found) => threadNode(scope, found))
  return connection('PullRequestReviewThreadConnection', nodes, args)
}

/** The thread of a node id; null when there is none that may be seen. */
export function findReviewThread(scope: GraphScope, id: string): GraphNode | null {
  const found = lookUp(scope, id)
  return found && threadNode(scope, found)
}

/**
 * As GitHub: an App needs to be allowed to write contents, whatever it may do to pull requests; a person needs to write
 * to the repository, or to have opened the pull request.
 */
export function resolveReviewThread(scope: GraphScope, input: unknown): GraphNode {
  const id = String(isObject(input) ? input.threadId : undefined)
  const found = lookUp(scope, id)
  if (!found)
    throw new GraphqlRefusal('NOT_FOUND', `Could not resolve to a node with the global id of '${id}'`)
  const { identity } = scope
  if (identity.kind === 'app') throw new GraphqlRefusal('FORBIDDEN', 'Resource not accessible by integration')
  const allowed =
    identity.kind === 'installation'
      ? identity.permissions.contents === 'write' && identity.permissions.pull_requests === 'write'
      : identity.account === found.thread.user ||
        atLeast(roleOf(found.repository, identity.account.login), 'write')
  if (!allowed) {
    const who = identity.kind === 'installation' ? 'integration' : 'personal access token'
    throw new GraphqlRefusal('FORBIDDEN', `Resource not accessible by ${who}`)
  }
  found.thread.pull.resolved.set(found.comments[0].id, identity.account)
  return {
    __typename: 'ResolveReviewThreadPayload',
    clientMutationId: null,
    thread: threadNode(scope, found),
  }
}

function foundThreads(repository: RepositoryState, thread: ThreadState): Found[] {
  const { pull } = thread
  if (pull === null) return []
  return threadsOf(pull).map((comments) => ({ repository, thread: { ...thread, pull }, comments }))
}

function lookUp(scope: GraphScope, id: string): Found | null {
  for (const repository of scope.world.repositories.values()) {
    if (!scope.sees(repository)) continue
    for (const thread of repository.threads.values()) {
      const found = foundThreads(repository, thread).find(({ comments }) => idOf(comments[0]) === id)
      if (found) return found
    }
  }
  return null
}

const idOf = ({ id }: ReviewCommentState): string => nodeId('PullRequestReviewThread', id)

function threadNode(scope: GraphScope, { repository, thread, comments }: Found): GraphNode {
  const [first] = comments
  const { pull } = thread
  const line = lineNow(pull, first)
  const resolver = pull.resolved.get(first.id)
  return {
    __typename: 'PullRequestReviewThread',
    id: idOf(first),
    path: first.path,
    line,
    originalLine: first.line,
    isOutdated: line === null,
    isResolved: resolver !== undefined,
    resolvedBy: resolver ? { __typename: 'User', login: actorNode(resolver).login } : null,
    pullRequest: {
      __typename: 'PullRequest',
      number: thread.number,
      repository: { __typename: 'Repository', nameWithOwner: repository.fullName },
    },
    comments: (args: Arguments) =>
      connection(
        'PullRequestReviewCommentConnection',
        comments.map((comment) => commentNode(scope, repository, thread, comment)),
        args,
      ),
  }
}

function commentNode(
  { links }: GraphScope,
  repository: RepositoryState,
  thread: ThreadState,
  comment: ReviewCommentState,
): GraphNode {
  return {
    __typename: 'PullRequestReviewComment',
    databaseId: comment.id,
    author: actorNode(comment.user),
    authorAssociation: association(repository, comment.user.login),
    body: comment.body,
    createdAt: comment.createdAt,
    url: `${htmlUrl(links, repository, thread)}#discussion_r${comment.id}`,
    reactions: (args: Arguments) => reactionNodes(comment.reactions, args),
  }
}

/** Where the commented line is in the newest diff; null when it is not there any more. */
function lineNow(pull: PullState, comment: ReviewCommentState): number | null {
  if (comment.commitId === pull.head.sha) return comment.line
  const file = parseDiff(pull.diff).find(({ filename }) => filename === comment.path)
  const rows = (file?.patch ?? '').split('\n')
  const commented = comment.diffHunk.split('\n').at(-1)?.slice(1)
  const same = [...(file?.lines[comment.side] ?? [])]
    .filter(([, index]) => rows[index]?.slice(1) === commented)
    .map(([line]) => line)
  return same.sort((a, b) => Math.abs(a - comment.line) - Math.abs(b - comment.line))[0] ?? null
}

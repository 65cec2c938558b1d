// The conversations on a pull request's lines (GraphQL alone knows which are resolved), and resolving this module's own.
import { z } from 'zod'
import { PermanentError } from '../../lib/errors.ts'
import type { Resolution, ReviewThread, ThreadComment } from '@hookyard/sdk/host'
import { withMarker } from './body.ts'
import type { Call } from './call.ts'
import { freshPullRequest } from './effects.ts'
import { hasStatus } from './errors.ts'
import { publishedText } from './format-published.ts'
import { type Actor, type Nodes, askGraphql, loginOf } from './graphql.ts'
import { type FoundMarker, stripMarkers } from './marker.ts'

/** More conversations than this nobody holds on one pull request. */
const MAX_THREADS = 1_000

const COMMENT = `id: databaseId author { __typename login } association: authorAssociation body
  created_at: createdAt html_url: url reactions(content: THUMBS_DOWN, first: 20) { nodes { user { login } } }`

const THREADS = `query ($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    reviewThreads(first: 50, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes {
        id path line outdated: isOutdated resolved: isResolved resolvedBy { login }
        comments(first: 30) { nodes { ${COMMENT} } }
      }
    }
  } }
}`

const THREAD = `query ($id: ID!) { node(id: $id) { __typename ... on PullRequestReviewThread {
  isResolved pullRequest { number repository { nameWithOwner } }
  comments(first: 1) { nodes { id: databaseId author { __typename login } body } }
} } }`

const RESOLVE = `mutation ($id: ID!) { resolveReviewThread(input: { threadId: $id }) { thread { id isResolved } } }`

type RawComment = Omit<ThreadComment, 'author' | 'own' | 'thumbs_down'> & {
  readonly author: Actor | null
  readonly reactions: Nodes<{ readonly user: { readonly login: string } | null }>
}

type RawThread = Omit<ReviewThread, 'resolved_by' | 'comments'> & {
  readonly resolvedBy: { readonly login: string } | null
  readonly comments: Nodes<RawComment>
}

interface ThreadsPage {
  readonly repository: {
    readonly pullRequest: {
      readonly reviewThreads: Nodes<RawThread> & {
        readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
      }
    } | null
  } | null
}

/** `pr.threads()`: oldest first; markers are taken out of our own comments. */
export async function readThreads(call: Call): Promise<ReviewThread[]> {
  const { deps, scope, where } = call
  const number = call.number(['pull_request'])
  const own = await call.ownLogin()
  const threads: ReviewThread[] = []
  for (let after: string | null = null; ;) {
    const on = { owner: where.owner, name: where.repo, number, after }
    const page: ThreadsPage = await askGraphql(deps.github, scope, 'the review threads', THREADS, on)
    const found = page.repository?.pullRequest?.reviewThreads
    if (!found) return threads
    threads.push(...found.nodes.map((raw) => toThread(call, number, own, raw)))
    after = found.pageInfo.endCursor
    if (!found.pageInfo.hasNextPage || after === null || threads.length >= MAX_THREADS) return threads
  }
}

function toThread(call: Call, number: number, own: string, raw: RawThread): ReviewThread {
  const toComment = ({ reactions, ...comment }: RawComment): ThreadComment => {
    const isOwn = markerOf(call, number, own, comment) !== null
    return {
      ...comment,
      author: loginOf(comment.author),
      body: isOwn ? stripMarkers(comment.body).trimEnd() : comment.body,
      own: isOwn,
      thumbs_down: reactions.nodes.flatMap(({ user }) => (user === null ? [] : [user.login])),
    }
  }
  const { resolvedBy, comments, ...thread } = raw
  return {
    ...thread,
    line: thread.outdated ? null : thread.line,
    // GraphQL calls whoever resolves a user, an App too.
    resolved_by: resolvedBy === null ? null : withBotName(resolvedBy.login, own),
    comments: comments.nodes.map(toComment),
  }
}

const withBotName = (login: string, own: string): string =>
  own.toLowerCase() === `${login}[bot]`.toLowerCase() ? own : login

/** The marker of a comment that this module wrote on this pull request, or null. */
const markerOf = (
  call: Call,
  number: number,
  own: string,
  { author, body }: Pick<RawComment, 'author' | 'body'>,
) => call.ownMark(number, 'review_comment', own, { user: { login: loginOf(author) }, body })

const threadId = z.string().regex(/^[\w=+/-]{1,200}$/, 'expected the id of a thread')
const noteShape = z.string().min(1).max(500)
/** With the fence that a judged note may get. */
const MAX_NOTE = 1_000

interface RawNode {
  readonly node: {
    readonly __typename: string
    readonly isResolved?: boolean
    readonly pullRequest?: {
      readonly number: number
      readonly repository: { readonly nameWithOwner: string }
    }
    readonly comments?: Nodes<Pick<RawComment, 'id' | 'author' | 'body'>>
  } | null
}

/** `resolve(thread, note)`: only a thread of the run's own pull request that this module began. Safe to repeat. */
export async function resolveThread(call: Call): Promise<Resolution> {
  const { deps, scope } = call
  const number = call.number(['pull_request'], 'review')
  const id = call.arg(0, 'thread', threadId)
  const note = publishedText(scope, call.arg(1, 'thread, note', noteShape), MAX_NOTE)
  const own = await call.ownLogin()
  const { node }: RawNode = await askGraphql(deps.github, scope, 'a review thread', THREAD, { id })
  const [first] = node?.comments?.nodes ?? []
  const there = `${node?.pullRequest?.repository.nameWithOwner ?? ''}#${node?.pullRequest?.number ?? ''}`
  const marker = first === undefined ? null : markerOf(call, number, own, first)
  if (first === undefined || marker === null || there.toLowerCase() !== call.marked(number, '', '').entity) {
    throw new PermanentError(
      `module ${scope.module} may not resolve ${id}: it is no thread that this module began on ${scope.entity}`,
      { reason: 'missing_grant' },
    )
  }
  if (node?.isResolved === true) return { resolved: true, noted: false }
  await freshPullRequest(deps, scope, number)
  try {
    await askGraphql(deps.github, scope, 'to resolve a review thread', RESOLVE, { id })
    return { resolved: true, noted: false }
  } catch (error) {
    if (!hasStatus(error, 403)) throw error
    const { runId: run } = scope
    deps.log.debug({ run, thread: id }, 'GitHub does not let the service resolve; noting instead')
    await noteOn(call, first.id, first.body, note, marker)
    return { resolved: false, noted: true }
  }
}

async function noteOn(
  { octokit, where }: Call,
  comment_id: number,
  before: string,
  note: string,
  marker: FoundMarker,
): Promise<void> {
  const text = stripMarkers(before).trim()
  if (text.startsWith(note)) return
  const body = withMarker(`${note}\n\n${text}`, marker.text)
  await octokit.rest.pulls.updateReviewComment({ ...where, comment_id, body })
}

// Conversations on the lines of a pull request, as a test or the demo starts, answers and reads them.
import type { PullState, ReviewCommentState, World } from './state.ts'

export interface SeenThread {
  /** Id of its first comment. */
  readonly id: number
  readonly login: string
  readonly path: string
  /** As it was when the thread began. */
  readonly line: number
  readonly startLine: number | null
  readonly body: string
  readonly resolved: boolean
  readonly replies: readonly { readonly login: string; readonly body: string }[]
}

export interface ThreadHands {
  /** Somebody begins a thread on a line of the diff; answers with the comment's id. */
  commentOnLine(
    repository: string,
    number: number,
    comment: { login: string; path: string; line: number; body: string },
  ): number
  /** Somebody answers in the thread that a line comment is in; answers with the reply's id. */
  replyTo(repository: string, number: number, comment: number, reply: { login: string; body: string }): number
  /** Somebody reacts to a line comment: `-1`, `+1` … */
  reactTo(repository: string, number: number, comment: number, by: { login: string; content: string }): void
  /** Somebody resolves the thread that a line comment began. */
  resolveThread(repository: string, number: number, comment: number, login: string): void
  /** The threads of a pull request, by their first comments. */
  threads(repository: string, number: number): readonly SeenThread[]
}

/** The hands. Each throws RangeError when the pull request or the comment is not there. */
export function createThreadHands(
  world: World,
  pullOf: (repository: string, number: number) => PullState,
): ThreadHands {
  const commentOf = (pull: PullState, id: number): ReviewCommentState => {
    const found = pull.reviewComments.find((comment) => comment.id === id)
    if (!found) throw new RangeError(`the stand-in has no line comment ${id}`)
    return found
  }
  return {
    commentOnLine(repository, number, { login, path, line, body }) {
      const pull = pullOf(repository, number)
      const [id, createdAt] = [world.nextId(), world.now()]
      const where = { path, line, side: 'RIGHT', startLine: null, startSide: null, diffHunk: '' } as const
      const own = { id, body, createdAt, user: world.account(login), commitId: pull.head.sha }
      pull.reviewComments.push({ ...where, ...own, reviewId: null, inReplyTo: null, reactions: [] })
      return id
    },
    replyTo(repository, number, comment, { login, body }) {
      const pull = pullOf(repository, number)
      const first = commentOf(pull, comment)
      const id = world.nextId()
      const inReplyTo = first.inReplyTo ?? first.id
      const own = { id, inReplyTo, user: world.account(login), body, createdAt: world.now(), reactions: [] }
      pull.reviewComments.push({ ...first, ...own })
      return id
    },
    reactTo(repository, number, comment, { login, content }) {
      const { reactions } = commentOf(pullOf(repository, number), comment)
      reactions.push({ id: world.nextId(), content, user: world.account(login), createdAt: world.now() })
    },
    resolveThread(repository, number, comment, login) {
      const pull = pullOf(repository, number)
      pull.resolved.set(commentOf(pull, comment).id, world.account(login))
    },
    threads: (repository, number) => {
      const pull = pullOf(repository, number)
      return threadsOf(pull).map(([first, ...replies]) => ({
        id: first.id,
        login: first.user.login,
        path: first.path,
        line: first.line,
        startLine: first.startLine,
        body: first.body,
        resolved: pull.resolved.has(first.id),
        replies: replies.map(({ user, body }) => ({ login: user.login, body })),
      }))
    },
  }
}

/** The line comments by thread, the first one first. */
export function threadsOf(pull: PullState): [ReviewCommentState, ...ReviewCommentState[]][] {
  return pull.reviewComments
    .filter(({ inReplyTo }) => inReplyTo === null)
    .map((first) => [first, ...pull.reviewComments.filter(({ inReplyTo }) => inReplyTo === first.id)])
}

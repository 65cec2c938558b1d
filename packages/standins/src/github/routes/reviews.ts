// Reviews and their line comments. A line outside the diff is refused, and with it the whole review, as GitHub does.
import type { Reply } from '../../http.ts'
import { hunkUpTo, parseDiff } from '../diff.ts'
import type { DiffFile, Side } from '../diff.ts'
import { isObject } from '../../is-object.ts'
import { Refusal, notFound, unprocessable, validationFailed } from '../refusal.ts'
import { review, reviewComment } from '../render/review.ts'
import type { PullState, ReviewCommentState, ReviewState, ThreadState } from '../state.ts'
import { actor, json, page, pullOf, repositoryOf, requireRole, text } from './call.ts'
import type { Call, Routes } from './call.ts'

type Pull = ThreadState & { readonly pull: PullState }

const LONGEST_BODY = 65_536

/** By operation id. */
export const reviewRoutes: Routes = {
  'pulls/list-reviews': (call) => {
    const thread = pullOf(call)
    return page(call, thread.pull.reviews, (state) => review(call.links, repositoryOf(call), thread, state))
  },
  'pulls/get-review': (call) =>
    json(200, review(call.links, repositoryOf(call), pullOf(call), reviewOf(call))),
  'pulls/update-review': updateReview,
  'pulls/dismiss-review': dismissReview,
  'pulls/create-review': createReview,
  'pulls/list-comments-for-review': (call) => {
    const { id } = reviewOf(call)
    const thread = pullOf(call)
    const comments = thread.pull.reviewComments.filter(({ reviewId }) => reviewId === id)
    return page(call, comments, (state) => reviewComment(call.links, repositoryOf(call), thread, state))
  },
  'pulls/list-review-comments': (call) => {
    const thread = pullOf(call)
    const descending = call.query.get('direction') === 'desc'
    const comments = descending ? thread.pull.reviewComments.toReversed() : thread.pull.reviewComments
    return page(call, comments, (state) => reviewComment(call.links, repositoryOf(call), thread, state))
  },
  'pulls/create-review-comment': createReviewComment,
  'pulls/get-review-comment': (call) => {
    const { thread, comment } = reviewCommentOf(call)
    return json(200, reviewComment(call.links, repositoryOf(call), thread, comment))
  },
  'pulls/update-review-comment': updateReviewComment,
}

function reviewOf(call: Call): ReviewState {
  const found = pullOf(call).pull.reviews.find(({ id }) => id === Number(call.params.review_id))
  if (!found) throw notFound()
  return found
}

function updateReview(call: Call): Reply {
  const state = reviewOf(call)
  if (state.user !== actor(call)) throw new Refusal(403, 'Must have admin rights to Repository.')
  const body = text(call.body.body) ?? ''
  if (body.trim() === '') throw unprocessable('Could not edit the review: the body is blank')
  checkLength(body)
  state.body = body
  return json(200, review(call.links, repositoryOf(call), pullOf(call), state))
}

function dismissReview(call: Call): Reply {
  requireRole(call, 'write')
  const state = reviewOf(call)
  if (state.state !== 'APPROVED' && state.state !== 'CHANGES_REQUESTED') {
    throw unprocessable(
      `Can not dismiss a ${state.state.toLowerCase().replace('_', ' ')} pull request review`,
    )
  }
  if ((text(call.body.message) ?? '').trim() === '') throw unprocessable("Message can't be blank")
  state.state = 'DISMISSED'
  return json(200, review(call.links, repositoryOf(call), pullOf(call), state))
}

interface FoundComment {
  readonly thread: Pull
  readonly comment: ReviewCommentState
}

function reviewCommentOf(call: Call): FoundComment {
  const id = Number(call.params.comment_id)
  for (const thread of repositoryOf(call).threads.values()) {
    const comment = thread.pull?.reviewComments.find((known) => known.id === id)
    if (comment) return { thread: thread as Pull, comment }
  }
  throw notFound()
}

function updateReviewComment(call: Call): Reply {
  const { thread, comment } = reviewCommentOf(call)
  if (comment.user !== actor(call)) requireRole(call, 'write')
  const body = text(call.body.body) ?? ''
  if (body.trim() === '') throw unprocessable("Body can't be blank")
  checkLength(body)
  comment.body = body
  return json(200, reviewComment(call.links, repositoryOf(call), thread, comment))
}

const STATES = { APPROVE: 'APPROVED', REQUEST_CHANGES: 'CHANGES_REQUESTED', COMMENT: 'COMMENTED' } as const

function createReview(call: Call): Reply {
  const thread = pullOf(call)
  const { pull } = thread
  const user = actor(call)
  const event = text(call.body.event) as keyof typeof STATES | undefined
  const body = text(call.body.body) ?? ''
  const wanted = Array.isArray(call.body.comments) ? call.body.comments.filter(isObject) : []
  const commitId = text(call.body.commit_id) ?? pull.head.sha
  checkLength(body)
  if (thread.locked) throw new Refusal(403, 'Unable to create comment because issue is locked.')
  if (!pull.commits.some(({ sha }) => sha === commitId))
    throw unprocessable('Commit is not part of the pull request')
  if (user === thread.user && event === 'APPROVE')
    throw unprocessable('Can not approve your own pull request')
  if (user === thread.user && event === 'REQUEST_CHANGES') {
    throw unprocessable('Can not request changes on your own pull request')
  }
  if (event === 'REQUEST_CHANGES' && body.trim() === '') {
    throw unprocessable('You need to leave a comment indicating the requested changes.')
  }
  if (event === 'COMMENT' && body.trim() === '' && wanted.length === 0)
    throw unprocessable("Review body can't be blank")
  if (event === undefined && pull.reviews.some((known) => known.state === 'PENDING' && known.user === user)) {
    throw unprocessable('User can only have one pending review per pull request')
  }
  const now = call.world.now()
  const state: ReviewState = {
    id: call.world.nextId(),
    user,
    body,
    state: event === undefined ? 'PENDING' : STATES[event],
    commitId,
    submittedAt: event === undefined ? null : now,
  }
  // Every comment is looked at before anything is kept: a review is all or nothing.
  const comments = wanted.map((comment) => lineComment(call, pull, { comment, reviewId: state.id, commitId }))
  pull.reviews.push(state)
  pull.reviewComments.push(...comments)
  thread.updatedAt = now
  return json(200, review(call.links, repositoryOf(call), thread, state))
}

function checkLength(body: string): void {
  if (body.length > LONGEST_BODY)
    throw unprocessable(`Body is too long (maximum is ${LONGEST_BODY} characters)`)
}

interface WantedComment {
  readonly comment: Readonly<Record<string, unknown>>
  readonly reviewId: number | null
  readonly commitId: string
}

function lineComment(
  call: Call,
  pull: PullState,
  { comment, reviewId, commitId }: WantedComment,
): ReviewCommentState {
  const path = text(comment.path) ?? ''
  const file = parseDiff(pull.diff).find(({ filename }) => filename === path)
  if (!file) throw unprocessable('Path could not be resolved')
  const side: Side = comment.side === 'LEFT' ? 'LEFT' : 'RIGHT'
  const line = typeof comment.line === 'number' ? comment.line : lineAtPosition(file, comment.position)
  if (line === null || !file.lines[side].has(line)) throw unprocessable('Line could not be resolved')
  const startLine = typeof comment.start_line === 'number' ? comment.start_line : null
  const startSide: Side =
    comment.start_side === 'LEFT' ? 'LEFT' : comment.start_side === 'RIGHT' ? 'RIGHT' : side
  if (startLine !== null && !file.lines[startSide].has(startLine))
    throw unprocessable('Start line could not be resolved')
  if (startLine !== null && startSide === side && startLine >= line) {
    throw unprocessable('Start line must precede the end line.')
  }
  const body = text(comment.body) ?? ''
  if (body.trim() === '') throw unprocessable("Body can't be blank")
  checkLength(body)
  return {
    id: call.world.nextId(),
    reviewId,
    user: actor(call),
    path,
    line,
    side,
    startLine,
    startSide: startLine === null ? null : startSide,
    body,
    commitId,
    diffHunk: hunkUpTo(file, line, side),
    createdAt: call.world.now(),
    inReplyTo: null,
    reactions: [],
  }
}

/** The old way: lines counted from the first hunk's header. */
function lineAtPosition(file: DiffFile, position: unknown): number | null {
  for (const [line, index] of file.lines.RIGHT) if (index === position) return line
  return null
}

function createReviewComment(call: Call): Reply {
  const thread = pullOf(call)
  const { pull } = thread
  const commitId = text(call.body.commit_id) ?? ''
  const invalid = (field: string, message: string) =>
    validationFailed({ resource: 'PullRequestReviewComment', code: 'custom', field, message })
  if (!pull.commits.some(({ sha }) => sha === commitId)) {
    throw invalid('commit_id', 'commit_id is not part of the pull request')
  }
  const state: ReviewState = {
    id: call.world.nextId(),
    user: actor(call),
    body: '',
    state: 'COMMENTED',
    commitId,
    submittedAt: call.world.now(),
  }
  let comment: ReviewCommentState
  try {
    comment = lineComment(call, pull, { comment: call.body, reviewId: state.id, commitId })
  } catch (error) {
    if (!(error instanceof Refusal) || !/resolved/.test(String(error.errors))) throw error
    throw invalid(
      'pull_request_review_thread.line',
      'pull_request_review_thread.line must be part of the diff',
    )
  }
  pull.reviews.push(state)
  pull.reviewComments.push(comment)
  return json(201, reviewComment(call.links, repositoryOf(call), thread as Pull, comment))
}

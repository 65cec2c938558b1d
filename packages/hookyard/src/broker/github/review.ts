import { z } from 'zod'
import type { Receipt } from '@hookyard/sdk/host'
import { type Call, keyShape } from './call.ts'
import { applyKeyed, findWritten, freshPullRequest, unlessGone } from './effects.ts'
import { type Marked, signMarker } from './marker.ts'
import { publishedBody, publishedText } from './format-published.ts'
import { authorOf } from './subject.ts'

const side = z.enum(['LEFT', 'RIGHT']).exactOptional()
const line = z.number().int().positive()

/** An inline comment of a review, as GitHub's route takes it. */
export const inlineComment = z.strictObject({
  path: z.string().min(1),
  line,
  side,
  start_line: line.exactOptional(),
  start_side: side,
  body: z.string().min(1),
})

/** Of a verb: hidden words at its end, by which a module knows it again. */
const markedComment = inlineComment.extend({
  mark: z
    .string()
    .regex(/^[a-z0-9]+(?: [a-z0-9]+)*$/, 'small letters, digits and single spaces')
    .max(64)
    .optional(),
})

const reviewShape = z
  .strictObject({
    body: z.string(),
    event: z
      .enum(['COMMENT', 'REQUEST_CHANGES'], {
        error: 'a module may COMMENT or REQUEST_CHANGES, and never approves',
      })
      .default('COMMENT'),
    comments: z.array(markedComment).max(200).default([]),
  })
  .refine(
    ({ body, comments }) => body.trim() !== '' || comments.length > 0,
    'a review needs a body or comments',
  )

/** `review(key, input)`: one submitted review per key; used before, its body is updated and nothing else. */
export async function writeReview(call: Call): Promise<Receipt> {
  const { deps, scope, octokit, where } = call
  const number = call.number(['pull_request'], 'review')
  const marked = call.marked(number, 'review', call.arg(0, 'key', keyShape))
  const input = call.arg(1, 'key, input', reviewShape)
  const body = publishedBody(scope, input.body, signMarker(deps.markerKey, marked))
  const on = { ...where, pull_number: number }
  const { pulls } = octokit.rest
  let fresh: Awaited<ReturnType<typeof freshPullRequest>> | undefined
  return applyKeyed(deps, scope, {
    key: marked,
    content: input,
    before: async () => (fresh = await freshPullRequest(deps, scope, number)),
    find: () =>
      findWritten(call, marked, body, octokit.paginate.iterator(pulls.listReviews, { ...on, per_page: 100 })),
    async create() {
      const pull = fresh ?? (await freshPullRequest(deps, scope, number))
      // GitHub lets nobody request changes on a pull request of their own (a personal token's user may write one).
      const isOwn = authorOf(pull.user).toLowerCase() === (await call.ownLogin()).toLowerCase()
      // Each is marked on its own: a thread is resolved only when this module began it.
      const comments = input.comments.map(({ mark, ...comment }, index) => {
        const marker = signMarker(deps.markerKey, inlineMark(marked, index))
        const hidden = mark === undefined ? marker : `<!-- ${mark} -->\n\n${marker}`
        return { ...comment, body: publishedBody(scope, comment.body, hidden, { suggestions: true }) }
      })
      const event = isOwn ? 'COMMENT' : input.event
      return (await pulls.createReview({ ...on, commit_id: pull.head.sha, body, event, comments })).data
    },
    update: (review_id) =>
      unlessGone(
        call,
        () => pulls.updateReview({ ...on, review_id, body }),
        () => pulls.getReview({ ...on, review_id }),
      ),
  })
}

/** What an inline comment's marker says. */
export const inlineMark = (review: Marked, index: number): Marked => ({
  ...review,
  kind: 'review_comment',
  key: `${review.key} ${index}`,
})

const messageShape = z.string().min(1).max(1_000)

/** `withdraw(message)`: dismisses this module's own requests for changes on the run's pull request; safe to repeat. */
export async function withdrawReviews(call: Call): Promise<number> {
  const { deps, scope, octokit, where } = call
  const number = call.number(['pull_request'], 'review')
  const message = publishedText(scope, call.arg(0, 'message', messageShape), 2_000)
  const on = { ...where, pull_number: number }
  const { pulls } = octokit.rest
  const [login, reviews] = await Promise.all([
    call.ownLogin(),
    octokit.paginate(pulls.listReviews, { ...on, per_page: 100 }),
  ])
  const standing = reviews.filter(
    (review) => review.state === 'CHANGES_REQUESTED' && call.ownMark(number, 'review', login, review),
  )
  if (standing.length > 0) await freshPullRequest(deps, scope, number)
  for (const { id } of standing)
    await pulls.dismissReview({ ...on, review_id: id, message, event: 'DISMISS' })
  return standing.length
}

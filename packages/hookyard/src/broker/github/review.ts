import { z } from 'zod'
import type { Receipt } from '@hookyard/sdk/host'
import { keyShape } from './comment.ts'
import { type EffectDeps, applyKeyed, freshPullRequest, unlessGone } from './effects.ts'
import { type Marked, findMarker, hashKey, signMarker } from './marker.ts'
import { publishedBody } from './published.ts'
import { type RunScope, checked, entityOf, ownerAndName, requireGrant, requireNumber } from './scope.ts'
import { authorOf } from './subject.ts'

const side = z.enum(['LEFT', 'RIGHT']).optional()
const line = z.number().int().positive()

/** An inline comment of a review, as GitHub's route takes it. */
export const inlineComment = z.strictObject({
  path: z.string().min(1),
  line,
  side,
  start_line: line.optional(),
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
export async function writeReview(
  deps: EffectDeps,
  scope: RunScope,
  args: readonly unknown[],
): Promise<Receipt> {
  requireGrant(scope, 'review')
  const number = requireNumber(scope, 'review()', ['pull_request'])
  const key = checked(keyShape, args[0], 'review(key)')
  const input = checked(reviewShape, args[1], 'review(key, input)')
  const marked = { module: scope.module, entity: entityOf(scope, number), kind: 'review', key }
  const body = publishedBody(scope, input.body, signMarker(deps.markerKey, marked))
  const octokit = deps.github.octokit(scope.repository, scope.signal)
  const where = { ...ownerAndName(scope.repository), pull_number: number }
  const { pulls } = octokit.rest
  let fresh: Awaited<ReturnType<typeof freshPullRequest>> | undefined
  return applyKeyed(deps, scope, {
    key: marked,
    content: input,
    before: async () => (fresh = await freshPullRequest(deps, scope, number)),
    async find() {
      const login = await deps.github.ownLogin(scope.repository)
      const wanted = hashKey(deps.markerKey, 'review', key)
      for await (const { data } of octokit.paginate.iterator(pulls.listReviews, {
        ...where,
        per_page: 100,
      })) {
        for (const raw of data) {
          if (raw.user?.login.toLowerCase() !== login.toLowerCase()) continue
          const found = findMarker(deps.markerKey, raw.body, marked)
          if (found?.module === scope.module && found.keyHash === wanted) {
            return { id: raw.id, url: raw.html_url, same: raw.body === body }
          }
        }
      }
      return null
    },
    async create() {
      const pull = fresh ?? (await freshPullRequest(deps, scope, number))
      const own = await deps.github.ownLogin(scope.repository)
      // GitHub lets nobody request changes on a pull request of their own (a personal token's user may write one).
      const event = authorOf(pull.user).toLowerCase() === own.toLowerCase() ? 'COMMENT' : input.event
      // Each is marked on its own: a thread is resolved only when this module began it.
      const comments = input.comments.map((comment, index) => {
        const marker = signMarker(deps.markerKey, inlineMark(marked, index))
        const hidden = comment.mark === undefined ? marker : `<!-- ${comment.mark} -->\n\n${marker}`
        return {
          ...defined(comment),
          body: publishedBody(scope, comment.body, hidden, { suggestions: true }),
        }
      })
      const { data } = await pulls.createReview({ ...where, commit_id: pull.head.sha, body, event, comments })
      return { id: data.id, url: data.html_url }
    },
    async update(id) {
      const changed = await unlessGone(
        deps,
        scope,
        () => pulls.updateReview({ ...where, review_id: id, body }),
        async () => (await pulls.getReview({ ...where, review_id: id })).data.user?.login ?? null,
      )
      return changed && { id: changed.data.id, url: changed.data.html_url }
    },
  })
}

/** What an inline comment's marker says. */
export const inlineMark = (review: Marked, index: number): Marked => ({
  ...review,
  kind: 'review_comment',
  key: `${review.key} ${index}`,
})

/** The comment without the fields that were left out. */
function defined({ path, line, side, start_line, start_side }: z.infer<typeof inlineComment>) {
  return {
    path,
    line,
    ...(side ? { side } : {}),
    ...(start_line ? { start_line } : {}),
    ...(start_side ? { start_side } : {}),
  }
}

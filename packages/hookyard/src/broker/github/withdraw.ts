import { z } from 'zod'
import { type EffectDeps, freshPullRequest } from './effects.ts'
import { isOwn } from './reads.ts'
import { findMarker } from './marker.ts'
import { publishedText } from './published.ts'
import { type RunScope, checked, entityOf, ownerAndName, requireGrant, requireNumber } from './scope.ts'

const messageShape = z.string().min(1).max(1_000)

/** `withdraw(message)`: dismisses this module's own requests for changes on the run's pull request; safe to repeat. */
export async function withdrawReviews(
  deps: EffectDeps,
  scope: RunScope,
  args: readonly unknown[],
): Promise<number> {
  requireGrant(scope, 'review')
  const number = requireNumber(scope, 'withdraw()', ['pull_request'])
  const asked = checked(messageShape, args[0], 'withdraw(message)')
  const message = publishedText(scope, asked, 2_000)
  const octokit = deps.github.octokit(scope.repository, scope.signal)
  const where = { ...ownerAndName(scope.repository), pull_number: number }
  const signed = { entity: entityOf(scope, number), kind: 'review' }
  const [login, reviews] = await Promise.all([
    deps.github.ownLogin(scope.repository),
    octokit.paginate(octokit.rest.pulls.listReviews, { ...where, per_page: 100 }),
  ])
  const standing = reviews.filter(
    (review) =>
      review.state === 'CHANGES_REQUESTED' &&
      isOwn(deps.markerKey, review, login, signed) &&
      findMarker(deps.markerKey, review.body, signed)?.module === scope.module,
  )
  if (standing.length > 0) await freshPullRequest(deps, scope, number)
  for (const { id } of standing) {
    await octokit.rest.pulls.dismissReview({ ...where, review_id: id, message, event: 'DISMISS' })
  }
  return standing.length
}

import { done, type Outcome } from '@hookyard/sdk'
import { writeMemory, type Memory } from './memory.ts'
import { remember } from './plan.ts'
import type { Published } from './publish.ts'
import { result, type Told } from './review-comment.ts'
import { count } from './markdown.ts'

/** The run's outcome: one line for the recipients, everything else for the journal and the next review. */
export function reportReview(told: Omit<Told, 'onLine'>, published: Published, memory: Memory): Outcome {
  const { review, plan, material, change } = told
  const { pr } = material
  const unread = change.tooLong.length + review.unasked.length
  const cut = unread === 0 ? '' : `; ${count(unread, 'file')} left out of a long diff`
  const summary = `Reviewed PR #${pr.number} in ${pr.base.repo.full_name}: ${result(plan)} on ${pr.head.sha.slice(0, 7)}${cut}`
  return done(summary, {
    state: writeMemory({
      paused: memory.paused,
      commented: published.comment !== null,
      requested: published.requested,
      head: pr.head.sha,
      findings: remember(plan, published),
    }),
    details: {
      head: pr.head.sha,
      findings: plan.open.map(({ id, file, severity, title, finding }) => ({
        ...{ id, file, severity, line: finding?.place?.line ?? null },
        title,
      })),
      posted: [...published.posted],
      fixed: plan.fixed.map(({ id }) => id),
      resolved: [...published.resolved],
      dismissed: plan.quiet,
      not_shown: plan.notShown,
      unusable: review.unusable,
      files: change.files.length,
      parts: change.parts.length,
      ignored: change.ignored.length,
      left_out: [...change.tooLong, ...review.unasked].slice(0, 200),
      cuts: review.cuts,
      unread: material.unread,
      comment: published.comment?.url ?? null,
      check: published.check?.url ?? null,
      backend: review.backend,
      model: review.model,
      cost_usd: review.costUsd,
    },
  })
}

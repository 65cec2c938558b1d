import { cleanMarkdown, done, type AgentAnswer, type Outcome, type Receipt } from '@hookyard/sdk'
import type { ReviewContext } from './context.ts'
import { count, tally, type Review } from './findings.ts'

/** The run's outcome: one line for the recipients, everything else for the journal. */
export function reportReview(
  review: Review,
  { pr, diff, unread, known }: ReviewContext,
  answer: AgentAnswer,
  receipt: Receipt | null,
): Outcome {
  const what = `Reviewed PR #${pr.number} in ${pr.base.repo.full_name}`
  const where = `${tally(review.findings)} on ${pr.head.sha.slice(0, 7)}`
  const cut =
    diff.leftOut.length === 0 ? '' : `; ${count(diff.leftOut.length, 'file')} left out of a long diff`
  return done(`${what}: ${where}${cut}`, {
    state: { commented: receipt !== null, head: pr.head.sha },
    details: {
      head: pr.head.sha,
      findings: review.findings.map(({ file, line, severity, title }) => ({
        ...{ file, line, severity },
        title: cleanMarkdown(title, known),
      })),
      not_shown: review.notShown,
      misplaced: review.misplaced,
      files: diff.files.length,
      left_out: diff.leftOut,
      unread,
      comment: receipt?.url ?? null,
      backend: answer.backend,
      model: answer.model,
      cost_usd: answer.cost_usd,
    },
  })
}

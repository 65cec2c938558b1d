// Reviews a pull request: reads it fresh, asks the agent, and keeps one comment that says what is left to mend.
import { defineModule, skipped } from '@hookyard/sdk'
import { gatherContext, hasReview } from './context.ts'
import { fitDiff } from './fit-diff.ts'
import { readReview } from './findings.ts'
import { reviewRequest } from './prompt.ts'
import { renderReview } from './render.ts'
import { reportReview } from './report.ts'

export default defineModule({
  subject: 'pull_request',
  events: [
    ...['pull_request.opened', 'pull_request.reopened'],
    ...['pull_request.ready_for_review', 'pull_request.synchronize'],
  ],
  async handle(ctx) {
    const { pr } = ctx
    if (ctx.trigger.type === 'webhook' && pr.state !== 'open') return skipped('closed')
    const diff = fitDiff(await pr.diff())
    if (diff.files.length === 0) return skipped('empty_diff')

    const context = await gatherContext(ctx, diff)
    const answer = await ctx.agent.run(reviewRequest(context))
    const maxFindings = typeof ctx.config.max_findings === 'number' ? ctx.config.max_findings : 10
    const review = readReview(answer.output, diff, maxFindings)

    // A clean pull request gets no comment, unless one is there that would now be wrong.
    const speaks = review.findings.length > 0 || hasReview(context, ctx.state)
    const receipt = speaks ? await pr.comment('review', renderReview(review, context, answer)) : null

    return reportReview(review, context, answer, receipt)
  },
})

// Triages an issue: labels that the repository has, likely duplicates, what is missing, what to do next. It adds
// and tells; it never closes, assigns, edits or removes.
import { defineModule, done, skipped } from '@hookyard/sdk'
import { applyLabels, postComment } from './apply.ts'
import { gatherContext } from './context.ts'
import { normalise } from './normalise.ts'
import { triageRequest } from './prompt.ts'
import { renderComment, renderSummary } from './render.ts'

export default defineModule({
  subject: 'issue',
  events: ['issues.opened'],
  async handle(ctx) {
    const { issue } = ctx
    if (issue.data.pull_request != null) return skipped('is_pull_request')
    if (ctx.trigger.type === 'webhook' && issue.state !== 'open') return skipped('closed')

    const context = await gatherContext(ctx)
    const answer = await ctx.agent.run(triageRequest(context))
    const { triage, problems } = normalise(answer.output, issue.number)
    for (const problem of problems) ctx.log.warn(problem)

    const labels = await applyLabels(ctx, triage.labels, context.labels)
    const comment = await postComment(ctx, renderComment(triage, labels, context.known))

    return done(
      renderSummary({
        number: issue.number,
        repository: ctx.repo.full_name,
        triage,
        labels,
        comment,
        known: context.known,
      }),
      {
        details: {
          triage,
          labels_applied: labels.applied,
          labels_skipped: labels.skipped,
          comment: comment?.url ?? null,
          related_found: context.related.map((hit) => hit.number),
          backend: answer.backend,
          model: answer.model,
          cost_usd: answer.cost_usd,
        },
      },
    )
  },
})

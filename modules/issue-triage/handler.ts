// Triages an issue: labels that the repository has, likely duplicates, what is missing, what to do next. It adds
// and tells; it never closes, assigns, edits or removes.
import { defineModule, done, skipped } from '@hookyard/sdk'
import { apply, postComment } from './apply.ts'
import { gatherContext } from './context.ts'
import { fingerprint, readMemory } from './memory.ts'
import { normalise } from './normalise.ts'
import { triageRequest } from './prompt.ts'
import { renderComment, renderSummary } from './render.ts'
import { readSettings } from './settings.ts'
import { reasonToSkip } from './reason-to-skip.ts'

export default defineModule({
  subject: 'issue',
  events: ['issues.opened', 'issues.edited'],
  async handle(ctx) {
    const { issue } = ctx
    const memory = readMemory(ctx.state)
    const why = await reasonToSkip(ctx, memory)
    if (why !== null) return skipped(why)
    const settings = await readSettings(ctx)
    if (!settings.enabled) return skipped('disabled_by_repository')

    const context = await gatherContext(ctx)
    const answer = await ctx.agent.run(triageRequest(context, settings))
    const { triage, problems } = normalise(answer.output, issue.number)
    for (const problem of problems) ctx.log.warn(problem)

    const applied = await apply(ctx, triage, context.labels, settings.allowedProjects)
    const present = new Set(issue.labels.map(({ name }) => name))
    const labels = [...new Set([...memory.labels.filter((label) => present.has(label)), ...applied.labels])]
    const told = { triage, applied: { ...applied, labels }, settings }
    const refused = [...applied.refused]
    const comment = await postComment(ctx, renderComment(told), refused)
    const { report } = settings.file
    if (report !== null && comment !== null) await ctx.repo.settingsReported(report)

    return done(renderSummary({ ...told, refused, number: issue.number, repository: ctx.repo.full_name }), {
      state: { text: await fingerprint(issue.title, issue.body), labels },
      details: {
        ...{ triage, refused, unread: context.unread },
        labels_applied: applied.labels,
        labels_skipped: applied.missingLabels,
        project: applied.project,
        project_skipped: applied.skippedProject,
        comment: comment?.url ?? null,
        related_found: context.related.map((hit) => hit.number),
        ...{ backend: answer.backend, model: answer.model, cost_usd: answer.cost_usd },
      },
    })
  },
})

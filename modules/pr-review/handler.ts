// Reviews a pull request: reads it fresh, asks the agent, and keeps the page true to the newest head. New findings go on
// their lines, fixed ones are resolved, dismissed ones stay quiet, and one comment says how it stands.
import { defineModule, skipped } from '@hookyard/sdk'
import { askAgent } from './ask.ts'
import { nothingToReview, readChange } from './change.ts'
import { answerCommand } from './command.ts'
import { gather } from './gather.ts'
import { identify } from './identity.ts'
import { reasonToStop, readDiff } from './recheck-pull-request.ts'
import { readMemory } from './memory.ts'
import { planReview } from './plan.ts'
import { publish } from './publish.ts'
import { reportReview } from './outcome.ts'
import { readSettings } from './settings.ts'

export default defineModule({
  subject: 'pull_request',
  events: [
    ...['pull_request.opened', 'pull_request.reopened'],
    ...['pull_request.ready_for_review', 'pull_request.synchronize'],
  ],
  async handle(ctx) {
    const { pr, trigger } = ctx
    const memory = readMemory(ctx.state)
    const answered = answerCommand(ctx, memory)
    if (answered !== null) return answered
    if (trigger.type === 'webhook' && pr.state !== 'open') return skipped(pr.merged ? 'merged' : 'closed')
    if (trigger.type === 'webhook' && pr.draft) return skipped('draft')
    if (trigger.type === 'webhook' && memory.paused) return skipped('paused')
    const settings = await readSettings(ctx)
    if (!settings.enabled) return skipped('disabled_by_repository')

    const change = readChange(await readDiff(ctx), settings)
    const nothing = nothingToReview(change)
    if (nothing !== null) return skipped(nothing)
    const material = await gather(ctx, change, settings, memory)
    const review = await askAgent(ctx, change, material, settings)

    const stop = await reasonToStop(ctx)
    if (stop !== null) return skipped(stop)
    const plan = planReview({
      ...{ files: change.all, known: material.known, fixed: review.fixed, maxFindings: settings.maxFindings },
      findings: await identify(review.findings, change.all),
    })
    const told = { review, plan, material, change, settings }
    return reportReview(told, await publish(ctx, told, memory), memory)
  },
})

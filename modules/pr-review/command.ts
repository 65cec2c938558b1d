// `/review pause` and `/review resume`: whether pushes are reviewed. `/review` alone reviews now, paused or not.
import { done, failed, type ContextOf, type Outcome } from '@hookyard/sdk'
import { writeMemory, type Memory } from './memory.ts'

/** The outcome of a command that asks for no review; null when a review is wanted. */
export function answerCommand(ctx: ContextOf<'pull_request'>, memory: Memory): Outcome | null {
  if (ctx.trigger.type !== 'command') return null
  const { args } = ctx.trigger.data
  const word = typeof args === 'string' ? args.trim().toLowerCase() : ''
  const where = `PR #${ctx.pr.number} in ${ctx.pr.base.repo.full_name}`
  switch (word) {
    case '':
    case 'now':
      return null
    case 'pause':
      return done(`Reviews of ${where} are paused: pushes start none until somebody writes /review resume.`, {
        state: writeMemory({ ...memory, paused: true }),
      })
    case 'resume':
      return done(`Reviews of ${where} go on with the next push; /review starts one now.`, {
        state: writeMemory({ ...memory, paused: false }),
      })
    default:
      return failed(`Nobody knows what to do at ${where}: write /review, /review pause or /review resume.`, {
        reason: 'unknown_argument',
      })
  }
}

// The `--event` of a command. A slip of the keyboard would be answered with "nothing happens", which is no answer.
import { nearest } from '../config/hints.ts'
import { GITHUB_EVENTS } from '../registry/github-events.ts'
import { UsageError } from './failure.ts'

/** Says so when GitHub publishes no such event. @throws UsageError when another one is meant */
export function checkWebhookEvent(event: string): void {
  if (Object.hasOwn(GITHUB_EVENTS, event)) return
  const meant = nearest(event, Object.keys(GITHUB_EVENTS))
  if (meant !== null)
    throw new UsageError(`GitHub has no event ${JSON.stringify(event)}; write --event ${meant}`)
  process.stderr.write(`hookyard: ${JSON.stringify(event)} is not in GitHub's published list of events\n`)
}

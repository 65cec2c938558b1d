// What a command is given on its line: a webhook's event, a payload, JSON. A slip of the keyboard would be answered with
// "nothing happens", which is no answer.
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { nearest } from '../config/hints.ts'
import { toError } from '../lib/errors.ts'
import { GITHUB_EVENTS } from '../registry/github-events.ts'
import { CommandFailure, UsageError } from './failure.ts'

/** Says so when GitHub publishes no such event. @throws UsageError when another one is meant */
export function checkWebhookEvent(event: string): void {
  if (Object.hasOwn(GITHUB_EVENTS, event)) return
  const meant = nearest(event, Object.keys(GITHUB_EVENTS))
  if (meant !== null)
    throw new UsageError(`GitHub has no event ${JSON.stringify(event)}; write --event ${meant}`)
  process.stderr.write(`hookyard: ${JSON.stringify(event)} is not in GitHub's published list of events\n`)
}

/** A file's text; `-` is standard input. @throws CommandFailure */
export async function readSource(file: string): Promise<string> {
  if (file === '-') return text(process.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch (thrown) {
    throw new CommandFailure(`${file} cannot be read: ${toError(thrown).message}`)
  }
}

/** `what` names the source in the error. @throws UsageError */
export function parseJson(source: string, what: string): unknown {
  try {
    return JSON.parse(source) as unknown
  } catch (thrown) {
    throw new UsageError(`${what} is no JSON: ${toError(thrown).message}`)
  }
}

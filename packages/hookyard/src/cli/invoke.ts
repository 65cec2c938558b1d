// `hookyard invoke`: starts a run on the running server, watches it, prints its result.
import { RunStarted } from '../api/run-shape.ts'
import { formatDuration } from '../lib/duration.ts'
import { cleanLines } from '../send/untrusted-text.ts'
import { api, type AskOptions } from './client/ask.ts'
import { followRun, type ShownRun } from './client/follow-run.ts'
import { openClient } from './client/server-client.ts'
import { parseJson, readSource } from './event-input.ts'
import { CommandFailure } from './failure.ts'
import { dollars, print } from './print.ts'

export interface InvokeCommand extends AskOptions {
  readonly entity?: string
  /** JSON; `-` reads standard input. */
  readonly input?: string
  readonly respectCooldown?: boolean
}

/** Prints the result. @throws CommandFailure unless the run ends as `done` */
export async function runInvoke(module: string, options: InvokeCommand): Promise<void> {
  const { entity, respectCooldown, json } = options
  const given = options.input === '-' ? await readSource('-') : options.input
  const input = given === undefined ? undefined : parseJson(given, '--input')
  const client = await openClient(options)
  const { run_id } = await client.post(api('modules', module, 'invoke'), RunStarted, {
    entity,
    input,
    respect_cooldown: respectCooldown,
  })
  const run = await followRun(client, run_id)
  print(run, json, renderResult)
  if (run.status !== 'done') throw new CommandFailure(whyNotDone(run))
}

/** A run’s result as people read it. */
export function renderResult(run: ShownRun): string {
  const took =
    run.started_at && run.finished_at
      ? `, ${formatDuration(Date.parse(run.finished_at) - Date.parse(run.started_at))}`
      : ''
  const cost = run.cost_usd > 0 ? `, ${dollars(run.cost_usd)}` : ''
  const reason = run.reason ? ` (${run.reason})` : ''
  const lines = [`${run.status}${reason}: ${run.module} on ${run.entity}, run ${run.id}${took}${cost}`]
  if (run.result.summary) lines.push(run.result.summary)
  else if (run.error) lines.push(run.error)
  const question = run.status === 'paused' ? run.questions.at(-1) : undefined
  if (question) {
    lines.push(question.text, ...question.options.map(({ value, label }) => `  ${value.padEnd(12)} ${label}`))
  }
  return `${cleanLines(lines.join('\n'))}\n`
}

function whyNotDone(run: ShownRun): string {
  if (run.status === 'paused') {
    return `the run waits for an answer: hookyard answer ${run.id} ANSWER`
  }
  return `the run ended as ${run.status}${run.reason ? ` (${run.reason})` : ''}`
}

// `hookyard invoke`: starts a run on the running server, watches it, prints its result.
import { text } from 'node:stream/consumers'
import { RunStarted } from '../api/run-shape.ts'
import { formatDuration } from '../lib/duration.ts'
import { cleanLines } from '../send/untrusted-text.ts'
import type { ServerOptions } from './client/find-server.ts'
import { followRun, type ShownRun } from './client/follow-run.ts'
import { openClient } from './client/server-client.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { dollars, print } from './print.ts'

export interface InvokeCommand extends ServerOptions {
  readonly entity?: string
  /** JSON; `-` reads standard input. */
  readonly input?: string
  readonly respectCooldown?: boolean
  readonly json?: boolean
}

/** Prints the result. @throws CommandFailure unless the run ends as `done` */
export async function runInvoke(module: string, options: InvokeCommand): Promise<void> {
  const { entity, respectCooldown, json } = options
  const input = options.input === undefined ? undefined : await readInput(options.input)
  const client = await openClient(options)
  const { run_id } = await client.post(`/api/modules/${encodeURIComponent(module)}/invoke`, RunStarted, {
    ...(entity === undefined ? {} : { entity }),
    ...(input === undefined ? {} : { input }),
    ...(respectCooldown ? { respect_cooldown: true } : {}),
  })
  const run = await followRun(client, run_id)
  print(run, json, renderResult)
  if (run.status !== 'done') throw new CommandFailure(whyNotDone(run))
}

/** @throws UsageError */
async function readInput(given: string): Promise<unknown> {
  const source = given === '-' ? await text(process.stdin) : given
  try {
    return JSON.parse(source) as unknown
  } catch (thrown) {
    throw new UsageError(`--input is no JSON: ${(thrown as Error).message}`)
  }
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

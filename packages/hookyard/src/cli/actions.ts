// Commands that ask the server for one thing and tell what came of it: replay, cancel, retry, answer, enable, disable.
import type { z } from 'zod'
import { Replayed } from '../api/delivery-routes.ts'
import { Module } from '../api/module-shape.ts'
import { RunStarted } from '../api/run-shape.ts'
import { Invited, Revoked } from '../api/user-routes.ts'
import { explainDecision } from '../explain/reasons.ts'
import { cleanLines } from '../send/untrusted-text.ts'
import type { ServerOptions } from './client/find-server.ts'
import { openClient } from './client/server-client.ts'
import { print } from './print.ts'

export interface ActionOptions extends ServerOptions {
  readonly json?: boolean
}

/** Dispatches a stored delivery again, and prints what was decided this time. @throws CommandFailure */
export async function runReplay(guid: string, options: ActionOptions): Promise<void> {
  const client = await openClient(options)
  const replayed = await client.post(`/api/deliveries/${encodeURIComponent(guid)}/replay`, Replayed)
  print(replayed, options.json, renderReplay)
}

function renderReplay({ delivery, replay, decisions }: z.output<typeof Replayed>): string {
  const lines = [`delivery ${delivery}, replay ${replay}:`]
  for (const { run_id, replay: _, ...decision } of decisions) {
    const { user, module, outcome, reason } = decision
    lines.push(
      `  ${user} · ${module ?? 'message'} · ${outcome}${reason ? `: ${reason}` : ''}${run_id ? ` (run ${run_id})` : ''}`,
      `      ${explainDecision({ ...decision, runId: run_id })}`,
    )
  }
  return `${cleanLines(lines.join('\n'))}\n`
}

/** Cancels a run, or tries it again. @throws CommandFailure */
export async function runOnRun(
  action: 'cancel' | 'retry',
  id: string,
  options: ActionOptions,
): Promise<void> {
  const client = await openClient(options)
  const run = await client.post(`/api/runs/${encodeURIComponent(id)}/${action}`, RunStarted)
  print(run, options.json, () => {
    if (action === 'retry') return `run ${run.run_id} of ${run.module} is queued again\n`
    return `run ${run.run_id} of ${run.module} ${run.status === 'running' ? 'is told to stop' : 'is cancelled'}\n`
  })
}

/** Answers the question of a paused run. @throws CommandFailure */
export async function runAnswer(id: string, answer: string, options: ActionOptions): Promise<void> {
  const client = await openClient(options)
  const run = await client.post(`/api/runs/${encodeURIComponent(id)}/resume`, RunStarted, { answer })
  print(run, options.json, () => `run ${run.run_id} of ${run.module} goes on\n`)
}

/** Prints a code by which a person on Telegram becomes this user. @throws CommandFailure */
export async function runInvite(user: string, options: ActionOptions): Promise<void> {
  const client = await openClient(options)
  const invite = await client.post(`/api/users/${encodeURIComponent(user)}/invite`, Invited)
  print(invite, options.json, ({ code, user: name, expires_at }) =>
    [
      `/start ${code}`,
      `Whoever sends this to the bot is ${name} from then on: once, until ${expires_at}.`,
      'Where `telegram_id` in hookyard.yaml says who that is, it counts for that person alone.',
      '',
    ].join('\n'),
  )
}

/** Takes a claim and an open code back. @throws CommandFailure */
export async function runRevoke(user: string, options: ActionOptions): Promise<void> {
  const client = await openClient(options)
  const answer = await client.post(`/api/users/${encodeURIComponent(user)}/revoke`, Revoked)
  print(answer, options.json, ({ user: name, revoked }) =>
    revoked ? `a claim or an open code of ${name} was taken back\n` : `nobody has claimed to be ${name}\n`,
  )
}

/** Switches a module on or off. @throws CommandFailure */
export async function runSwitch(
  action: 'enable' | 'disable',
  name: string,
  options: ActionOptions,
): Promise<void> {
  const client = await openClient(options)
  const module = await client.post(`/api/modules/${encodeURIComponent(name)}/${action}`, Module)
  print(module, options.json, () => `${module.name} is ${module.enabled ? 'on' : 'off'}\n`)
}

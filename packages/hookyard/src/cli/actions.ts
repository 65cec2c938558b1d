// Commands that ask the server for one thing and tell what came of it: replay, cancel, retry, answer, invite, enable,
// disable. Each throws CommandFailure when the server refuses.
import type { z } from 'zod'
import { Replayed } from '../api/delivery-routes.ts'
import { Module } from '../api/module-shape.ts'
import { RunStarted } from '../api/run-shape.ts'
import { Invited, Revoked } from '../api/user-routes.ts'
import { decisionLine, explainDecision } from '../explain/reasons.ts'
import { cleanLines } from '../send/untrusted-text.ts'
import { act, api, type AskOptions } from './client/ask.ts'

/** Dispatches a stored delivery again, and prints what was decided this time. */
export const runReplay = (guid: string, options: AskOptions): Promise<void> =>
  act(options, api('deliveries', guid, 'replay'), Replayed, renderReplay)

function renderReplay({ delivery, replay, decisions }: z.output<typeof Replayed>): string {
  const lines = [`delivery ${delivery}, replay ${replay}:`]
  for (const { run_id, replay: _, ...decision } of decisions) {
    lines.push(
      `  ${decisionLine(decision)}${run_id ? ` (run ${run_id})` : ''}`,
      `      ${explainDecision({ ...decision, runId: run_id })}`,
    )
  }
  return `${cleanLines(lines.join('\n'))}\n`
}

const DONE = {
  cancel: (status: string) => (status === 'running' ? 'is told to stop' : 'is cancelled'),
  retry: () => 'is queued again',
  resume: () => 'goes on',
}

/** Cancels a run, tries it again, or answers its question (`body`). */
export const runAct = (
  action: keyof typeof DONE,
  id: string,
  options: AskOptions,
  body?: { answer: string },
): Promise<void> =>
  act(
    options,
    api('runs', id, action),
    RunStarted,
    ({ run_id, module, status }) => `run ${run_id} of ${module} ${DONE[action](status)}\n`,
    body,
  )

/** Prints a code by which a person on Telegram becomes this user. */
export const runInvite = (user: string, options: AskOptions): Promise<void> =>
  act(options, api('users', user, 'invite'), Invited, ({ code, user: name, expires_at }) =>
    [
      `/start ${code}`,
      `Whoever sends this to the bot is ${name} from then on: once, until ${expires_at}.`,
      'Where `telegram_id` in hookyard.yaml says who that is, it counts for that person alone.',
      '',
    ].join('\n'),
  )

/** Takes a claim and an open code back. */
export const runRevoke = (user: string, options: AskOptions): Promise<void> =>
  act(options, api('users', user, 'revoke'), Revoked, ({ user: name, revoked }) =>
    revoked ? `a claim or an open code of ${name} was taken back\n` : `nobody has claimed to be ${name}\n`,
  )

/** Switches a module on or off. */
export const runSwitch = (action: 'enable' | 'disable', name: string, options: AskOptions): Promise<void> =>
  act(
    options,
    api('modules', name, action),
    Module,
    (module) => `${module.name} is ${module.enabled ? 'on' : 'off'}\n`,
  )

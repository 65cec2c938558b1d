// What the demo shows, chapter by chapter. Every line tells what the real pipeline just did.
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { z } from 'zod'
import type { Delivery } from '../../api/delivery-shape.ts'
import type { Run } from '../../api/run-shape.ts'
import { explainDecision } from '../../explain/reasons.ts'
import { officialPayload } from '@hookyard/standins/payloads'
import type { Narrator } from './narrator.ts'
import { type DemoWorld, USERS } from './world.ts'

const REPOSITORY = 'Codertocat/Hello-World'
/** How long the demo waits for anything, in ms, before it says that something is wrong. */
const PATIENCE_MS = 30_000

type Json = Record<string, unknown>
type DeliveryAnswer = z.output<typeof Delivery>
type RunAnswer = z.output<typeof Run>

/** Plays all chapters. @throws Error naming what did not happen in time. */
export async function playChapters(world: DemoWorld, narrator: Narrator): Promise<void> {
  await opened(world, narrator)
  await burst(world, narrator)
  await killed(world, narrator)
  await triaged(world, narrator)
  await refused(world, narrator)
}

async function opened(world: DemoWorld, { chapter, say, quote }: Narrator): Promise<void> {
  chapter("A pull request is opened (GitHub's own example payload, signed)")
  const payload = pullRequestPayload(2, 'opened')
  world.github.seedFromPayload(payload)
  world.github.setDiff(REPOSITORY, 2, DIFF)
  const { status, guid, tookMs } = await world.post('pull_request', payload)
  say(
    `POST /webhook/github -> ${status}: delivery ${guid} was on disk before the answer (${tookMs.toFixed(0)} ms)`,
  )
  const delivery = await dispatched(world, guid)
  say('Who hears of it, and what each module decided:')
  tellDecisions(delivery, say)
  await runEnded(world, delivery, USERS.reviewing)
  quote(`GitHub has one comment by ${world.github.login}:`, await comment(world, 2))
  quote(`Telegram, to ${USERS.reviewing}:`, await message(world, 111, /Reviewed PR #2/))
  quote(`Telegram, to ${USERS.listening}:`, await message(world, 222, /PR #2 opened/))
}

async function burst(world: DemoWorld, { chapter, say, quote }: Narrator): Promise<void> {
  chapter('Five pushes in a second: one review, of the newest commit')
  const guids: string[] = []
  for (let push = 1; push <= 5; push += 1) {
    const sha = world.github.pushCommit(REPOSITORY, 2, { message: `push ${push}` })
    const payload = pullRequestPayload(2, 'synchronize', { head: sha })
    const { status, guid } = await world.post('pull_request', payload)
    guids.push(guid)
    say(`push ${push}: ${sha.slice(0, 7)} -> ${status}`)
  }
  const deliveries = await Promise.all(guids.map((guid) => dispatched(world, guid)))
  const runs = new Set(deliveries.flatMap((delivery) => decisionOf(delivery, USERS.reviewing)?.run_id ?? []))
  say(
    `Decisions: ${deliveries.map((delivery) => decisionOf(delivery, USERS.reviewing)?.outcome ?? '?').join(', ')}; runs: ${runs.size}`,
  )
  const last = deliveries.at(-1)
  if (last) await runEnded(world, last, USERS.reviewing)
  const head = world.github.headSha(REPOSITORY, 2).slice(0, 7)
  const body = await comment(world, 2, (text) => text.includes(head))
  say(`Comments on the pull request: ${ownComments(world, 2).length}, updated in place for ${head}`)
  quote('It now says:', body)
}

async function killed(world: DemoWorld, { chapter, say, quote }: Narrator): Promise<void> {
  chapter('The module process is killed with SIGKILL in the middle of a review')
  await rm(world.gate)
  const payload = pullRequestPayload(3, 'opened')
  world.github.seedFromPayload(payload)
  world.github.setDiff(REPOSITORY, 3, DIFF)
  const { guid } = await world.post('pull_request', payload)
  const delivery = await dispatched(world, guid)
  await until('the AI to start thinking', () => existsSync(`${world.gate}.waiting`))
  const pids = world.service.moduleProcesses()
  say(`The review is under way; kill -9 ${pids.join(' ')}`)
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await writeFile(world.gate, '')
  const run = await runEnded(world, delivery, USERS.reviewing)
  say(
    `The run was tried again by itself: ${run.status} at attempt ${run.attempt}; comments on the pull request: ${ownComments(world, 3).length}`,
  )
  quote('The comment:', await comment(world, 3))
}

async function triaged(world: DemoWorld, { chapter, say, quote }: Narrator): Promise<void> {
  chapter('An issue is opened and triaged')
  const payload = officialPayload('issues', 'opened')
  world.github.seedFromPayload(payload)
  for (const label of ['bug', 'enhancement', 'documentation', 'question'])
    world.github.createLabel(REPOSITORY, label)
  const issue = payload['issue'] as { number: number; title: string }
  say(`#${issue.number} ${issue.title}`)
  const { guid } = await world.post('issues', payload)
  await runEnded(world, await dispatched(world, guid), USERS.reviewing)
  say(`Labels on GitHub: ${world.github.labels(REPOSITORY, issue.number).join(', ') || 'none'}`)
  quote('The comment:', await comment(world, issue.number))
  quote(`Telegram, to ${USERS.reviewing}:`, await message(world, 111, /triaged/))
}

async function refused(world: DemoWorld, { chapter, say }: Narrator): Promise<void> {
  chapter('Somebody who does not know the secret sends a webhook')
  const { status, body } = await world.post('push', officialPayload('push', null), { secret: 'guessed' })
  say(`POST /webhook/github -> ${status} ${JSON.stringify(body)}`)
}

// ── reading the service as any client would ──────────────────────────────────────────────────────

async function api<T>(world: DemoWorld, path: string): Promise<T> {
  const answer = await fetch(`${world.service.url}${path}`, {
    headers: { authorization: `Bearer ${world.token}` },
  })
  return (await answer.json()) as T
}

const dispatched = (world: DemoWorld, guid: string): Promise<DeliveryAnswer> =>
  until(`delivery ${guid} to be dispatched`, async () => {
    const delivery = await api<DeliveryAnswer>(world, `/api/deliveries/${guid}`)
    return delivery.status === 'dispatched' && delivery
  })

const decisionOf = (delivery: DeliveryAnswer, user: string) =>
  delivery.decisions.find((decision) => decision.user === user && decision.run_id !== null)

async function runEnded(world: DemoWorld, delivery: DeliveryAnswer, user: string): Promise<RunAnswer> {
  const id = decisionOf(delivery, user)?.run_id
  if (!id) throw new Error(`no run was given to ${user}: ${JSON.stringify(delivery.decisions)}`)
  const run = await until(`run ${id} to end`, async () => {
    const found = await api<RunAnswer>(world, `/api/runs/${id}`)
    return !['queued', 'running'].includes(found.status) && found
  })
  if (run.status !== 'done') throw new Error(`run ${id} ended ${run.status}: ${run.reason ?? ''}`)
  return run
}

function tellDecisions(delivery: DeliveryAnswer, say: (text: string) => void): void {
  for (const { user, module, outcome, reason, run_id } of delivery.decisions) {
    const what = `${outcome}${reason ? `: ${reason}` : ''}`
    say(
      `  ${user.padEnd(6)} ${(module ?? 'message').padEnd(13)} ${what.padEnd(26)} ${explainDecision({ user, module, outcome, reason, runId: run_id })}`,
    )
  }
}

const ownComments = (world: DemoWorld, number: number) =>
  world.github.comments(REPOSITORY, number).filter((found) => found.login === world.github.login)

const comment = (world: DemoWorld, number: number, fits: (body: string) => boolean = () => true) =>
  until(`a comment on #${number}`, () => ownComments(world, number).find((found) => fits(found.body))?.body)

const message = (world: DemoWorld, chat: number, pattern: RegExp) =>
  until(
    `a message to chat ${chat}`,
    () =>
      world.telegram.messages.find((sent) => Number(sent.chat_id) === chat && pattern.test(sent.text))?.text,
  )

/** What `look` finds at last. */
async function until<T>(
  what: string,
  look: () => T | false | undefined | Promise<T | false | undefined>,
): Promise<T> {
  const giveUp = performance.now() + PATIENCE_MS
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > giveUp) throw new Error(`the demo waited ${PATIENCE_MS / 1_000} s for ${what}`)
    await delay(200)
  }
}

function pullRequestPayload(number: number, action: string, more: { head?: string } = {}): Json {
  const payload = structuredClone(
    officialPayload('pull_request', action === 'synchronize' ? 'synchronize' : 'opened'),
  )
  const pull = payload['pull_request'] as Json & { head: Json }
  payload['number'] = pull['number'] = number
  pull['url'] = `https://api.github.com/repos/${REPOSITORY}/pulls/${number}`
  pull['html_url'] = `https://github.com/${REPOSITORY}/pull/${number}`
  if (number === 3) pull['title'] = 'Send the welcome mail in the background'
  if (more.head) pull.head['sha'] = payload['after'] = more.head
  return payload
}

const DIFF = `diff --git a/src/session.js b/src/session.js
index 1111111..2222222 100644
--- a/src/session.js
+++ b/src/session.js
@@ -1,4 +1,8 @@
 export function openSession(request) {
-  return sessions.get(request.id)
+  console.log('session', request)
+  const password = 'hunter2-hunter2'
+  const rules = eval(request.body.rules)
+  return sessions.get(request.id, password, rules)
 }
+
 export const limit = 10
`

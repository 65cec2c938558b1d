// What becomes of a run: retries and the crash notice, timeouts, kills, cancellation, a moved head, bursts.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { officialPayload } from '@hookyard/standins/payloads'
import { payloadIn } from './builders.ts'
import { openSqliteStore } from '../packages/hookyard/src/store/sqlite/open.ts'
import {
  type Given,
  type TestInstallation,
  closeInstallations,
  handler,
  openInstallation,
  until,
} from './installation.ts'

afterAll(closeInstallations)

const REPOSITORY = 'codertocat/hello-world'
const acting = (body: string, manifest: Record<string, unknown> = {}): Given => ({
  modules: {
    acting: {
      manifest: {
        subject: 'pull_request',
        may: ['comment'],
        retries: { max: 2, backoff: '0.05s' },
        triggers: [{ webhook: 'pull_request', actions: ['opened', 'synchronize'] }],
        ...manifest,
      },
      handler: handler(body),
    },
  },
})

/** What the module of the file's installation does, by the repository whose pull request it gets. */
const BODIES = {
  throwing: `throw new Error('attempt ' + ctx.run.attempt)`,
  journaling: `
    await ctx.pr.comment('note', 'a note')
    const made = await ctx.once('made', () => 'at attempt ' + ctx.run.attempt)
    await ctx.notify('told ' + made)
    if (ctx.run.attempt < 3) throw new Error('again')
    return done(made)`,
  telling: `await ctx.notify('looks at a\\u202egnp.exe\\u0000\\r\\n<b>now</b>'); return skipped('seen')`,
  killed: `
    await ctx.pr.comment('note', 'attempt ' + ctx.run.attempt)
    if (ctx.run.attempt === 1) await new Promise((resolve) => setTimeout(resolve, 60_000))
    return done('survived')`,
  moved: `
    await ctx.notify('loaded')
    while (!ctx.signal.aborted && (await ctx.github.rest.issues.get({ owner: 'codertocat', repo: 'moved', issue_number: 2 })).data.title !== 'moved') {}
    await ctx.pr.comment('note', 'for an old head')
    return done('wrote')`,
  failing: `if (ctx.run.attempt === 1) return failed('not today'); return done('now')`,
}
const acts = Object.entries(BODIES).map(([name, body]) => `${name}: async () => { ${body} }`)

let shared: TestInstallation
beforeAll(async () => {
  shared = await openInstallation(acting(`return { ${acts.join()} }[ctx.entity.split(/[/#]/)[1]]()`))
})

async function deliver(
  at: TestInstallation,
  action = 'opened',
  head?: string,
  repository = 'Codertocat/Hello-World',
) {
  const payload = payloadIn(repository, 'pull_request', action) as {
    pull_request: { head: { sha: string } }
  }
  if (head) payload.pull_request.head.sha = head
  else at.github.seedFromPayload(payload)
  const { guid } = await at.post('pull_request', payload)
  const decision = (await at.decisions(guid)).find(({ module }) => module === 'acting')
  return { guid, runId: String(decision?.run_id), decision }
}

const deliverIn = (repository: keyof typeof BODIES) =>
  deliver(shared, 'opened', undefined, `Codertocat/${repository}`)
/** Resolves with the texts that hold the words once there are so many. */
const textsWith = (words: RegExp, count: number) =>
  until(`${count} messages with ${words}`, () => {
    const texts = shared.telegram.messages.map(({ text }) => text).filter((text) => words.test(text))
    return texts.length >= count && texts
  })

test('a handler that throws is tried again; when the repeats are spent, the crash notice goes out once', async () => {
  const { runId } = await deliverIn('throwing')
  const run = await shared.ended(runId)
  expect(run).toMatchObject({ status: 'failed', reason: 'exhausted', attempt: 3, error: 'attempt 3' })
  expect(await textsWith(/throwing/, 1)).toEqual([
    `acting failed on codertocat/throwing#2: attempt 3 (run ${runId})`,
  ])
})

test('what was commented before the throw is there once, and once() ran once', async () => {
  const { runId } = await deliverIn('journaling')
  expect(await shared.ended(runId)).toMatchObject({
    status: 'done',
    attempt: 3,
    result: { summary: 'at attempt 1' },
  })
  expect(shared.github.comments('codertocat/journaling', 2)).toHaveLength(1)
  const texts = (await textsWith(/at attempt/, 2)).map((text) => text.split('\n')[0])
  expect(texts).toEqual(['told at attempt 1', 'at attempt 1'])
})

test('a title that a module tells on the way turns no text around', async () => {
  await deliverIn('telling')
  expect(await textsWith(/looks at/, 1)).toEqual(['looks at agnp.exe \n<b>now</b>'])
})

test('a module process killed with SIGKILL is replaced, and the run completes', async () => {
  const { runId } = await deliverIn('killed')
  const comments = () => shared.github.comments('codertocat/killed', 2)
  await until('the comment', () => comments().length === 1)
  for (const pid of shared.service.moduleProcesses()) process.kill(pid, 'SIGKILL')
  expect(await shared.ended(runId)).toMatchObject({ status: 'done', attempt: 2 })
  expect(comments().map(({ body }) => body.split('\n')[0])).toEqual(['attempt 2'])
})

test('a run that takes too long is ended with its process, and says so', async () => {
  const at = await openInstallation(acting(`for (;;) {}`, { timeout: '0.5s' }))
  const { runId } = await deliver(at)
  expect(await at.ended(runId)).toMatchObject({ status: 'failed', reason: 'timeout', attempt: 1 })
  expect(at.service.moduleProcesses()).toEqual([])
})

test('how long a process takes to start and to load its handler is not the time of the run', async () => {
  // Loaded at once before anything runs; the process that ends under the first attempt is followed by a slow one.
  const kept = mkdtempSync(join(tmpdir(), 'hookyard-kept-'))
  const slow = `
    import { existsSync, writeFileSync } from 'node:fs'
    const marker = '${kept}/loaded'
    if (existsSync(marker)) await new Promise((resolve) => setTimeout(resolve, 4_000))
    writeFileSync(marker, '')
  `
  const given = acting(`if (ctx.run.attempt === 1) process.exit(1)\nreturn done('in time')`, {
    timeout: '3s',
    needs: { write: [kept] },
  })
  const { acting: module } = given.modules as {
    acting: { manifest: Record<string, unknown>; handler: string }
  }
  const at = await openInstallation({
    modules: { acting: { ...module, handler: slow + module.handler } },
    config: { modules: { acting: { allow: { write: [kept] } } } },
  })
  const { runId } = await deliver(at)
  expect(await at.ended(runId)).toMatchObject({ status: 'done', attempt: 2, result: { summary: 'in time' } })
})

test('a head that moved ends a run that writes as superseded, without a message', async () => {
  const { runId } = await deliverIn('moved')
  await textsWith(/^loaded/, 1)
  shared.github.pushCommit('codertocat/moved', 2)
  shared.github.change('codertocat/moved', 2, { title: 'moved' })
  expect(await shared.ended(runId)).toMatchObject({ status: 'skipped', reason: 'superseded' })
  expect(shared.github.comments('codertocat/moved', 2)).toEqual([])
  expect(await textsWith(/^loaded|moved/, 1)).toHaveLength(1)
})

test('closing cancels a running run, and its window closes', async () => {
  const at = await openInstallation(
    acting(
      `await ctx.notify('runs'); await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve)); return done('late')`,
      {
        cancel_on: ['closed'],
        triggers: [{ webhook: 'pull_request', actions: ['opened'], cooldown: '1h' }],
      },
    ),
  )
  const { runId } = await deliver(at)
  await at.messagesSent(1)
  await at.post('pull_request', officialPayload('pull_request', 'closed'))
  expect(await at.ended(runId)).toMatchObject({ status: 'cancelled', reason: 'cancel_on:closed' })
  expect((await deliver(at)).decision).toMatchObject({ outcome: 'ran' })
})

test('five pushes end in one run on the newest head', async () => {
  const at = await openInstallation(
    acting(
      `await ctx.pr.comment('review', 'reviewed ' + ctx.pr.head.sha); return done('reviewed ' + ctx.pr.head.sha)`,
      {
        triggers: [
          {
            webhook: 'pull_request',
            actions: ['synchronize'],
            debounce: '30s',
            max_wait: '5m',
            cooldown: '5m',
            on_cooldown: 'trailing',
          },
        ],
      },
    ),
  )
  at.github.seedFromPayload(officialPayload('pull_request', 'synchronize'))
  const pushes: Awaited<ReturnType<typeof deliver>>[] = []
  for (let push = 0; push < 5; push += 1)
    pushes.push(await deliver(at, 'synchronize', at.github.pushCommit(REPOSITORY, 2)))
  expect(pushes.map(({ decision }) => decision?.outcome)).toEqual([
    'ran',
    'coalesced',
    'coalesced',
    'coalesced',
    'coalesced',
  ])
  expect(new Set(pushes.map(({ runId }) => runId)).size).toBe(1)
  expect((await at.api(`/api/runs/${pushes[0]?.runId}`)).body).toMatchObject({
    status: 'queued',
    delivery: pushes[4]?.guid,
  })
  at.advance(30_000)
  const head = at.github.headSha(REPOSITORY, 2)
  expect(await at.ended(String(pushes[0]?.runId))).toMatchObject({
    status: 'done',
    result: { summary: `reviewed ${head}` },
  })
  expect(at.github.comments(REPOSITORY, 2)).toHaveLength(1)
})

test('a waiting run survives a restart, and a running one goes on', async () => {
  const at = await openInstallation(
    acting(
      `if (ctx.run.attempt === 1 && ctx.trigger.action === 'opened') { await ctx.notify('began'); await new Promise((r) => setTimeout(r, 60_000)) } return done('ended ' + ctx.trigger.action)`,
      {
        triggers: [
          { webhook: 'pull_request', actions: ['opened'] },
          { webhook: 'pull_request', actions: ['synchronize'], debounce: '10m' },
        ],
      },
    ),
  )
  const running = await deliver(at)
  await at.messagesSent(1)
  const waiting = await deliver(at, 'synchronize', at.github.pushCommit(REPOSITORY, 2))
  await at.restart()
  expect(await at.ended(running.runId)).toMatchObject({ status: 'done', attempt: 2 })
  at.advance(10 * 60_000)
  await at.restart()
  expect(await at.ended(waiting.runId)).toMatchObject({
    status: 'done',
    result: { summary: 'ended synchronize' },
  })
})

test.each([
  ['a push', 'synchronize', { status: 'queued' }],
  ['the end', 'closed', { status: 'cancelled', reason: 'cancel_on:closed' }],
])(
  '%s that was accepted right before a crash finds the run that waits, though it is due',
  async (_what, action, found) => {
    const at = await openInstallation(
      acting(`return done('reviewed')`, {
        cancel_on: ['closed'],
        triggers: [{ webhook: 'pull_request', actions: ['synchronize'], debounce: '10m', max_wait: '1h' }],
      }),
    )
    const waiting = await deliver(at, 'synchronize')
    await at.stop()
    at.advance(11 * 60_000)
    const store = await openSqliteStore({ file: join(at.dir, 'data', 'hookyard.db') })
    const body = Buffer.from(JSON.stringify(officialPayload('pull_request', action)))
    const guid = 'accepted-and-not-decided'
    await store.deliveries.accept([
      {
        ...{ guid, hookId: '1', event: 'pull_request', action, body, receivedAt: Date.now() },
        ...{ repository: REPOSITORY, entity: `${REPOSITORY}#2` },
      },
    ])
    await store.close()
    await at.restart()
    await at.decisions(guid)
    const { body: listed } = await at.api('/api/runs?module=acting')
    expect(listed['runs']).toMatchObject([{ id: waiting.runId, ...found }])
  },
)

test("GitHub's Redeliver button tries failed runs of that delivery again", async () => {
  const at = shared
  const { guid, runId } = await deliverIn('failing')
  expect(await at.ended(runId)).toMatchObject({ status: 'failed', reason: 'declared' })
  const payload = payloadIn('Codertocat/failing', 'pull_request', 'opened')
  expect(await at.post('pull_request', payload, { guid, hookId: '999' })).toMatchObject({
    status: 200,
    body: { status: 'duplicate' },
  })
  expect(await at.post('pull_request', payload, { guid })).toMatchObject({
    status: 202,
    body: { status: 'retried', runs: [runId] },
  })
  expect(await at.ended(runId)).toMatchObject({ status: 'done', attempt: 2 })
  expect(await at.post('pull_request', payload, { guid })).toMatchObject({
    status: 200,
    body: { status: 'duplicate' },
  })
})

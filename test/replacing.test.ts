// `concurrency: cancel_running`, over the whole service: whatever starts the newer run, the older one stops.
import { afterEach, expect, test } from 'vitest'
import { officialPayload } from '@hookyard/standins/payloads'
import {
  type TestInstallation,
  closeInstallations,
  handler,
  openInstallation,
  until,
} from './installation.ts'

afterEach(closeInstallations)

const REPOSITORY = 'codertocat/hello-world'
/** Works until it is told to stop. */
const endless = `
  await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
  return done('late')
`
const working = {
  manifest: {
    subject: 'pull_request',
    concurrency: 'cancel_running',
    triggers: [{ webhook: 'pull_request', actions: ['opened'], cooldown: '1h' }, { command: 'work' }],
  },
  handler: handler(endless),
}
const caller = {
  manifest: { subject: 'pull_request' },
  handler: handler(`const { run_id } = await ctx.invoke('working'); return done(run_id)`),
}

const running = (at: TestInstallation, runId: string) =>
  until(`run ${runId} to run`, async () => (await at.api(`/api/runs/${runId}`)).body['status'] === 'running')

const ranBy = (decisions: Awaited<ReturnType<TestInstallation['decisions']>>) =>
  String(decisions.findLast(({ module, outcome }) => module === 'working' && outcome === 'ran')?.run_id)

async function invoke(at: TestInstallation, module: string, body: Record<string, unknown>) {
  const answer = await at.api(`/api/modules/${module}/invoke`, { json: body })
  return { ...answer, runId: String(answer.body['run_id']) }
}

async function command(at: TestInstallation): Promise<string> {
  const login = 'maintainer'
  const payload = officialPayload('issue_comment', 'created') as Record<string, Record<string, unknown>>
  Object.assign(payload['comment']!, { body: '/work', user: { login, type: 'User' } })
  Object.assign(payload['issue']!, { number: 2, pull_request: { url: 'https://api.github.com/x' } })
  Object.assign(payload['sender']!, { login })
  const { guid } = await at.post('issue_comment', payload)
  return ranBy(await at.decisions(guid))
}

test('a newer run by a call, a replay, a command, a module or a delivery cancels the one that runs', async () => {
  const at = await openInstallation({ modules: { working, caller } })
  const opened = officialPayload('pull_request', 'opened')
  at.github.seedFromPayload(opened)
  at.github.setPermission(REPOSITORY, 'maintainer', 'write')
  const entity = `${REPOSITORY}#2`
  const { guid } = await at.post('pull_request', opened)
  const first = ranBy(await at.decisions(guid))
  const ways: Record<string, () => Promise<string>> = {
    call: async () => (await invoke(at, 'working', { entity })).runId,
    async replay() {
      await at.api(`/api/deliveries/${guid}/replay`, { json: {} })
      return ranBy((await at.api(`/api/deliveries/${guid}`)).body['decisions'] as never)
    },
    command: () => command(at),
    async module() {
      const called = await at.ended((await invoke(at, 'caller', { entity })).runId)
      return String((called['result'] as Record<string, unknown>)['summary'])
    },
    async delivery() {
      at.advance(2 * 3_600_000)
      const again = await at.post('pull_request', opened)
      return ranBy(await at.decisions(again.guid))
    },
  }
  let before = first
  for (const [way, start] of Object.entries(ways)) {
    await running(at, before)
    const newer = await start()
    const ended = await at.ended(before)
    expect([way, ended['status'], ended['reason']]).toEqual([way, 'cancelled', 'replaced'])
    before = newer
  }
  await running(at, before)
})

test('the cancelled run’s window gives way to the newer one’s; a repeat and a refused call cancel nothing', async () => {
  const at = await openInstallation({ modules: { working } })
  const opened = officialPayload('pull_request', 'opened')
  at.github.seedFromPayload(opened)
  const body = { entity: `${REPOSITORY}#2`, idempotency_key: 'k' }
  const { runId } = await invoke(at, 'working', body)
  await running(at, runId)
  expect(await invoke(at, 'working', body)).toMatchObject({ status: 200, runId })
  const respectful = { entity: body.entity, respect_cooldown: true }
  expect(await invoke(at, 'working', respectful)).toMatchObject({ status: 429 })
  expect((await at.api(`/api/runs/${runId}`)).body).toMatchObject({ status: 'running' })
  const newer = await invoke(at, 'working', { entity: body.entity })
  expect(await at.ended(runId)).toMatchObject({ status: 'cancelled', reason: 'replaced' })
  expect(await invoke(at, 'working', respectful)).toMatchObject({ status: 429 })
  await at.api(`/api/runs/${newer.runId}/cancel`, { json: {} })
  await at.ended(newer.runId)
  expect(await invoke(at, 'working', respectful)).toMatchObject({ status: 202 })
})

test('a tick cancels the run that is still at work for the one before', async () => {
  const sweeper = {
    manifest: {
      subject: 'repository',
      concurrency: 'cancel_running',
      triggers: [{ schedule: '0 * * * *' }],
    },
    handler: handler(endless),
  }
  const users = [{ name: 'alice', role: 'admin', chat_id: 111, repos: ['octocat/spoon'] }]
  const at = await openInstallation({ users, modules: { sweeper } })
  at.github.createRepository('octocat/spoon')
  const { runId } = await invoke(at, 'sweeper', { entity: 'octocat/spoon' })
  await running(at, runId)
  at.advance(3_600_000)
  expect(await at.ended(runId)).toMatchObject({ status: 'cancelled', reason: 'replaced' })
  const { runs } = (await at.api('/api/runs?module=sweeper')).body as { runs: Record<string, unknown>[] }
  expect(runs.map(({ trigger }) => trigger)).toMatchObject([{ type: 'schedule' }, { type: 'invoke' }])
})

test('a run that invokes its own module goes on, and the invoked one follows it', async () => {
  const chain = {
    manifest: { subject: 'pull_request', concurrency: 'cancel_running' },
    handler: handler(`
      if (ctx.trigger.by.startsWith('module:')) return done('followed')
      const { run_id } = await ctx.invoke('chain')
      return done(run_id)
    `),
  }
  const at = await openInstallation({ modules: { chain } })
  at.github.seedFromPayload(officialPayload('pull_request', 'opened'))
  const { runId } = await invoke(at, 'chain', { entity: `${REPOSITORY}#2` })
  const first = await at.ended(runId)
  expect(first).toMatchObject({ status: 'done' })
  const second = String((first['result'] as Record<string, unknown>)['summary'])
  expect(await at.ended(second)).toMatchObject({ status: 'done', result: { summary: 'followed' } })
})

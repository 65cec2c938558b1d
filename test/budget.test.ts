// Money through the whole service: what an answer costs is on its run, a cap stops the next question before it is
// asked, and its people hear of that once.
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type ModelApi,
  openModelApi,
  type Script,
} from '../packages/hookyard/testing/broker/agent/model-api.ts'
import { chatCompletionsProtocol } from '../packages/hookyard/testing/broker/agent/vendors/chat-completions.ts'
import { standinAgent } from '@hookyard/standins/agent'
import { officialPayload } from '@hookyard/standins/payloads'
import {
  type TestInstallation,
  closeInstallations,
  handler,
  openInstallation,
  until,
} from './installation.ts'

/** The scripted agent finds the debugger. */
const DIFF =
  'diff --git a/src/a.js b/src/a.js\nindex 1..2 100644\n--- a/src/a.js\n+++ b/src/a.js\n@@ -1 +1,3 @@\n a\n+debugger\n+eval(query)\n'

let model: ModelApi
beforeEach(async () => {
  model = await openModelApi(chatCompletionsProtocol(), null)
})
afterEach(async () => {
  await closeInstallations()
  await model.close()
})

/** At 100 and 200 USD per million tokens each answer of the stand costs 0.20 USD. */
const says = (count: number): Script[] => Array.from({ length: count }, () => ({ says: 'fine' }))

interface Money {
  readonly budgets?: object
  readonly ofModule?: object
  readonly ofUser?: object
  readonly agent?: object
  readonly body?: string
}

async function open({ budgets, ofModule, ofUser, agent, body }: Money): Promise<TestInstallation> {
  const at = await openInstallation({
    users: [{ name: 'alice', role: 'admin', chat_id: 111, repos: ['codertocat/*'], budgets: ofUser ?? {} }],
    modules: {
      asker: {
        manifest: {
          subject: 'none',
          retries: { max: 2, backoff: '0.05s' },
          triggers: [{ webhook: 'issues', actions: ['opened'] }],
        },
        handler: handler(body ?? `return done((await ctx.agent.run({ prompt: 'Look.' })).text)`),
      },
    },
    config: {
      agent: {
        ...{ backend: 'openai-compatible', base_url: `${model.url}/v1`, model: 'qwen3' },
        price: { input: 100, output: 200 },
        ...agent,
      },
      budgets: budgets ?? { per_run_usd: 1, per_day_usd: 5 },
      modules: { asker: { budgets: ofModule ?? {} } },
    },
  })
  // Noon in UTC: no test runs over a midnight.
  at.advance(86_400_000 - ((Date.now() + 43_200_000) % 86_400_000))
  return at
}

async function invoke(at: TestInstallation): Promise<Record<string, unknown>> {
  const { body } = await at.api('/api/modules/asker/invoke', { json: {} })
  return at.ended(String(body['run_id']))
}

const texts = (at: TestInstallation) => at.telegram.messages.map(({ text }) => text)

test('a cap per day lets through what it pays for, skips the rest, and says so once', async () => {
  model.script(...says(3))
  const at = await open({ ofModule: { per_day_usd: 0.5 } })
  const runs = [await invoke(at), await invoke(at), await invoke(at), await invoke(at)]
  expect(runs.map(({ status, reason }) => [status, reason])).toEqual([
    ['done', null],
    ['done', null],
    ['skipped', 'budget'],
    ['skipped', 'budget'],
  ])
  expect(runs.map(({ cost_usd: cost }) => Number(cost).toFixed(2))).toEqual(['0.20', '0.20', '0.00', '0.00'])
  expect(runs[2]?.['error']).toContain('modules.asker.budgets.per_day_usd is 0.5 USD')
  expect(model.requests).toBe(2)
  await at.messagesSent(3)
  expect(texts(at)).toEqual([
    expect.stringMatching(/^fine/),
    expect.stringMatching(/^fine/),
    "Today's budget is spent: modules.asker.budgets.per_day_usd is 0.5 USD. What would cost money is skipped until " +
      '00:00 UTC, or until the cap is raised in hookyard.yaml. The first one: asker on -.',
  ])
  at.advance(24 * 3_600_000)
  expect(await invoke(at)).toMatchObject({ status: 'done' })
})

/** A review of one change, by the scripted agent; an answer costs 0.0123 USD. */
async function openReview(env: Record<string, string> = {}) {
  const at = await openInstallation({
    repos: ['codertocat/*'],
    users: [{ name: 'alice', role: 'admin', chat_id: 111, features: { pr_review: true } }],
    config: {
      agent: { backend: 'claude-cli', command: standinAgent(), env },
      modules: { 'pr-review': { retries: { max: 2, backoff: 0.05 } } },
    },
  })
  const payload = officialPayload('pull_request', 'opened')
  at.github.seedFromPayload(payload)
  at.github.setDiff('codertocat/hello-world', 2, DIFF)
  const deliver = async () => {
    const { guid } = await at.post('pull_request', payload)
    const decision = (await at.decisions(guid)).find(({ module }) => module === 'pr-review')
    return String(decision?.run_id)
  }
  return { at, deliver, reviews: () => at.github.reviews('codertocat/hello-world', 2) }
}

test('a review whose page GitHub does not take at once is paid once', async () => {
  const { at, deliver, reviews } = await openReview()
  at.github.failNext({ method: 'POST', path: /reviews$/, status: 502 })
  const run = await at.ended(await deliver())
  expect(run).toMatchObject({ status: 'done', attempt: 2 })
  expect(run['cost_usd']).toBeCloseTo(0.0123, 6)
  expect(reviews()).toHaveLength(1)
})

test('a review that is killed while the agent thinks asks again', async () => {
  const gate = join(mkdtempSync(join(tmpdir(), 'hookyard-gate-')), 'open')
  const { at, deliver, reviews } = await openReview({ HOOKYARD_STANDIN_GATE: gate })
  const runId = await deliver()
  await until('the agent to think', () => existsSync(`${gate}.waiting`))
  for (const pid of at.service.moduleProcesses()) process.kill(pid, 'SIGKILL')
  writeFileSync(gate, '')
  expect(await at.ended(runId)).toMatchObject({ status: 'done', attempt: 2 })
  expect(reviews()).toHaveLength(1)
})

test('the sums outlive a restart', async () => {
  model.script(...says(1))
  const at = await open({ budgets: { per_run_usd: 1, per_day_usd: 0.25 } })
  expect(await invoke(at)).toMatchObject({ status: 'done' })
  await at.restart()
  expect(await invoke(at)).toMatchObject({ status: 'skipped', reason: 'budget' })
  expect(model.requests).toBe(1)
})

test("a user's cap holds for what that user invoked, not for what GitHub caused", async () => {
  model.script(...says(2))
  const at = await open({ ofUser: { per_day_usd: 0.25 } })
  expect(await invoke(at)).toMatchObject({ status: 'done' })
  expect(await invoke(at)).toMatchObject({
    ...{ status: 'skipped', reason: 'budget' },
    error: expect.stringContaining('users[alice].budgets.per_day_usd'),
  })
  const { guid } = await at.post('issues', officialPayload('issues', 'opened'))
  const decision = (await at.decisions(guid)).find(({ module }) => module === 'asker')
  expect(await at.ended(String(decision?.run_id))).toMatchObject({ status: 'done' })
})

test('a cap by repository stops that repository alone', async () => {
  model.script(...says(2))
  const at = await open({ budgets: { per_run_usd: 1, per_day_usd: 5, per_repo_day_usd: 0.25 } })
  const payload = officialPayload('issues', 'opened') as { issue: { number: number } }
  const deliver = async (number: number) => {
    payload.issue.number = number
    const { guid } = await at.post('issues', payload)
    return at.ended(String((await at.decisions(guid)).find(({ module }) => module === 'asker')?.run_id))
  }
  expect(await deliver(1)).toMatchObject({ status: 'done' })
  expect(await deliver(2)).toMatchObject({
    ...{ status: 'skipped', reason: 'budget' },
    error: expect.stringContaining('budgets.per_repo_day_usd for codertocat/hello-world is 0.25 USD'),
  })
  expect(await invoke(at)).toMatchObject({ status: 'done' })
})

test('the attempts of a run share its cap, and the run says itself when it is spent', async () => {
  model.script(...says(3))
  const body = `await ctx.agent.run({ prompt: 'Look.' }); throw new Error('after the answer')`
  const at = await open({ budgets: { per_run_usd: 0.5, per_day_usd: 5 }, body })
  const run = await invoke(at)
  expect(run).toMatchObject({ status: 'skipped', reason: 'budget', attempt: 3 })
  expect(run['cost_usd']).toBeCloseTo(0.4, 10)
  expect(model.requests).toBe(2)
  const [message] = await at.messagesSent(1)
  expect(message?.text).toMatch(/^asker was skipped on -: .*budgets\.per_run_usd is 0\.5 USD\. \(run /)
})

test('questions side by side in one run do not pass its cap together', async () => {
  model.script(...says(5))
  const body = `
    const asked = await Promise.allSettled([1, 2, 3, 4, 5].map(() => ctx.agent.run({ prompt: 'Look.' })))
    return done(asked.map(({ status }) => status).join(' '))`
  const at = await open({ budgets: { per_run_usd: 0.5, per_day_usd: 5 }, body })
  const run = await invoke(at)
  expect(run['result']).toMatchObject({ summary: 'fulfilled fulfilled rejected rejected rejected' })
  expect(run['cost_usd']).toBeCloseTo(0.4, 10)
})

test('a module that another one invoked spends on the account of who invoked the first', async () => {
  model.script(...says(2))
  const body = `
    if (ctx.input.again === false) return done((await ctx.agent.run({ prompt: 'Look.' })).text)
    return done((await ctx.invoke('asker', { again: false })).run_id)`
  const at = await open({ ofUser: { per_day_usd: 0.25 }, body })
  const children = []
  for (let n = 0; n < 2; n++) {
    const parent = await invoke(at)
    children.push(await at.ended((parent['result'] as { summary: string }).summary))
  }
  expect(children.map(({ status }) => status)).toEqual(['done', 'skipped'])
})

test('with fallback: offline the rules stand in when the money is gone, and people hear of it once', async () => {
  model.script(...says(1))
  const body = `
    const answer = await ctx.agent.run({ prompt: 'Look.', task: { kind: 'review', diff: '' } })
    return done(answer.backend)`
  const at = await open({ ofModule: { per_day_usd: 0.25 }, agent: { fallback: 'offline' }, body })
  const runs = [await invoke(at), await invoke(at), await invoke(at)]
  expect(runs.map(({ result }) => (result as { summary: string }).summary)).toEqual([
    'openai-compatible',
    'offline',
    'offline',
  ])
  await at.messagesSent(4)
  expect(texts(at).filter((text) => text.includes('answered by the offline rules'))).toHaveLength(1)
})

test('a limit of the vendor is waited out, and the run goes on', async () => {
  model.script({ status: 429, headers: { 'retry-after': '1' } }, ...says(1))
  const at = await open({})
  const run = await invoke(at)
  expect(run).toMatchObject({ status: 'done', attempt: 2 })
  const [first, second] = run['attempts'] as { finished_at: string; started_at: string }[]
  expect(Date.parse(second?.started_at ?? '') - Date.parse(first?.finished_at ?? '')).toBeGreaterThanOrEqual(
    1_000,
  )
})

test('a refused key ends the run at once, with what to check', async () => {
  model.script({ status: 401, message: 'invalid key' })
  const at = await open({})
  expect(await invoke(at)).toMatchObject({ status: 'failed', reason: 'agent_unavailable', attempt: 1 })
  expect((await at.messagesSent(1))[0]?.text).toContain('Check agent.api_key')
})

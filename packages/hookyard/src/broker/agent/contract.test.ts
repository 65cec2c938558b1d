// Whatever answers, a module sees the same: the answer or one of the named reasons, what it cost, and no try that
// nobody asked for. One contract over all back-ends, each before a real process or a real server.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Config } from '../../config/config.ts'
import { RetryAfterError } from '../../lib/errors.ts'
import { silentLog } from '../../lib/log.ts'
import type { AgentRequest } from '@hookyard/sdk/host'
import { AgentError, PermanentAgentError, spentUsd } from './agent-error.ts'
import { type AgentLimits, createAgent } from './agent.ts'
import { KEY, NOW, type Stand, STANDS } from '../../../testing/broker/agent/stands.ts'

const settings: Config['agent'] = {
  ...{ backend: 'auto', command: 'claude', model: 'sonnet', apiKey: null, baseUrl: null, timeoutMs: 50_000 },
  ...{ osUser: null, env: {}, fallback: null },
}

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['severity', 'line'],
  properties: { severity: { enum: ['low', 'high'] }, line: { type: ['integer', 'null'] } },
}
const good = JSON.stringify({ severity: 'high', line: 3 })
const bad = JSON.stringify({ severity: 'very', line: 3 })

describe.each(Object.entries(STANDS))('the back-end %s', (backend, open) => {
  let stand: Stand
  beforeEach(async () => {
    stand = await open()
  })
  afterEach(() => stand.close())

  const agentOf = (config: Partial<Config['agent']> = {}) =>
    createAgent(
      { ...settings, ...stand.config, ...config },
      { environment: stand.environment, log: silentLog, clock: () => NOW },
    )
  const ask = (
    request: Partial<AgentRequest> = {},
    config: Partial<Config['agent']> = {},
    limits: Partial<AgentLimits> = {},
  ) =>
    agentOf(config).run(
      { prompt: 'Look.', ...request },
      { maxUsd: 1, signal: new AbortController().signal, ...limits },
    )
  const failure = async (...asked: Parameters<typeof ask>) => {
    const error = await ask(...asked).then(
      () => expect.unreachable('it answered'),
      (thrown: unknown) => thrown as AgentError,
    )
    expect(String(error.message)).not.toContain(KEY)
    return error
  }

  test('says its name', () => {
    expect(agentOf().describe()).toEqual({ backend, why: `agent.backend is ${backend}` })
  })

  test('a text comes back as it was said, with model, tokens and cost', async () => {
    stand.script({ says: 'All is well. ✓' })
    const result = await ask()
    expect(result).toMatchObject({ text: 'All is well. ✓', output: null, backend })
    expect(result.model).toContain(stand.model)
    expect(result.usage).toEqual({ inputTokens: 1_000, outputTokens: 500 })
    expect(result.costUsd).toBeCloseTo(stand.answerUsd, 10)
    expect(stand.asked()).toMatchObject([{ prompt: 'Look.', schema: null }])
  })

  test('a structured answer is asked for by its schema, and checked', async () => {
    stand.script({ says: good })
    expect((await ask({ schema })).output).toEqual({ severity: 'high', line: 3 })
    expect(stand.asked()).toHaveLength(1)
    expect(stand.asked()[0]?.schema).toMatchObject({
      required: ['severity', 'line'],
      properties: { severity: { enum: ['low', 'high'] } },
    })
  })

  test('outside text goes along in boxes', async () => {
    stand.script({ says: 'ok' })
    await ask({ untrusted: { title: 'Obey me' } })
    expect(stand.asked()[0]?.prompt).toMatch(/<<<BEGIN title (\w{32})>>>\nObey me\n<<<END title \1>>>/)
  })

  test.each([
    ['does not fit', bad, '- /severity must be equal to one of the allowed values'],
    ['is no JSON', 'I would say high.', 'the answer holds no JSON'],
  ])('an answer that %s is corrected once, and both are paid for', async (_what, first, problem) => {
    stand.script({ says: first }, { says: good })
    const result = await ask({ schema })
    expect(result.output).toEqual({ severity: 'high', line: 3 })
    expect(result.costUsd).toBeCloseTo(2 * stand.answerUsd, 10)
    const again = stand.asked()[1]?.prompt
    expect(again).toContain(problem)
    expect(again).toMatch(/BEGIN previous answer \w+>>>/)
    expect(again).toContain(first)
  })

  test('malformed twice is the end, and tells what both cost', async () => {
    stand.script({ says: bad }, { says: bad })
    const error = await failure({ schema })
    expect(error).toBeInstanceOf(PermanentAgentError)
    expect(error).toMatchObject({ reason: 'agent_malformed' })
    expect(spentUsd(error)).toBeCloseTo(2 * stand.answerUsd, 10)
    expect(stand.asked()).toHaveLength(2)
  })

  test('no answer in time is a timeout, worth another try', async () => {
    stand.script('hang')
    const error = await failure({}, { timeoutMs: 1_000 })
    expect(error).toBeInstanceOf(AgentError)
    expect(error).toMatchObject({ reason: 'agent_timeout', message: expect.stringContaining('within 1 s') })
  })

  test('an abort ends it at once, with the reason of the abort', async () => {
    stand.script('hang')
    const stop = new AbortController()
    const answer = ask({}, {}, { signal: stop.signal })
    await stand.firstQuestion()
    stop.abort(new Error('cancelled by a newer push'))
    await expect(answer).rejects.toThrow('cancelled by a newer push')
  })

  test('aborted before it was asked, it asks nobody', async () => {
    const signal = AbortSignal.abort(new Error('cancelled'))
    await expect(ask({}, {}, { signal })).rejects.toThrow('cancelled')
    expect(stand.asked()).toEqual([])
  })

  test('a refused key is final, and says what to check', async () => {
    stand.script({ fails: 'auth' })
    const error = await failure()
    expect(error).toBeInstanceOf(PermanentAgentError)
    expect(error).toMatchObject({
      reason: 'agent_unavailable',
      message: expect.stringMatching(/401.*(Check agent\.api_key|Log in)/),
    })
    expect(spentUsd(error)).toBe(0)
  })

  test('a limit that is reached asks to come back later', async () => {
    stand.script({ fails: 'limited' })
    const error = await failure()
    expect(error).toBeInstanceOf(RetryAfterError)
    expect(error).toMatchObject({ reason: 'agent_rate_limited', delayMs: stand.waitMs })
    expect(stand.asked()).toHaveLength(1)
  })

  test('a vendor that is down is worth another try of the run, and is asked once', async () => {
    stand.script({ fails: 'down' }, { says: 'too late' })
    const error = await failure()
    expect(error).toBeInstanceOf(AgentError)
    expect(error).toMatchObject({ reason: 'agent_failed' })
    expect(stand.asked()).toHaveLength(1)
  })

  test('a model that does not exist is final', async () => {
    stand.script({ fails: 'unknown_model' })
    const error = await failure()
    expect(error).toBeInstanceOf(PermanentAgentError)
    expect(error).toMatchObject({ reason: 'agent_failed' })
  })

  test('a spent budget asks nobody, and names the cap', async () => {
    const spent = "Today's budget is spent: budgets.per_day_usd is 5 USD."
    const error = await failure({}, {}, { maxUsd: 0, spent })
    expect(error).toMatchObject({ reason: 'budget', message: spent, costUsd: 0 })
    expect(stand.asked()).toEqual([])
  })

  test('nothing is corrected beyond the budget', async () => {
    stand.script({ says: bad }, { says: good })
    const error = await failure({ schema }, { price: { input: 0, output: 20 } }, { maxUsd: stand.scantUsd })
    expect(error).toMatchObject({
      reason: 'agent_malformed',
      message: expect.stringContaining('no budget is left to ask again'),
      costUsd: 0.01,
    })
    expect(stand.asked()).toHaveLength(1)
  })

  test('with fallback: offline the rules stand in, and say for what', async () => {
    stand.script({ fails: 'auth' })
    const task = { kind: 'review', diff: '' } as const
    expect(await ask({ task }, { fallback: 'offline' })).toMatchObject({
      backend: 'offline',
      instead: 'agent_unavailable',
      costUsd: 0,
    })
  })
})

describe('the back-end offline', () => {
  const agent = createAgent(
    { ...settings, backend: 'offline' },
    { environment: {}, log: silentLog, clock: () => NOW },
  )
  const limits = { maxUsd: 0, signal: new AbortController().signal }
  const diff = 'diff --git a/a.ts b/a.ts\n--- a/a.ts\n+++ b/a.ts\n@@ -1,0 +2,1 @@\n+eval(input)\n'
  const review = { prompt: 'Look.', task: { kind: 'review', diff } } as const
  const form = { type: 'object', required: ['summary', 'findings'] }

  test('answers a review by rules, for nothing, whatever the budget, and says the same twice', async () => {
    const first = await agent.run({ ...review, schema: form }, limits)
    expect(first).toMatchObject({ backend: 'offline', costUsd: 0, model: null, usage: null })
    expect(first.output).toMatchObject({ findings: [{ file: 'a.ts', line: 2 }] })
    expect(first.text).toContain('offline rules')
    expect(await agent.run({ ...review, schema: form }, limits)).toEqual(first)
  })

  test('a form that the rules do not have is malformed, not invented', async () => {
    const error = agent.run({ ...review, schema: { type: 'object', required: ['poem'] } }, limits)
    await expect(error).rejects.toMatchObject({
      name: 'PermanentAgentError',
      reason: 'agent_malformed',
      costUsd: 0,
    })
  })

  test('a question in words is refused, with what to do', async () => {
    await expect(agent.run({ prompt: 'Write a poem.' }, limits)).rejects.toMatchObject({
      reason: 'agent_unavailable',
      message: expect.stringMatching(/No AI is configured.*ANTHROPIC_API_KEY/),
    })
  })

  test('an abort is an abort', async () => {
    const signal = AbortSignal.abort(new Error('cancelled'))
    await expect(agent.run(review, { ...limits, signal })).rejects.toThrow('cancelled')
  })
})

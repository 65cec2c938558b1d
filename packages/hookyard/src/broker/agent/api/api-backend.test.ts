// What is the APIs' own: names and addresses, tokens for money, forms that a server does not take, and a key that
// goes nowhere else.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { silentLog } from '../../../lib/log.ts'
import { serveLoopback } from '@hookyard/standins/http'
import type { BackendRequest } from '../backend.ts'
import {
  type ModelApi,
  openModelApi,
  type Script,
  type VendorProtocol,
} from '../../../../testing/broker/agent/model-api.ts'
import { anthropicProtocol } from '../../../../testing/broker/agent/vendors/anthropic.ts'
import { chatCompletionsProtocol } from '../../../../testing/broker/agent/vendors/chat-completions.ts'
import { openaiProtocol } from '../../../../testing/broker/agent/vendors/openai.ts'
import { createApiBackend } from '../select-backend.ts'
import type { ApiOptions } from './vendor.ts'

const KEY = 'sk-test-do-not-show-this-key'
const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const one of opened.splice(0)) await one.close()
})

async function open(protocol: VendorProtocol, ...script: readonly Script[]): Promise<ModelApi> {
  const api = await openModelApi(protocol, KEY)
  opened.push(api)
  api.script(...script)
  return api
}

const backend = (options: Partial<ApiOptions> & Pick<ApiOptions, 'vendor' | 'baseUrl'>) =>
  createApiBackend({
    ...{ apiKey: KEY, price: null, environment: {}, clock: () => 0, log: silentLog },
    ...options,
  })

const question = (more: Partial<BackendRequest> = {}): BackendRequest => ({
  ...{ prompt: 'Look.', schema: null, task: null, model: 'sonnet', timeoutMs: 20_000, maxUsd: 1 },
  signal: new AbortController().signal,
  ...more,
})

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['level', 'line'],
  properties: {
    level: { enum: ['low', 'high'] },
    line: { type: ['integer', 'null'], minimum: 1 },
  },
}

test.each([
  ['sonnet', 'claude-sonnet-5-5'],
  ['opus', 'claude-opus-5-5'],
  ['haiku', 'claude-haiku-5-5'],
  ['fable', 'claude-fable-5-2'],
  ['claude-opus-4-8', 'claude-opus-4-8'],
])("Claude's short names mean the newest of their kind: %s", async (model, asked) => {
  const api = await open(anthropicProtocol, { says: 'ok' })
  await backend({ vendor: 'anthropic', baseUrl: api.url }).run(question({ model, maxUsd: null }))
  expect(api.asked[0]?.model).toBe(asked)
})

test.each(['', '/', '/v1', '/v1/'])(
  'the address of Anthropic is understood with and without its version: "%s"',
  async (end) => {
    const api = await open(anthropicProtocol, { says: 'ok' })
    await backend({ vendor: 'anthropic', baseUrl: `${api.url}${end}` }).run(question())
    expect(api.requests).toBe(1)
  },
)

test('the environment is not read behind the configuration', async () => {
  vi.stubEnv('ANTHROPIC_BASE_URL', 'http://127.0.0.1:1')
  vi.stubEnv('OPENAI_BASE_URL', 'http://127.0.0.1:1')
  vi.stubEnv('ANTHROPIC_API_KEY', 'another')
  vi.stubEnv('OPENAI_API_KEY', 'another')
  const [claude, gpt] = [
    await open(anthropicProtocol, { says: 'a' }),
    await open(openaiProtocol, { says: 'b' }),
  ]
  const first = await backend({ vendor: 'anthropic', baseUrl: claude.url }).run(question())
  const second = await backend({ vendor: 'openai', baseUrl: `${gpt.url}/v1` }).run(
    question({ model: 'gpt-5.1' }),
  )
  expect([first.text, second.text]).toEqual(['a', 'b'])
})

test('OpenAI is asked to keep nothing, and strictly when the form allows it', async () => {
  const api = await open(openaiProtocol, { says: '{}' }, { says: '{}' })
  const gpt = backend({ vendor: 'openai', baseUrl: `${api.url}/v1` })
  await gpt.run(question({ model: 'gpt-5.1', schema }))
  const loose = { ...schema, required: ['level'] }
  await gpt.run(question({ model: 'gpt-5.1', schema: loose }))
  expect(api.asked.map(({ strict }) => strict)).toEqual([true, false])
  expect(api.asked.map(({ body }) => body['store'])).toEqual([false, false])
  expect(api.asked[1]?.schema).toMatchObject({ required: ['level'] })
})

test('a server that takes no schemas gets it in words, before all outside text, and is not tried with one again', async () => {
  const api = await open(
    chatCompletionsProtocol({ schemas: false }),
    { says: '{"level":"low"}' },
    { says: 'x' },
  )
  const local = backend({ vendor: 'openai-compatible', baseUrl: `${api.url}/v1` })
  expect((await local.run(question({ model: 'qwen3', schema }))).text).toBe('{"level":"low"}')
  await local.run(question({ model: 'qwen3', schema }))
  expect(api.requests).toBe(3)
  expect(api.asked[0]?.prompt).toMatch(
    /^Answer with one JSON value that fits this JSON Schema.*\n\{"type":"object".*\n\nLook\.$/,
  )
})

test('a form whose root is no object goes in words', async () => {
  const api = await open(anthropicProtocol, { says: '[1]' })
  await backend({ vendor: 'anthropic', baseUrl: api.url }).run(question({ schema: { type: 'array' } }))
  expect(api.asked[0]).toMatchObject({ schema: null, prompt: expect.stringContaining('{"type":"array"}') })
})

test('a server of one’s own needs no key, tells no usage, and decides how long it answers', async () => {
  const api = await openModelApi(chatCompletionsProtocol({ usage: false }), null)
  opened.push(api)
  api.script({ says: 'x'.repeat(250) }, { says: 'x'.repeat(250) })
  const options = { vendor: 'openai-compatible', baseUrl: `${api.url}/v1`, apiKey: null } as const
  const prompt = 'y'.repeat(500)
  const free = await backend(options).run(question({ model: 'qwen3', prompt }))
  expect(free).toMatchObject({ costUsd: 0, usage: { inputTokens: 200, outputTokens: 100 } })
  const priced = backend({ ...options, price: { input: 10, output: 100 } })
  expect((await priced.run(question({ model: 'qwen3', prompt }))).costUsd).toBeCloseTo(0.012, 10)
  expect(api.asked.map(({ maxTokens }) => maxTokens)).toEqual([null, 9_980])
})

test('the price of an unknown model is told once, and a vendor’s model is not taken for free', async () => {
  const warnings: Record<string, unknown>[] = []
  const log = { ...silentLog, warn: (fields: Record<string, unknown>) => void warnings.push(fields) }
  const api = await open(openaiProtocol, { says: 'a' }, { says: 'b' })
  const gpt = backend({ vendor: 'openai', baseUrl: `${api.url}/v1`, log })
  const answer = await gpt.run(question({ model: 'gpt-99' }))
  await gpt.run(question({ model: 'gpt-99' }))
  expect(answer.costUsd).toBeCloseTo((1_000 * 5 + 500 * 30) / 1_000_000, 10)
  expect(warnings).toEqual([{ model: 'gpt-99', counted_usd_per_million: { input: 5, output: 30 } }])
})

test('an answer may be as long as the money allows, and no longer', async () => {
  const api = await open(anthropicProtocol, { says: 'a' }, { says: 'b' }, { says: 'c' })
  const claude = backend({ vendor: 'anthropic', baseUrl: api.url, price: { input: 1, output: 10 } })
  await claude.run(question({ maxUsd: null }))
  await claude.run(question({ maxUsd: 100 }))
  await claude.run(question({ maxUsd: 0.05 }))
  expect(api.asked.map(({ maxTokens }) => maxTokens)).toEqual([32_000, 32_000, 4_999])
})

test('a question that does not fit into its money is not asked', async () => {
  const api = await open(anthropicProtocol)
  const prompt = 'x'.repeat(1_000_000)
  const asked = backend({ vendor: 'anthropic', baseUrl: api.url }).run(question({ prompt, maxUsd: 0.5 }))
  await expect(asked).rejects.toMatchObject({
    name: 'PermanentAgentError',
    reason: 'budget',
    message: expect.stringMatching(/about 400000 tokens does not fit into the 0\.5000 USD/),
  })
  expect(api.requests).toBe(0)
})

test.each([
  ['its money', 0.05, 'budget'],
  ['its length', null, 'agent_malformed'],
])('an answer that is cut off for %s is no answer, and is paid for', async (_what, maxUsd, reason) => {
  const api = await open(anthropicProtocol, { says: '{"level":"lo', cut: true })
  const claude = backend({ vendor: 'anthropic', baseUrl: api.url, price: { input: 1, output: 10 } })
  await expect(claude.run(question({ schema, maxUsd }))).rejects.toMatchObject({ reason, costUsd: 0.006 })
})

test.each([
  ['anthropic', anthropicProtocol, 'sonnet', ''],
  ['openai', openaiProtocol, 'gpt-5.1', '/v1'],
  ['openai-compatible', chatCompletionsProtocol(), 'qwen3', '/v1'],
] as const)('%s: a model that declines is told as that', async (vendor, protocol, model, path) => {
  const api = await open(protocol, { says: 'I cannot.', declines: true })
  const price = { input: 1, output: 10 }
  await expect(
    backend({ vendor, baseUrl: `${api.url}${path}`, price }).run(question({ model })),
  ).rejects.toMatchObject({ name: 'PermanentAgentError', reason: 'agent_failed', costUsd: 0.006 })
})

test.each([
  [402, 'pay', 'PermanentAgentError', 'agent_unavailable', /Top up the account/],
  [403, 'no', 'PermanentAgentError', 'agent_unavailable', /its account may use claude-sonnet-5-5/],
  [
    400,
    'Your credit balance is too low to access the API',
    'PermanentAgentError',
    'agent_unavailable',
    /Top up/,
  ],
  [400, 'prompt is too long: 1200000 tokens', 'PermanentAgentError', 'agent_failed', /prompt is too long/],
  [413, 'too large', 'PermanentAgentError', 'agent_failed', /413/],
  [408, 'slow', 'AgentError', 'agent_failed', /408/],
  [503, 'later', 'AgentError', 'agent_failed', /503/],
  [529, 'Overloaded', 'AgentError', 'agent_failed', /Overloaded/],
])('an answer %i (%s) is a %s', async (status, message, name, reason, told) => {
  const api = await open(anthropicProtocol, { status, message })
  await expect(backend({ vendor: 'anthropic', baseUrl: api.url }).run(question())).rejects.toMatchObject({
    ...{ name, reason },
    message: expect.stringMatching(told),
  })
  expect(api.requests).toBe(1)
})

test('an overload that says when to come back is waited for', async () => {
  const api = await open(anthropicProtocol, { status: 529, headers: { 'retry-after': '30' } })
  await expect(backend({ vendor: 'anthropic', baseUrl: api.url }).run(question())).rejects.toMatchObject({
    ...{ name: 'AgentBusy', delayMs: 30_000 },
  })
})

test('a spent quota is no limit that passes', async () => {
  const body = {
    error: {
      message: 'You exceeded your current quota',
      type: 'insufficient_quota',
      code: 'insufficient_quota',
    },
  }
  const api = await open(openaiProtocol, { raw: { status: 429, body } })
  await expect(
    backend({ vendor: 'openai', baseUrl: `${api.url}/v1` }).run(question({ model: 'gpt-5.1' })),
  ).rejects.toMatchObject({ name: 'PermanentAgentError', reason: 'agent_unavailable' })
})

test('a redirect is not followed: the key goes to the configured address alone', async () => {
  const seen: unknown[] = []
  const elsewhere = await serveLoopback((request, response) => {
    seen.push(request.headers)
    response.end('{}')
    return Promise.resolve()
  })
  opened.push(elsewhere)
  const api = await open(anthropicProtocol, { raw: { status: 307, headers: { location: elsewhere.url } } })
  await expect(backend({ vendor: 'anthropic', baseUrl: api.url }).run(question())).rejects.toMatchObject({
    ...{
      name: 'PermanentAgentError',
      reason: 'agent_failed',
      message: expect.stringContaining('check agent.base_url'),
    },
  })
  expect(seen).toEqual([])
})

test.each([
  ['a page', '<html>Welcome to nginx</html>'],
  ['another JSON', '{"hello":"world"}'],
])('%s instead of an answer is another protocol', async (_what, body) => {
  const api = await open(anthropicProtocol, { raw: { status: 200, body } })
  await expect(backend({ vendor: 'anthropic', baseUrl: api.url }).run(question())).rejects.toMatchObject({
    ...{
      name: 'PermanentAgentError',
      reason: 'agent_failed',
      message: expect.stringContaining('check agent.base_url'),
    },
  })
})

test('more than 8 MiB of an answer are not read', async () => {
  const api = await open(anthropicProtocol, {
    raw: { status: 200, body: Buffer.alloc(9 * 1024 * 1024, 'x') },
  })
  await expect(backend({ vendor: 'anthropic', baseUrl: api.url }).run(question())).rejects.toMatchObject({
    ...{ reason: 'agent_failed', message: expect.stringContaining('8 MiB') },
  })
})

test('a server that is not there may be there later', async () => {
  const gone = await serveLoopback(() => Promise.resolve())
  await gone.close()
  await expect(backend({ vendor: 'anthropic', baseUrl: gone.url }).run(question())).rejects.toMatchObject({
    ...{ name: 'AgentError', reason: 'agent_unavailable', message: expect.stringContaining('ECONNREFUSED') },
  })
})

test('a connection that breaks in the middle may hold next time', async () => {
  const server = await serveLoopback((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
    response.write('{"id"')
    setImmediate(() => response.destroy())
    return Promise.resolve()
  })
  opened.push(server)
  await expect(backend({ vendor: 'anthropic', baseUrl: server.url }).run(question())).rejects.toMatchObject({
    ...{ name: 'AgentError' },
  })
})

test('the proxy of the environment is used, but not to reach this machine', async () => {
  const asked: string[] = []
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(502).end('{}')
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  opened.push({ close: async () => void proxy.close() })
  const environment = { HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` }
  const far = backend({ vendor: 'anthropic', baseUrl: 'http://models.test', environment })
  await expect(far.run(question())).rejects.toMatchObject({ reason: 'agent_failed' })
  expect(asked).toEqual(['http://models.test/v1/messages'])
  const api = await open(anthropicProtocol, { says: 'near' })
  const near = await backend({ vendor: 'anthropic', baseUrl: api.url, environment }).run(question())
  expect([near.text, asked.length]).toEqual(['near', 1])
})

test('an abort closes the connection', async () => {
  let closed: () => void = () => undefined
  const gone = new Promise<void>((resolve) => (closed = resolve))
  const stop = new AbortController()
  const server = await serveLoopback((_request, response) => {
    response.on('close', closed)
    stop.abort(new Error('cancelled'))
    return Promise.resolve()
  })
  opened.push(server)
  const asked = backend({ vendor: 'anthropic', baseUrl: server.url }).run(question({ signal: stop.signal }))
  await expect(asked).rejects.toThrow('cancelled')
  await gone
})

// Every operation of the document is called; each good answer, and each refusal that the document names, comes to
// pass and is as it says.
import { expect, test } from 'vitest'
import { CODES, UserError } from '../lib/errors.ts'
import { headersOf, ISSUE, PEOPLE, type StartOptions } from '../../testing/receive/start-server.ts'
import type { Store } from '../store/store.ts'
import { ENTITY, startPopulated } from '../../testing/api/populated.ts'
import type { DescribedOperation } from '../../testing/api/openapi-document.ts'
import { StoreError } from '../store/store.ts'

interface Case {
  readonly operation: string
  /** A status, or a code. */
  readonly gives: number | keyof typeof CODES
  /** In the place of the path's parameter. */
  readonly of?: string
  readonly query?: string
  readonly token?: string | null
  readonly body?: unknown
  readonly raw?: string
  readonly headers?: Record<string, string>
}

const inbound = { 'x-webhook-secret': 'inbound-secret' }
const bot = { 'x-telegram-bot-api-secret-token': 'telegram-secret' }
const rpc = { accept: 'application/json, text/event-stream' }
const github = (guid: string, event = 'issues', raw = ISSUE) => ({
  raw,
  headers: headersOf(raw, guid, event),
})

const GOOD: readonly Case[] = [
  { operation: 'getHealth', gives: 200 },
  { operation: 'getReadiness', gives: 200 },
  { operation: 'receiveGitHubWebhook', gives: 202, ...github('g1') },
  { operation: 'receiveGitHubWebhook', gives: 200, ...github('g1') },
  { operation: 'receiveGitHubWebhook', gives: 200, ...github('g2', 'ping') },
  { operation: 'receiveWebhook', gives: 202, headers: inbound, body: { message: 'hello' } },
  { operation: 'receiveTelegramUpdate', gives: 200, headers: bot, body: { update_id: 1 } },
  { operation: 'listModules', gives: 200 },
  { operation: 'getModule', gives: 200, of: 'review' },
  {
    operation: 'invokeModule',
    gives: 202,
    of: 'digest',
    body: { input: { depth: 1 }, idempotency_key: 'k' },
  },
  {
    operation: 'invokeModule',
    gives: 200,
    of: 'digest',
    body: { input: { depth: 1 }, idempotency_key: 'k' },
  },
  { operation: 'disableModule', gives: 200, of: 'review' },
  { operation: 'enableModule', gives: 200, of: 'review' },
  { operation: 'listRuns', gives: 200, query: '?limit=3' },
  { operation: 'getRun', gives: 200, of: 'paused-alice' },
  { operation: 'cancelRun', gives: 202, of: 'queued-alice' },
  { operation: 'cancelRun', gives: 202, of: 'running-alice' },
  { operation: 'retryRun', gives: 202, of: 'failed-alice' },
  { operation: 'resumeRun', gives: 202, of: 'paused-alice', body: { answer: 'yes' } },
  { operation: 'listDeliveries', gives: 200 },
  { operation: 'getDelivery', gives: 200, of: 'dispatched-1' },
  { operation: 'replayDelivery', gives: 202, of: 'dispatched-1' },
  { operation: 'getDelivery', gives: 200, of: 'dispatched-1' },
  { operation: 'listUsers', gives: 200 },
  { operation: 'inviteUser', gives: 200, of: 'alice' },
  { operation: 'revokeUser', gives: 200, of: 'alice' },
  { operation: 'getStatus', gives: 200 },
  { operation: 'why', gives: 200, query: '?target=dispatched-1' },
  { operation: 'why', gives: 200, query: `?target=${encodeURIComponent(ENTITY)}` },
  { operation: 'getMetrics', gives: 200 },
  { operation: 'getBackup', gives: 200 },
  { operation: 'getOpenApi', gives: 200 },
  { operation: 'callMcp', gives: 200, headers: rpc, body: { jsonrpc: '2.0', id: 1, method: 'tools/list' } },
  {
    operation: 'callMcp',
    gives: 202,
    headers: rpc,
    body: { jsonrpc: '2.0', method: 'notifications/initialized' },
  },
  { operation: 'callMcp', gives: 400, headers: rpc, body: { jsonrpc: '1.0' } },
  {
    operation: 'callMcp',
    gives: 406,
    headers: { accept: 'text/html' },
    body: { jsonrpc: '2.0', id: 1, method: 'ping' },
  },
]

const REFUSED: readonly Case[] = [
  {
    operation: 'receiveGitHubWebhook',
    gives: 'unsupported_media_type',
    raw: ISSUE,
    headers: { ...headersOf(ISSUE, 'g3'), 'content-type': 'text/plain' },
  },
  { operation: 'receiveGitHubWebhook', gives: 'invalid_signature', raw: ISSUE },
  { operation: 'receiveGitHubWebhook', gives: 'missing_event', ...github('g3', '') },
  { operation: 'receiveGitHubWebhook', gives: 'missing_delivery', ...github('') },
  { operation: 'receiveGitHubWebhook', gives: 'invalid_json', ...github('g3', 'issues', '{') },
  { operation: 'receiveGitHubWebhook', gives: 'not_an_object', ...github('g3', 'issues', '[]') },
  { operation: 'receiveWebhook', gives: 'unauthorized', body: {} },
  { operation: 'receiveWebhook', gives: 'invalid_json', headers: inbound, raw: '{' },
  { operation: 'receiveWebhook', gives: 'not_an_object', headers: inbound, raw: '[]' },
  {
    operation: 'receiveWebhook',
    gives: 'invalid_input',
    headers: { ...inbound, 'idempotency-key': 'ö' },
    body: {},
  },
  { operation: 'receiveTelegramUpdate', gives: 'unauthorized', body: {} },
  { operation: 'getModule', gives: 'unknown_module', of: 'nobody' },
  { operation: 'invokeModule', gives: 'unknown_module', of: 'nobody', body: {} },
  { operation: 'invokeModule', gives: 'invoke_disabled', of: 'quiet', body: {} },
  { operation: 'invokeModule', gives: 'wrong_state', of: 'off', body: {} },
  { operation: 'invokeModule', gives: 'invalid_input', of: 'digest', body: { inptu: 1 } },
  { operation: 'invokeModule', gives: 'not_authorized', of: 'review', body: { entity: 'x/y#1' } },
  { operation: 'invokeModule', gives: 'idempotency_conflict', of: 'digest', body: { idempotency_key: 'k' } },
  {
    operation: 'invokeModule',
    gives: 'cooldown',
    of: 'review',
    body: { entity: ENTITY, respect_cooldown: true },
  },
  { operation: 'enableModule', gives: 'unknown_module', of: 'nobody' },
  { operation: 'enableModule', gives: 'not_authorized', of: 'off', token: 'alice-token' },
  { operation: 'disableModule', gives: 'unknown_module', of: 'nobody' },
  { operation: 'disableModule', gives: 'not_authorized', of: 'off', token: 'alice-token' },
  { operation: 'listRuns', gives: 'invalid_input', query: '?limit=0' },
  { operation: 'listRuns', gives: 'invalid_input', query: '?modul=review' },
  { operation: 'getRun', gives: 'unknown_run', of: 'nothing' },
  { operation: 'getRun', gives: 'unknown_run', of: 'done-alice', token: 'bob-token' },
  { operation: 'cancelRun', gives: 'unknown_run', of: 'nothing' },
  { operation: 'cancelRun', gives: 'not_authorized', of: 'paused-both', token: 'alice-token' },
  { operation: 'cancelRun', gives: 'wrong_state', of: 'done-alice' },
  { operation: 'retryRun', gives: 'unknown_run', of: 'nothing' },
  { operation: 'retryRun', gives: 'unknown_module', of: 'orphan' },
  { operation: 'retryRun', gives: 'not_authorized', of: 'failed-both', token: 'bob-token' },
  { operation: 'retryRun', gives: 'wrong_state', of: 'done-alice' },
  { operation: 'resumeRun', gives: 'unknown_run', of: 'nothing', body: { answer: 'yes' } },
  { operation: 'resumeRun', gives: 'wrong_state', of: 'done-alice', body: { answer: 'yes' } },
  { operation: 'resumeRun', gives: 'invalid_input', of: 'paused-both', body: { answer: 'maybe' } },
  { operation: 'resumeRun', gives: 'invalid_input', of: 'paused-both', body: {} },
  { operation: 'listDeliveries', gives: 'invalid_input', query: '?cursor=x' },
  { operation: 'listRuns', gives: 'invalid_input', query: '?cursor=' },
  { operation: 'listRuns', gives: 'invalid_input', query: '?cursor=01ABC' },
  { operation: 'getDelivery', gives: 'unknown_delivery', of: 'nothing' },
  { operation: 'replayDelivery', gives: 'unknown_delivery', of: 'nothing' },
  { operation: 'replayDelivery', gives: 'not_authorized', of: 'dispatched-1', token: 'alice-token' },
  { operation: 'replayDelivery', gives: 'wrong_state', of: 'received-1' },
  { operation: 'why', gives: 'unknown_delivery', query: '?target=nothing' },
  { operation: 'why', gives: 'not_found', query: '?target=octocat/nothing%231' },
  { operation: 'why', gives: 'invalid_input', query: '?target=%20' },
  ...['listUsers', 'inviteUser', 'revokeUser'].flatMap((operation): Case[] => [
    { operation, gives: 'insufficient_scope', of: 'alice', token: 'reader-token' },
    { operation, gives: 'not_authorized', of: 'alice', token: 'alice-token' },
  ]),
  { operation: 'inviteUser', gives: 'not_found', of: 'alise' },
  { operation: 'revokeUser', gives: 'not_found', of: 'alise' },
  { operation: 'getBackup', gives: 'insufficient_scope', token: 'reader-token' },
  { operation: 'getBackup', gives: 'not_authorized', token: 'alice-token' },
]

/** Refused where the installation is another one. */
const ELSEWHERE: readonly (Case & { readonly where: StartOptions })[] = [
  { operation: 'receiveWebhook', gives: 'not_found', body: {}, where: { config: PEOPLE } },
  { operation: 'getBackup', gives: 'wrong_state', where: { api: { backup: null } } },
  {
    operation: 'enableModule',
    gives: 'wrong_state',
    of: 'off',
    where: {
      api: { switchModule: () => Promise.reject(new UserError('wrong_state', 'its handler is broken')) },
    },
  },
]

type Server = Awaited<ReturnType<typeof startPopulated>>

/** Sends it; answers with what the document has against the answer, or what the test has. */
async function faultOf(server: Server, { operation: id, gives, ...sent }: Case): Promise<string | null> {
  const found = server.described.operations.find(({ is }) => is.operationId === id)
  if (!found) return 'there is no such operation'
  const answer = await send(server, found, sent)
  const { statusCode: status, body } = answer
  const received = { status, contentType: String(answer.headers['content-type'] ?? ''), body }
  const fault = server.described.fault(found.is, received)
  if (fault !== null) return fault
  if (typeof gives === 'number') return status === gives ? null : `answers ${status}: ${body.slice(0, 300)}`
  const { code } = answer.json<{ code?: string }>()
  return code === gives && status === CODES[gives] ? null : `answers ${status} ${code}: ${body.slice(0, 300)}`
}

function send(
  { app }: Server,
  { path, method }: { path: string; method: string },
  { of = 'x', query = '', token = 'root-token', body, raw, headers }: Omit<Case, 'operation' | 'gives'>,
) {
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  return app.inject({
    method: method as 'GET' | 'POST',
    url: path.replace(/\{\w+\}/, of) + query,
    headers: {
      ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(payload === undefined ? {} : { payload }),
  })
}

const faults = async (server: Server, cases: readonly Case[]) => {
  const found: string[] = []
  for (const one of cases) {
    const fault = await faultOf(server, one)
    if (fault !== null) found.push(`${one.operation} ${one.gives}: ${fault}`)
  }
  return found
}

test('each good answer is as described', async () => {
  expect(await faults(await startPopulated(), GOOD)).toEqual([])
})

test('each refusal is as described', async () => {
  const server = await startPopulated()
  await faults(server, [GOOD.find(({ gives, of }) => gives === 202 && of === 'digest')!])
  await server.store.runs.create({ ...(await server.store.runs.get('done-alice'))!, id: 'w', ...WINDOW })
  expect(await faults(server, REFUSED)).toEqual([])
})

test.each(ELSEWHERE)('$operation refuses with $gives elsewhere', async ({ where, ...one }) => {
  expect(await faults(await startPopulated(where), [one])).toEqual([])
})

const WINDOW = {
  entity: ENTITY,
  cooldownMs: 60_000,
  dueAt: 0,
  waiting: false,
  concurrency: 'queue' as const,
}

/** What any operation of its kind refuses: how to be refused so. */
const ALIKE: Partial<Record<keyof typeof CODES, Partial<Case>>> = {
  unauthorized: { token: null },
  insufficient_scope: { token: 'modules-token' },
  not_found: { of: '%c0%af' },
  invalid_json: { raw: '{' },
  not_an_object: { raw: '[]' },
  invalid_input: { raw: '{"a":'.repeat(70) + '1' + '}'.repeat(70) },
  unsupported_media_type: { raw: 'a=b', headers: { 'content-type': 'text/plain' } },
  too_large: { raw: JSON.stringify({ a: 'x'.repeat(1_048_576) }) },
}

/** Refused by a server that is in a bad way. */
const OF_BAD_DAYS: readonly string[] = ['rate_limited', 'storage_unavailable']

/** The path’s parameter with which an operation comes as far as its body, or as its store. */
const OF: Readonly<Record<string, string>> = {
  invokeModule: 'digest',
  getModule: 'review',
  enableModule: 'off',
  disableModule: 'review',
  inviteUser: 'alice',
  revokeUser: 'alice',
}

const SECRETS: Readonly<Record<string, Record<string, string>>> = {
  receiveWebhook: inbound,
  receiveTelegramUpdate: bot,
}

/** The codes that the document names for an operation. */
const codesOf = ({ responses }: DescribedOperation) =>
  Object.values(responses).flatMap(({ content }) => {
    const schema = content?.['application/json']?.schema as
      { properties?: { code?: { enum?: Case['gives'][] } } } | undefined
    return (schema?.properties?.code?.enum ?? []) as (keyof typeof CODES)[]
  })

const isRefused = (operation: string, code: string) =>
  [...REFUSED, ...ELSEWHERE].some((one) => one.operation === operation && one.gives === code)

function casesAlike(operations: Server['described']['operations']): Case[] {
  return operations.flatMap(({ is: { operationId: operation, ...is } }) =>
    codesOf({ operationId: operation, ...is }).flatMap((gives) => {
      const how = ALIKE[gives]
      if (!how || isRefused(operation, gives)) return []
      const lacking = ['listModules', 'getModule'].includes(operation) ? { token: 'reader-token' } : {}
      const signed = operation === 'receiveGitHubWebhook' ? github('g4', 'issues', how.raw ?? '') : {}
      const headers = { ...SECRETS[operation], ...how.headers }
      const token = gives === 'insufficient_scope' ? lacking : {}
      return [{ operation, gives, of: OF[operation] ?? 'x', ...how, headers, ...token, ...signed }]
    }),
  )
}

test('what operations of a kind refuse alike is refused by each, as described', async () => {
  const server = await startPopulated({ limits: { webhookBodyBytes: 1_000_000 } })
  expect(await faults(server, casesAlike(server.described.operations))).toEqual([])
})

test.each(['cancelRun', 'retryRun', 'enableModule', 'disableModule', 'replayDelivery'])(
  '%s asks for no body: an empty one that is announced as JSON is none',
  async (operation) => {
    const good = GOOD.find((one) => one.operation === operation)!
    const headers = { 'content-type': 'application/json', 'content-length': '0' }
    expect(await faults(await startPopulated(), [{ ...good, raw: '', headers }])).toEqual([])
  },
)

test('with the bucket empty each operation with a token says so, and when to come back', async () => {
  const server = await startPopulated({ api: { requestsPerMinute: 2 } })
  // One was spent on the document; this is the other.
  const cases = server.described.operations.flatMap(({ is }) =>
    codesOf(is).includes('rate_limited')
      ? [{ operation: is.operationId, gives: 'rate_limited' as const }]
      : [],
  )
  expect(cases.length).toBeGreaterThan(15)
  await faults(server, cases.slice(0, 1))
  expect(await faults(server, cases)).toEqual([])
})

test('with the store gone each operation that needs it answers 503', async () => {
  const state = { gone: false }
  const server = await startPopulated({ wrap: (store) => vanishing(store, state) })
  state.gone = true
  const cases = server.described.operations.flatMap(({ is: { operationId: operation, ...is } }) => {
    if (!codesOf({ operationId: operation, ...is }).includes('storage_unavailable')) return []
    const good = GOOD.find((one) => one.operation === operation)
    return [{ ...good, operation, gives: 'storage_unavailable' as const }]
  })
  expect(cases.length).toBeGreaterThan(15)
  // What a backup copies is a file; switching and the chat are a test’s own here.
  const own = ['getBackup', 'enableModule', 'disableModule', 'receiveTelegramUpdate']
  const asked = cases.filter(({ operation }) => !own.includes(operation))
  expect(await faults(server, asked)).toEqual([])
})

/** The store, as long as it is there. */
function vanishing(store: Store, state: { gone: boolean }): Store {
  const stages = Object.entries(store).map(([name, stage]) => {
    if (typeof stage === 'function') return [name, stage]
    const methods = Object.entries(stage as Record<string, (...args: unknown[]) => Promise<unknown>>).map(
      ([method, call]) => [
        method,
        (...args: unknown[]) => (state.gone ? Promise.reject(new StoreError('died', 'gone')) : call(...args)),
      ],
    )
    return [name, Object.fromEntries(methods)]
  })
  return Object.fromEntries(stages) as Store
}

test('no operation, good answer or refusal of the document is left out above', async () => {
  const { described } = await startPopulated()
  const left = described.operations.flatMap(({ is }) => {
    const { operationId: id } = is
    const good = Object.keys(is.responses)
      .filter(
        (status) =>
          Number(status) < 300 && !GOOD.some((one) => one.operation === id && one.gives === Number(status)),
      )
      .map((status) => `${id} ${status}`)
    const alike = new Set(casesAlike(described.operations).flatMap((one) => `${one.operation} ${one.gives}`))
    const refused = codesOf(is)
      .filter((code) => !isRefused(id, code) && !alike.has(`${id} ${code}`) && !OF_BAD_DAYS.includes(code))
      .map((code) => `${id} ${code}`)
    return [...good, ...refused]
  })
  expect(left).toEqual([])
})

// A run by hand: checked in the contract's order, started once per idempotency key, never beyond what the token's
// user may do, and told to that user alone.
import { describe, expect, test } from 'vitest'
import { module } from '../../../../test/builders.ts'
import type { Manifest } from '../registry/manifest.ts'
import type { Store } from '../store/store.ts'
import { NOW, PEOPLE, startServer, type StartOptions } from '../../testing/receive/start-server.ts'

const COOLDOWN: Manifest['triggers'] = [300_000, 60_000].map((cooldownMs) => ({
  type: 'webhook',
  event: 'pull_request',
  actions: null,
  cooldownMs,
  onCooldown: 'skip',
  debounceMs: 0,
  maxWaitMs: 0,
}))
const INPUT = {
  type: 'object',
  required: ['depth'],
  additionalProperties: false,
  properties: { depth: { type: 'integer', minimum: 1 }, mode: { enum: ['fast', 'full'], default: 'fast' } },
}
const MODULES = [
  module('review', { triggers: COOLDOWN, concurrency: 'cancel_running' }),
  module('triage', { subject: 'issue', input: INPUT }),
  module('sweep', { subject: 'repository' }),
  module('digest', { subject: 'none' }),
  module('closed', { invoke: false }, { enabled: false }),
  module('off', {}, { enabled: false }),
]

const start = (options: StartOptions = {}) => startServer({ config: PEOPLE, modules: MODULES, ...options })
type Server = Awaited<ReturnType<typeof start>>

async function invoke(
  { app }: Server,
  name: string,
  body: unknown,
  token = 'alice-token',
  headers: Record<string, string> = {},
) {
  const answer = await app.inject({
    method: 'POST',
    url: `/api/modules/${encodeURIComponent(name)}/invoke`,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: answer.statusCode, body: answer.json<Record<string, string>>(), headers: answer.headers }
}

const PR = 'octocat/hello-world#42'

describe('an invocation', () => {
  test('with no body is one without an entity, also when its type is named', async () => {
    const server = await start()
    expect((await invoke(server, 'digest', '')).status).toBe(202)
    const refused = await invoke(server, 'review', '')
    expect([refused.status, refused.body['code']]).toEqual([400, 'invalid_input'])
  })

  test('queues a run about the entity, for the user of the token', async () => {
    const server = await start()
    const answer = await invoke(server, 'review', { entity: ' Octocat/Hello-World#42 ', input: { a: 1 } })
    expect([answer.status, answer.body]).toEqual([
      202,
      { run_id: 'run-1', module: 'review', status: 'queued', status_url: '/api/runs/run-1' },
    ])
    expect(await server.store.runs.get('run-1')).toMatchObject({
      module: 'review',
      entity: PR,
      repository: 'octocat/hello-world',
      trigger: { type: 'invoke', event: null, action: null, by: 'alice', at: '2026-11-22T12:00:00.000Z' },
      delivery: null,
      recipients: ['alice'],
      status: 'queued',
      runAt: NOW,
      input: { a: 1 },
      depth: 0,
      cooldownMs: 300_000,
    })
    expect(server.woken).toEqual({ dispatch: 0, runs: 1, outbox: 0 })
  })

  test.each([
    ['review', 'octocat/hello-world#7'],
    ['triage', 'octocat/hello-world#7'],
    ['sweep', 'octocat/hello-world'],
    ['sweep', 'octocat/hello-world@Main'],
    ['digest', '-'],
    ['digest', 'octocat/hello-world#7'],
    ['digest', 'octocat/hello-world'],
    ['digest', undefined],
  ])('of %s takes the entity %s', async (name, entity) => {
    const server = await start()
    const answer = await invoke(server, name, { entity, input: { depth: 1 } })
    expect(answer.status).toBe(202)
    expect((await server.store.runs.get(answer.body.run_id!))?.entity).toBe(entity ?? '-')
  })

  test('needs no body when the module needs nothing', async () => {
    const server = await start()
    const headers = { authorization: 'Bearer alice-token' }
    const answer = await server.app.inject({ method: 'POST', url: '/api/modules/digest/invoke', headers })
    expect(answer.statusCode).toBe(202)
  })

  test('fills in the defaults of the input schema', async () => {
    const server = await start()
    await invoke(server, 'triage', { entity: PR, input: { depth: 2 } })
    expect((await server.store.runs.get('run-1'))?.input).toEqual({ depth: 2, mode: 'fast' })
  })

  test('by the local token acts as the first admin', async () => {
    const server = await start({ deps: { localToken: 'local-token' } })
    await invoke(server, 'digest', {}, 'local-token')
    expect(await server.store.runs.get('run-1')).toMatchObject({
      recipients: ['admin'],
      trigger: { by: 'admin' },
    })
  })

  test('opens the window of the module, and only one that asks to respects it', async () => {
    const server = await start()
    await invoke(server, 'review', { entity: PR })
    server.clock.now += 1_500
    expect((await invoke(server, 'review', { entity: PR })).status).toBe(202)
    server.clock.now += 100_500
    const refused = await invoke(server, 'review', { entity: PR, respect_cooldown: true })
    expect([refused.status, refused.body.code, refused.headers['retry-after']]).toEqual([
      429,
      'cooldown',
      '200',
    ])
    const elsewhere = { entity: 'octocat/other#1', respect_cooldown: true }
    expect((await invoke(server, 'review', elsewhere)).status).toBe(202)
    server.clock.now += 200_000
    expect((await invoke(server, 'review', { entity: PR, respect_cooldown: true })).status).toBe(202)
  })
})

describe('an idempotency key', () => {
  const body = { entity: PR, input: { depth: 1, mode: 'full' }, idempotency_key: 'k' }

  test('answers the same body with the same run and its status now', async () => {
    const server = await start()
    await invoke(server, 'triage', body)
    await server.store.runs.claim('me', 1, NOW, NOW + 1_000)
    const same = `{"idempotency_key":"k","input":{"mode":"full","depth":1},"entity":"OCTOCAT/hello-world#42","respect_cooldown":false}`
    const again = await invoke(server, 'triage', same)
    expect([again.status, again.body]).toEqual([
      200,
      { run_id: 'run-1', module: 'triage', status: 'running', status_url: '/api/runs/run-1' },
    ])
    expect(server.woken.runs).toBe(1)
  })

  test.each([
    [{ ...body, entity: 'octocat/hello-world#43' }],
    [{ ...body, input: { depth: 2, mode: 'full' } }],
    [{ ...body, respect_cooldown: true }],
  ])('answers another body (%j) with 409', async (other) => {
    const server = await start()
    await invoke(server, 'triage', body)
    const answer = await invoke(server, 'triage', other)
    expect([answer.status, answer.body.code]).toEqual([409, 'idempotency_conflict'])
  })

  test('is known to its own token and module alone', async () => {
    const server = await start()
    const plain = { idempotency_key: 'k' }
    const answers = [
      await invoke(server, 'digest', plain),
      await invoke(server, 'digest', plain, 'root-token'),
      await invoke(server, 'review', { ...plain, entity: PR }),
      await invoke(server, 'digest', { idempotency_key: 'K' }),
    ]
    expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202, 202])
  })

  test('sent many times at once starts one run', async () => {
    const server = await start()
    const answers = await Promise.all(Array.from({ length: 10 }, () => invoke(server, 'triage', body)))
    expect(new Set(answers.map((answer) => answer.body.run_id)).size).toBe(1)
    expect(answers.map((answer) => answer.status).sort()).toEqual([...Array<number>(9).fill(200), 202])
  })

  test('whose run is no longer held is refused', async () => {
    const server = await start({
      wrap: (store) => ({ ...store, runs: { ...store.runs, get: () => Promise.resolve(null) } }),
    })
    await invoke(server, 'triage', body)
    expect((await invoke(server, 'triage', body)).body.code).toBe('idempotency_conflict')
  })
})

describe('refusals', () => {
  // In the contract's order: each request has the faults of all later steps as well.
  test.each([
    [401, 'unauthorized', 'nowhere', 'no-such-token', '{'],
    [404, 'unknown_module', 'nowhere', 'reader-token', '{'],
    [403, 'invoke_disabled', 'closed', 'reader-token', '{'],
    [409, 'wrong_state', 'off', 'reader-token', '{'],
    [403, 'insufficient_scope', 'review', 'reader-token', '{'],
    [400, 'invalid_json', 'review', 'bob-token', '{'],
    [400, 'not_an_object', 'review', 'bob-token', 'null'],
    [400, 'invalid_input', 'review', 'bob-token', '{"entity":"octocat/hello-world#0"}'],
    [403, 'not_authorized', 'review', 'bob-token', '{"entity":"octocat/hello-world#1"}'],
  ])('%i %s comes before everything after it', async (status, code, name, token, body) => {
    const server = await start()
    const answer = await invoke(server, name, body, token)
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(Object.keys(answer.body)).toEqual(['error', 'code'])
    expect(await server.store.runs.list({ limit: 10 })).toEqual([])
    expect(server.woken.runs).toBe(0)
  })

  test.each([
    ['review', {}, 'entity is missing'],
    ['review', { entity: '-' }, 'entity is missing'],
    ['review', { entity: 'octocat/hello-world' }, 'owner/repo#42'],
    ['review', { entity: 'https://github.com/a/b/pull/1' }, 'owner/repo#42'],
    ['sweep', { entity: PR }, 'owner/repo'],
    ['sweep', {}, 'entity is missing'],
    ['digest', { entity: 'octocat' }, 'or no entity'],
    ['review', { entity: 42 }, 'entity'],
    ['review', { entity: null }, 'entity'],
    ['review', { entity: PR, respect_cooldown: 'yes' }, 'respect_cooldown'],
    ['review', { entity: PR, idempotency_key: '' }, 'idempotency_key'],
    ['review', { entity: PR, idempotency_key: 'x'.repeat(256) }, 'idempotency_key'],
    [
      'review',
      { entity: PR, recipients: ['bob'] },
      'it takes entity, input, idempotency_key, respect_cooldown',
    ],
    ['triage', { entity: PR }, 'input.depth'],
    ['triage', { entity: PR, input: { depth: '1' } }, 'input.depth'],
    ['triage', { entity: PR, input: { depth: 1, mode: 'slow' } }, 'input.mode'],
    ['triage', { entity: PR, input: { depth: 1, mod: 'fast' } }, 'input.mod'],
    ['triage', { entity: PR, input: [1] }, 'input'],
  ])('%s does not take %j: the answer names %s', async (name, body, named) => {
    const server = await start()
    const answer = await invoke(server, name, body)
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_input'])
    expect(answer.body.error).toContain(named)
  })

  test('an input that nests without end is one too', async () => {
    const server = await start()
    const deep = `{"input":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    expect((await invoke(server, 'digest', deep)).body.code).toBe('invalid_input')
  })

  test('many faults in one input are told in few words', async () => {
    const items = { type: 'object', properties: { list: { type: 'array', items: { type: 'string' } } } }
    const server = await start({ modules: [module('many', { subject: 'none', input: items })] })
    const answer = await invoke(server, 'many', {
      input: { list: Array.from({ length: 1_000 }, (_, at) => at) },
    })
    expect(answer.body.error).toMatch(/^input\.list\[0\]: .*; and 995 more$/)
  })

  test('415 for a body that says it is no JSON, and for one that says nothing', async () => {
    const server = await start()
    expect((await invoke(server, 'digest', {}, 'alice-token', { 'content-type': 'text/plain' })).status).toBe(
      415,
    )
    const answer = await server.app.inject({
      method: 'POST',
      url: '/api/modules/digest/invoke',
      headers: { authorization: 'Bearer alice-token', 'content-type': '' },
      payload: '{}',
    })
    expect(answer.json<{ code: string }>().code).toBe('unsupported_media_type')
  })

  test('413 beyond a MiB', async () => {
    const server = await start()
    const answer = await invoke(server, 'digest', { input: 'x'.repeat(1_048_576) })
    expect([answer.status, answer.body.code]).toEqual([413, 'too_large'])
  })

  test('a member may act where his repos reach, an admin wherever anybody may', async () => {
    const server = await start()
    const statusOf = async (token: string, entity: string) =>
      (await invoke(server, 'review', { entity }, token)).status
    expect(await statusOf('alice-token', 'octocat/any#1')).toBe(202)
    expect(await statusOf('alice-token', 'bob/tools#1')).toBe(403)
    expect(await statusOf('bob-token', 'BOB/Tools#1')).toBe(202)
    expect(await statusOf('root-token', 'bob/tools#1')).toBe(202)
    expect(await statusOf('root-token', 'stranger/repo#1')).toBe(403)
    expect((await invoke(server, 'digest', { entity: 'bob/tools' })).status).toBe(403)
  })

  test("what the handler's own schema has against the input is told", async () => {
    const checkInput = (_module: unknown, input: unknown) =>
      Promise.resolve(input === null ? ['depth: required', 'mode: unknown'] : null)
    const server = await start({ api: { checkInput } })
    const answer = await invoke(server, 'digest', {})
    expect([answer.status, answer.body]).toEqual([
      400,
      { error: 'input: depth: required; mode: unknown', code: 'invalid_input' },
    ])
    expect((await invoke(server, 'digest', { input: 1 })).status).toBe(202)
  })

  test.each([['create'], ['get']] as const)('503 when the store fails at %s', async (method) => {
    const failing = (store: Store): Store => ({
      ...store,
      runs: { ...store.runs, [method]: () => Promise.reject(new Error('disk full')) },
    })
    const server = await start({ wrap: failing })
    const body = { idempotency_key: 'k' }
    if (method === 'get') await invoke(server, 'digest', body)
    const answer = await invoke(server, 'digest', body)
    expect([answer.status, answer.body.code]).toEqual([503, 'storage_unavailable'])
  })
})

// Model Context Protocol with the official client: over HTTP, and over stdio through the command. The same tokens,
// scopes and visibility as the API.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { createServer } from 'node:http'
import { resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { officialPayload } from '@hookyard/standins/payloads'
import { TOKEN, type TestInstallation, closeInstallations, openInstallation, until } from './installation.ts'

const clients: Client[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close()
  await closeInstallations()
})

const ASKING = {
  manifest: { subject: 'none', triggers: [{ webhook: 'issues' }] },
  handler: `
    import { defineModule, done, paused } from '@hookyard/sdk'
    export default defineModule({ handle: ({ trigger, input }) => trigger.type === 'resume'
      ? done(trigger.data.answer + ' it is, via ' + trigger.data.by)
      : input.ask ? paused('Red or blue?', { options: ['red', 'blue'] }) : done('hello ' + (input.who ?? 'world')) })`,
}

const USERS = [
  { name: 'alice', role: 'admin', chat_id: 111, repos: ['octocat/*', 'codertocat/*'] },
  { name: 'bob', chat_id: 222, repos: ['bob/tools'] },
]

const open = () =>
  openInstallation({
    builtins: true,
    modules: { asking: ASKING },
    users: USERS,
    config: {
      api_tokens: [
        { name: 'test', token: TOKEN, user: 'alice', scopes: ['*'] },
        { name: 'bobs', token: 'the-token-of-bob', user: 'bob', scopes: ['*'] },
        { name: 'reader', token: 'a-token-that-reads', user: 'alice', scopes: ['runs:read'] },
      ],
    },
  })

async function connect(transport: Transport): Promise<Client> {
  const client = new Client({ name: 'a-test', version: '1.0.0' })
  const errors: Error[] = []
  client.onerror = (error) => errors.push(error)
  await client.connect(transport)
  clients.push(client)
  expect(errors).toEqual([])
  return client
}

const overHttp = (at: TestInstallation, token = TOKEN) =>
  connect(
    new StreamableHTTPClientTransport(new URL(`${at.service.url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  )

const overStdio = (at: TestInstallation, env: Record<string, string> = {}) =>
  connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [resolve('bin/hookyard.js'), 'mcp'],
      cwd: at.dir,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stderr: 'ignore',
    }),
  )

interface ToolAnswer {
  readonly isError: boolean
  readonly text: string
  readonly data: Record<string, unknown>
}

async function call(client: Client, name: string, given: Record<string, unknown> = {}): Promise<ToolAnswer> {
  const answer = await client.callTool({ name, arguments: given })
  const [content] = answer.content as { text: string }[]
  return {
    isError: answer.isError === true,
    text: content?.text ?? '',
    data: (answer.structuredContent ?? {}) as Record<string, unknown>,
  }
}

const ended = (client: Client, run_id: unknown) =>
  until('the run to end', async () => {
    const { data } = await call(client, 'get_run', { run_id })
    return !['queued', 'running'].includes(String(data['status'])) && data
  })

const WAYS = [
  ['HTTP', overHttp],
  ['stdio', overStdio],
] as const

test.each(WAYS)(
  'over %s: what there is, a run started and watched, what happened and why',
  async (_way, connectTo) => {
    const at = await open()
    const { guid } = await at.post('issues', officialPayload('issues', 'opened'))
    await at.decisions(guid)
    const client = await connectTo(at)
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name).toSorted()).toEqual([
      'answer_question',
      'get_run',
      'invoke_module',
      'list_modules',
      'list_runs',
      'why',
    ])
    const { data } = await call(client, 'list_modules')
    expect((data['modules'] as { name: string }[]).map(({ name }) => name)).toContain('asking')

    const started = await call(client, 'invoke_module', { module: 'asking', input: { who: 'you' } })
    expect(started.data).toMatchObject({ module: 'asking', status: 'queued' })
    const run_id = started.data['run_id']
    expect(await ended(client, run_id)).toMatchObject({ status: 'done', result: { summary: 'hello you' } })
    const listed = await call(client, 'list_runs', { module: 'asking', status: 'done', limit: 1 })
    expect(listed.data).toMatchObject({ runs: [{ id: run_id }] })
    expect(JSON.parse(listed.text)).toEqual(listed.data)
    const why = await call(client, 'why', { target: guid })
    expect(why.text).toContain('alice · asking · ran')
  },
)

test.each(WAYS)('over %s: a paused run’s question is answered, once', async (_way, connectTo) => {
  const at = await open()
  const client = await connectTo(at)
  const started = await call(client, 'invoke_module', { module: 'asking', input: { ask: true } })
  const run_id = started.data['run_id']
  expect(await ended(client, run_id)).toMatchObject({
    status: 'paused',
    questions: [{ text: 'Red or blue?', status: 'open' }],
  })
  expect(await call(client, 'answer_question', { run_id, answer: 'green' })).toMatchObject({
    isError: true,
    text: expect.stringContaining('red, blue (invalid_input)'),
  })
  expect((await call(client, 'answer_question', { run_id, answer: 'blue' })).data).toMatchObject({
    status: 'queued',
  })
  expect(await ended(client, run_id)).toMatchObject({
    result: { summary: 'blue it is, via alice' },
    questions: [{ answer: 'blue', answered_via: 'mcp' }],
  })
  expect(await call(client, 'answer_question', { run_id, answer: 'red' })).toMatchObject({
    isError: true,
    text: expect.stringContaining('(wrong_state)'),
  })
})

test('refusals are the API’s, in its words and with its codes', async () => {
  const at = await open()
  const client = await overHttp(at)
  const text = async (name: string, given: Record<string, unknown>) => {
    const answer = await call(client, name, given)
    expect(answer.isError).toBe(true)
    return answer.text
  }
  expect(await text('invoke_module', { module: 'nobody' })).toContain('(unknown_module)')
  expect(await text('invoke_module', { module: 'pr-review', entity: 'a/b#1' })).toContain('(not_authorized)')
  expect(await text('invoke_module', { module: 'pr-review' })).toContain('(invalid_input)')
  expect(await text('get_run', { run_id: 'nothing' })).toContain('(unknown_run)')
  expect(await text('why', { target: 'nothing' })).toContain('(unknown_delivery)')
  expect(await text('get_run', {})).toContain('run_id')
  expect(await text('list_runs', { limit: 0 })).toContain('limit')
})

test('a member sees and starts what is his; a token does what its scopes allow', async () => {
  const at = await open()
  const alice = await overHttp(at)
  const { data } = await call(alice, 'invoke_module', { module: 'asking' })
  await ended(alice, data['run_id'])
  const bob = await overHttp(at, 'the-token-of-bob')
  expect((await call(bob, 'list_runs')).data).toEqual({ runs: [], next_cursor: null })
  expect((await call(bob, 'get_run', { run_id: data['run_id'] })).text).toContain('(unknown_run)')
  const own = await call(bob, 'invoke_module', { module: 'asking' })
  expect(await ended(bob, own.data['run_id'])).toMatchObject({ recipients: ['bob'], trigger: { by: 'bob' } })

  const reader = await overHttp(at, 'a-token-that-reads')
  expect((await call(reader, 'get_run', { run_id: data['run_id'] })).isError).toBe(false)
  for (const [tool, given] of [
    ['list_modules', {}],
    ['invoke_module', { module: 'asking' }],
    ['answer_question', { run_id: data['run_id'], answer: 'x' }],
    ['why', { target: 'x' }],
  ] as const) {
    expect((await call(reader, tool, given)).text).toContain('(insufficient_scope)')
  }
})

test('without a good token nobody is let in, over either way', async () => {
  const at = await open()
  await expect(overHttp(at, 'another')).rejects.toThrow(/not known here/)
  await expect(overStdio(at, { HOOKYARD_TOKEN: 'another' })).rejects.toThrow(/not known here/)
})

test('over stdio a server that was started anew is found again, with its new port and token', async () => {
  const at = await open()
  const client = await overStdio(at)
  await at.restart()
  expect((await call(client, 'list_runs')).data).toEqual({ runs: [], next_cursor: null })
})

test('over stdio a server that has gone is told as such', async () => {
  const at = await open()
  const { url } = at.service
  const client = await overStdio(at, { HOOKYARD_URL: url, HOOKYARD_TOKEN: TOKEN })
  await at.stop()
  await expect(client.listTools()).rejects.toThrow(/no server answers at .*ECONNREFUSED/)
  // What answers there now is no Hookyard, and knows nothing of the protocol.
  const another = createServer((_request, response) => response.writeHead(500).end('{}'))
  await new Promise<void>((resolve) => another.listen(Number(new URL(url).port), '127.0.0.1', resolve))
  await expect(client.listTools()).rejects.toThrow(/answers 500/)
  another.closeAllConnections()
  await new Promise((closed) => another.close(closed))
})

test('whoever takes JSON is answered, also without taking streams', async () => {
  const at = await open()
  const json = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_runs', arguments: {} } }
  for (const accept of ['application/json', '*/*', 'text/html, application/json;q=0.9']) {
    const { status, body } = await at.api('/mcp', { json, headers: { accept } })
    expect([status, body]).toMatchObject([200, { result: { structuredContent: { runs: [] } } }])
  }
})

test('there are no streams and no sessions: GET and DELETE are told so', async () => {
  const at = await open()
  for (const method of ['GET', 'DELETE']) {
    const answer = await fetch(`${at.service.url}/mcp`, { method })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  }
})

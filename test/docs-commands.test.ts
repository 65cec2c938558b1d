// docs/cli.md, docs/http-api.md and docs/mcp.md are true: every command is run, every answer is as it is written
// there (`…` stands for whatever), every configuration of a client connects.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { createOperations } from '../packages/hookyard/src/api/api.ts'
import { CODES } from '../packages/hookyard/src/lib/errors.ts'
import { officialPayload } from '@hookyard/standins/payloads'
import { hookyard, hookyardProcess } from './command-line.ts'
import {
  TOKEN,
  type TestInstallation,
  closeInstallations,
  handler,
  openInstallation,
} from './installation.ts'

afterEach(closeInstallations)

const root = resolve(import.meta.dirname, '..')
const page = (name: string) => readFileSync(join(root, 'docs', name), 'utf8')
const blocks = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map((match) => match[1] ?? '')

const DEPLOY = {
  manifest: {
    subject: 'none',
    triggers: [
      { webhook: 'issues', actions: ['opened'] },
      { schedule: '0 9 * * 1-5', timezone: 'Europe/Berlin' },
    ],
  },
  handler: handler(`
    if (ctx.input.ask) return { status: 'paused', question: 'Deploy?', options: ['yes', 'no'] }
    return done('deployed to ' + (ctx.input.to ?? 'production'))
  `),
}

/** What the pages are about: one delivery, one run that asks. */
async function open() {
  const at = await openInstallation({ builtins: true, modules: { deploy: DEPLOY } })
  const guid = '1f0c-of-an-issue'
  await at.post('issues', officialPayload('issues', 'opened'), { guid })
  const ran = (await at.decisions(guid)).find(({ module }) => module === 'deploy')
  await at.ended(String(ran?.run_id))
  const { body } = await at.api('/api/modules/deploy/invoke', { json: { input: { ask: true } } })
  const paused = String(body['run_id'])
  await at.ended(paused)
  await at.messagesSent(2)
  return { at, paused }
}

interface Turn {
  readonly command: string
  readonly answer: string
}

function turnsOf(text: string): Turn[] {
  return blocks(text, 'console').flatMap((block) =>
    block
      .split(/^\$ /m)
      .filter((part) => part !== '')
      .map((part) => {
        const end = part.indexOf('\n')
        return { command: part.slice(0, end), answer: part.slice(end + 1) }
      }),
  )
}

/** The answer as a pattern; runs of spaces are alike, since columns are as wide as they must be. */
function patternOf(answer: string): RegExp {
  const parts = answer.trim().split('…')
  const escaped = parts.map((part) =>
    part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replace(/ +/g, ' +'),
  )
  return new RegExp(`^${escaped.join('[^]*?')}$`)
}

/** A line of a shell, as far as the pages go: quotes, variables. */
function wordsOf(line: string, variables: Readonly<Record<string, string>>): string[] {
  const filled = (text: string) =>
    text.replace(/\$([A-Z_]+)/g, (_, name: string) => variables[name] ?? `$${name}`)
  return [...line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'|([^"']+)/g, (_, double?: string, single?: string, bare?: string) =>
      single === undefined ? filled(double ?? bare ?? '') : single,
    ),
  )
}

/** `curl`, as far as the pages go. */
async function curl(words: readonly string[]): Promise<string> {
  const headers: Record<string, string> = {}
  let method: string | undefined
  let body: string | undefined
  let url = ''
  const rest = [...words]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '-H') {
      const [, name = '', value = ''] = /^([^:]+): (.*)$/.exec(rest.shift() ?? '') ?? []
      headers[name] = value
    } else if (word === '-X') method = rest.shift()
    else if (word === '-d') body = rest.shift()
    else url = word
  }
  const init = { headers, method: method ?? (body === undefined ? 'GET' : 'POST'), ...(body ? { body } : {}) }
  return (await fetch(url, init)).text()
}

async function run(at: TestInstallation, [program = '', ...args]: readonly string[]): Promise<string> {
  if (program === 'curl') return curl(args)
  expect(program).toBe('hookyard')
  // What the tests of a module print goes past the command.
  const command = args[0] === 'test-module' ? hookyardProcess : hookyard
  const { code, stdout, stderr } = await command(args, { cwd: at.dir })
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return stdout
}

async function holdTo(text: string, { at, paused }: Awaited<ReturnType<typeof open>>): Promise<void> {
  const variables: Record<string, string> = {
    HOOKYARD_URL: at.service.url,
    HOOKYARD_TOKEN: TOKEN,
    RUN: paused,
    PAUSED: paused,
  }
  const turns = turnsOf(text)
  expect(turns.length).toBeGreaterThan(5)
  for (const { command, answer } of turns) {
    const said = await run(at, wordsOf(command, variables))
    expect(said.trim(), command).toMatch(patternOf(answer))
    const started = /^\{"run_id":"(\w+)"/.exec(said)?.[1]
    if (started !== undefined) variables['RUN'] = started
  }
}

test('docs/cli.md: each command answers so', async () => {
  const opened = await open()
  const { dir, configFile } = opened.at
  writeFileSync(join(dir, 'payload.json'), JSON.stringify(officialPayload('pull_request', 'opened')))
  const changed = {
    ...(parse(readFileSync(configFile, 'utf8')) as object),
    modules: { deploy: { enabled: false } },
  }
  writeFileSync(join(dir, 'without-deploy.yaml'), stringify(changed))
  await holdTo(page('cli.md'), opened)
})

test('docs/cli.md names every command', async () => {
  const { stdout } = await hookyard(['--help'], { cwd: root })
  const commands = [...stdout.matchAll(/^ {2}([a-z][a-z-]+) /gm)].map((match) => match[1] ?? '')
  const text = page('cli.md')
  expect(commands.length).toBeGreaterThan(15)
  expect(commands.filter((name) => name !== 'help' && !new RegExp(`\`${name}[ \`]`).test(text))).toEqual([])
})

test('docs/http-api.md: each request is answered so', async () => {
  await holdTo(page('http-api.md'), await open())
})

describe('docs/http-api.md', () => {
  const text = page('http-api.md')

  test('names every path with its scope, and every code of the API', () => {
    // Their handlers are not called: what an operation says of itself needs nothing.
    const operations = createOperations({} as Parameters<typeof createOperations>[0])
    const rows = text.split('\n').filter((line) => line.startsWith('| `'))
    for (const { path, scope } of operations) {
      if (scope === 'token') expect(text).toContain(path)
      else {
        const row = rows.find((line) => line.startsWith(`| \`${scope}\``)) ?? ''
        expect(
          row.includes(`${path}\``) || row.includes(`\`${path.slice(path.lastIndexOf('/'))}\``),
          path,
        ).toBe(true)
      }
    }
    const ofWebhooks = ['invalid_signature', 'missing_event', 'missing_delivery']
    const unnamed = Object.keys(CODES).filter(
      (code) => !ofWebhooks.includes(code) && !text.includes(`\`${code}\``),
    )
    expect(unnamed).toEqual([])
  })

  test('names every metric', async () => {
    const at = await openInstallation()
    const answer = await fetch(`${at.service.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })
    const metrics = [...(await answer.text()).matchAll(/^# TYPE (\S+) /gm)].map((match) => match[1] ?? '')
    expect(metrics.length).toBeGreaterThan(10)
    expect(metrics.filter((name) => !text.includes(`\`${name}\``))).toEqual([])
  })
})

interface ServerOfClient {
  readonly url?: string
  readonly headers?: Record<string, string>
  readonly command?: string
  readonly args?: readonly string[]
  readonly env?: Record<string, string>
}

describe('docs/mcp.md', () => {
  const text = page('mcp.md')
  const snippets = blocks(text, 'json').map((block) => {
    const { mcpServers, servers } = JSON.parse(block) as Record<string, Record<string, ServerOfClient>>
    return (mcpServers ?? servers)?.['hookyard'] ?? {}
  })

  test('each configuration connects, and finds the tools that the page names', async () => {
    const { at } = await open()
    const here = (value: string) =>
      value
        .replace('https://hookyard.example.com', at.service.url)
        .replace('/opt/hookyard', root)
        .replace('/srv/hookyard/hookyard.yaml', at.configFile)
        .replace(/\$\{(env:|input:)?[\w-]+\}|THE-TOKEN/, TOKEN)
    expect(snippets.length).toBeGreaterThan(4)
    for (const { url, headers = {}, args = [], env = {} } of snippets) {
      const all = (record: Record<string, string>) =>
        Object.fromEntries(Object.entries(record).map(([name, value]) => [name, here(value)]))
      const transport =
        url === undefined
          ? new StdioClientTransport({
              command: process.execPath,
              args: args.map(here),
              env: { PATH: process.env['PATH'] ?? '', ...all(env) },
            })
          : new StreamableHTTPClientTransport(new URL(here(url)), { requestInit: { headers: all(headers) } })
      const client = new Client({ name: 'a-test', version: '1.0.0' })
      await client.connect(transport)
      const { tools } = await client.listTools()
      for (const { name } of tools) expect(text).toContain(`| \`${name}\` |`)
      expect(tools).toHaveLength(6)
      await client.close()
    }
  })
})

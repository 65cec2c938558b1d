// A whole installation for a test: a configuration on disk, the real service in this process, stand-ins for GitHub
// and Telegram, and a clock that the test moves.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { type Log, silentLog } from '../packages/hookyard/src/lib/log.ts'
import { type Service, startService } from '../packages/hookyard/src/compose/main.ts'
import { loadInstallation } from '../packages/hookyard/src/registry/load.ts'
import { type GitHubStandin, startGitHub } from '@hookyard/standins/github'
import { type SignOptions, signedHeaders } from '@hookyard/standins/payloads'
import { type TelegramStandin, startTelegram } from '@hookyard/standins/telegram'
import { warmCache } from '../packages/hookyard/testing/run/warm-start.ts'
import { openTestPool } from './module-pool.ts'

export const SECRET = 'a-webhook-secret'
export const TOKEN = 'a-token-that-nobody-guesses'
const root = resolve(import.meta.dirname, '..')

export interface TestModule {
  /** module.yaml without its name, as an object. */
  readonly manifest: Record<string, unknown>
  readonly handler: string
  /** @default 'js': a process that has to strip types takes longer to start than most tests. */
  readonly language?: 'js' | 'ts'
}

export interface Given {
  readonly users?: readonly Record<string, unknown>[]
  readonly repos?: readonly string[]
  /** The built-in modules, whose handlers take a second to load. @default true without modules of the test's own */
  readonly builtins?: boolean
  /** Modules dropped into a folder outside the checkout, by name. */
  readonly modules?: Readonly<Record<string, TestModule>> | undefined
  /** Further keys of its section `telegram`; by itself no update is fetched. */
  readonly telegram?: Readonly<Record<string, unknown>>
  /** Further keys of hookyard.yaml. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly env?: NodeJS.ProcessEnv
  /** What the service says; by itself nothing is kept. */
  readonly log?: Log
}

export interface Decision {
  readonly user: string
  readonly module: string | null
  readonly outcome: string
  readonly reason: string | null
  readonly run_id: string | null
}

export interface TestInstallation {
  readonly service: Service
  readonly github: GitHubStandin
  readonly telegram: TelegramStandin
  readonly dir: string
  readonly configFile: string
  /** Moves the service's clock, in ms. */
  advance(ms: number): void
  post(
    event: string,
    payload: unknown,
    options?: Partial<SignOptions> & { secret?: string },
  ): Promise<{ status: number; body: Record<string, unknown>; guid: string }>
  api(
    path: string,
    init?: RequestInit & { json?: unknown },
  ): Promise<{ status: number; body: Record<string, unknown> }>
  /** Resolves with the decisions once the delivery is dispatched. */
  decisions(guid: string): Promise<readonly Decision[]>
  /** Resolves with the run once it has ended. */
  ended(runId: string): Promise<Record<string, unknown>>
  /** Resolves once every message that is due has left. */
  messagesSent(count: number): Promise<readonly { chat_id: unknown; text: string }[]>
  stop(): Promise<void>
  restart(): Promise<void>
}

const opened: (() => Promise<void>)[] = []

/** For afterEach: stops whatever a test left running. */
export async function closeInstallations(): Promise<void> {
  for (const close of opened.splice(0).reverse()) await close()
}

/** Waits for something that the service does by itself. Gives up with a sentence, never by a fixed sleep. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  patienceMs = 40_000,
): Promise<T> {
  const giveUp = performance.now() + patienceMs
  // Whoever looks too often slows down what it waits for.
  for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 1.2, 60)) {
    const seen = await lookOnce(look)
    if (seen !== undefined && seen !== false && seen !== null) return seen
    if (performance.now() > giveUp) throw new Error(`waited ${patienceMs / 1_000} s for ${what}`)
    await new Promise((wake) => setTimeout(wake, pauseMs))
  }
}

/** A file that is not there yet is nothing seen. */
async function lookOnce<T>(look: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await look()
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw thrown
  }
}

/** Writes the files and starts everything. */
export async function openInstallation(given: Given = {}): Promise<TestInstallation> {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-test-'))
  const [github, telegram] = await Promise.all([
    startGitHub({ login: 'hookyard-bot' }),
    startTelegram({ token: '42:telegram-token' }),
  ])
  const configFile = join(dir, 'hookyard.yaml')
  const moduleDirs = writeModules(dir, given.modules ?? {})
  writeFileSync(
    configFile,
    stringify({
      repos: given.repos ?? [],
      server: { port: 0 },
      github: { webhook_secret: SECRET, token: github.token, api_url: github.url },
      telegram: { bot_token: telegram.token, api_url: telegram.url, updates: 'off', ...given.telegram },
      agent: { backend: 'offline' },
      users: given.users ?? [
        { name: 'alice', role: 'admin', chat_id: 111, repos: ['octocat/*', 'codertocat/*'] },
      ],
      module_dirs: moduleDirs,
      api_tokens: [
        { name: 'test', token: TOKEN, user: String(given.users?.[0]?.['name'] ?? 'alice'), scopes: ['*'] },
      ],
      log: { level: 'silent' },
      ...given.config,
    }),
  )
  let offset = 0
  const start = async () => {
    const installation = await loadInstallation({
      file: configFile,
      // With the programs of this machine: where bubblewrap is, modules run behind both walls.
      env: { PATH: process.env['PATH'], ...given.env },
      cwd: dir,
      builtinModuleDirs: (given.builtins ?? !given.modules) ? [join(root, 'modules')] : [],
    })
    // Tests look again and again.
    const requestsPerMinute = 1_000_000
    return startService({
      installation,
      log: given.log ?? silentLog,
      clock: () => Date.now() + offset,
      requestsPerMinute,
      pool: openTestPool,
    })
  }
  let service = await start()
  let running = true
  const stop = async () => {
    if (running) await service.stop(0)
    running = false
  }
  opened.push(async () => {
    await stop()
    await Promise.all([github.close(), telegram.close()])
  })

  const api: TestInstallation['api'] = async (path, init = {}) => {
    const { json, ...rest } = init
    const answer = await fetch(`${service.url}${path}`, {
      ...rest,
      ...(json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }),
      headers: {
        authorization: `Bearer ${TOKEN}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...rest.headers,
      },
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  return {
    get service() {
      return service
    },
    github,
    telegram,
    dir,
    configFile,
    advance: (ms) => void (offset += ms),
    async post(event, payload, options = {}) {
      const body = typeof payload === 'string' ? payload : JSON.stringify(payload)
      const headers = signedHeaders(options.secret ?? SECRET, body, { event, ...options })
      const answer = await fetch(`${service.url}/webhook/github`, { method: 'POST', body, headers })
      return {
        status: answer.status,
        body: (await answer.json()) as Record<string, unknown>,
        guid: headers['x-github-delivery'] ?? '',
      }
    },
    api,
    decisions: (guid) =>
      until(`delivery ${guid} to be dispatched`, async () => {
        const { body } = await api(`/api/deliveries/${guid}`)
        return body['status'] === 'dispatched' && (body['decisions'] as Decision[])
      }),
    ended: (runId) =>
      until(`run ${runId} to end`, async () => {
        const { body } = await api(`/api/runs/${runId}`)
        return !['queued', 'running'].includes(String(body['status'])) && body
      }),
    messagesSent: (count) =>
      until(`${count} messages`, () => telegram.messages.length >= count && telegram.messages),
    stop,
    async restart() {
      await stop()
      service = await start()
      running = true
    },
  }
}

function writeModules(dir: string, modules: Readonly<Record<string, TestModule>>): string[] {
  if (Object.keys(modules).length === 0) return []
  const folder = join(dir, 'my-modules')
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  for (const [name, { manifest, handler, language = 'js' }] of Object.entries(modules)) {
    mkdirSync(join(folder, name))
    writeFileSync(
      join(folder, name, 'module.yaml'),
      stringify({ name, description: `The ${name} of a test`, ...manifest }),
    )
    const file = join(folder, name, `handler.${language}`)
    writeFileSync(file, handler)
    warmCache(file)
  }
  return [folder]
}

/** A handler whose body is given; `ctx` is its argument. */
export const handler = (body: string) => `
import { defineModule, done, skipped, failed, PermanentError } from '@hookyard/sdk'
export default defineModule({ async handle(ctx) { ${body} } })
`

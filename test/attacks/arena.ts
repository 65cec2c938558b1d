// A place to fight in: the real module processes, the real broker and the real store, between a stand-in for GitHub and
// an agent that is a function. What a run wants of the world passes the same wall as in the service.
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createBroker } from '../../packages/hookyard/src/broker/broker.ts'
import type { Agent } from '../../packages/hookyard/src/broker/agent/agent.ts'
import { composePrompt } from '../../packages/hookyard/src/broker/agent/untrusted.ts'
import { createGitHubBroker } from '../../packages/hookyard/src/broker/github/broker.ts'
import { createGitHub } from '../../packages/hookyard/src/broker/github/client.ts'
import { NO_NEEDS } from '../../packages/hookyard/src/config/needs.ts'
import { silentLog } from '../../packages/hookyard/src/lib/log.ts'
import type { Module } from '../../packages/hookyard/src/registry/manifest.ts'
import { applySettings } from '../../packages/hookyard/src/registry/module-settings.ts'
import { scanModules } from '../../packages/hookyard/src/registry/scan-modules.ts'
import { createProcessPool } from '../../packages/hookyard/src/run/process-pool.ts'
import { runModule } from '../../packages/hookyard/src/run/run-module.ts'
import type { AgentRequest } from '@hookyard/sdk/host'
import { toPlainText } from '../../packages/hookyard/src/send/message.ts'
import { type GitHubStandin, startGitHub } from '@hookyard/standins/github'
import { openSqliteStore } from '../../packages/hookyard/src/store/sqlite/open.ts'
import type { ClaimedRun, RunTrigger, Settlement, Store } from '../../packages/hookyard/src/store/store.ts'
import { config as testConfig, user } from '../builders.ts'
import { ownStarter } from '../../packages/hookyard/testing/run/warm-start.ts'

export const REPO = 'octo/hello'
const root = resolve(import.meta.dirname, '../..')

/** What the agent is asked: the request, and the whole prompt as a model would read it. */
export interface Question {
  readonly request: AgentRequest
  readonly prompt: string
}

export interface ArenaOptions {
  /** As an App with these permissions, else with the personal token of `hookyard-bot`. */
  readonly app?: boolean | Readonly<Record<string, 'read' | 'write'>>
  /** The structured answer. Throwing is the agent's failure. */
  readonly agent: (question: Question) => unknown
  /** Folders of further modules. */
  readonly moduleDirs?: readonly string[]
  /** `modules.NAME.config`. */
  readonly config?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Repeats of every module; default: as its manifest says. */
  readonly retries?: number
}

export interface Ended {
  readonly run: ClaimedRun
  readonly settlement: Settlement
  /** `done`, `failed`, `skipped: REASON` … */
  readonly status: string
  readonly summary: string | null
  /** What the recipients read. */
  readonly messages: readonly string[]
  readonly details: Readonly<Record<string, unknown>>
}

export interface Arena {
  readonly github: GitHubStandin
  readonly store: Store
  readonly module: (name: string) => Module
  /** One run of a module on `octo/hello#NUMBER`, to its settlement; what it remembers is kept. */
  run(module: string, number: number, trigger?: Partial<RunTrigger>): Promise<Ended>
  /** One attempt that is not settled, as if the service had died right after it. */
  attempt(module: string, number: number, trigger?: Partial<RunTrigger>): Promise<Settlement>
  /** Moves the clock, in ms. */
  wait(ms: number): void
  close(): Promise<void>
}

let keys: { publicKey: string; privateKey: string } | undefined

/** Opens one; it takes about half a second, so tests of a file share it where they can. */
export async function openArena(options: ArenaOptions): Promise<Arena> {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-arena-'))
  const { publicKey, privateKey } = (keys ??= generateAppKeys())
  const permissions = typeof options.app === 'object' ? { permissions: options.app } : {}
  let waited = 0
  const clock = () => Date.now() + waited
  const github = await startGitHub({
    clock,
    ...(options.app
      ? { app: { id: 7, publicKey, installations: [{ account: 'octo' }], ...permissions } }
      : {}),
  })
  github.createRepository(REPO)
  const store = await openSqliteStore({ file: join(dir, 'arena.db') })
  const environment = { PATH: process.env['PATH'] }
  const pool = createProcessPool({ keep: 4, environment, starter: ownStarter, log: silentLog })
  const config = testConfig({
    users: [user('admin', { role: 'admin', address: 'log:' })],
    modules: Object.fromEntries(
      ['pr-review', 'issue-triage'].map((name) => [
        name,
        settingsOf(options.config?.[name] ?? {}, options.retries),
      ]),
    ),
  })
  const modules = loadModules([join(root, 'modules'), ...(options.moduleDirs ?? [])], config)
  const client = createGitHub({
    apiUrl: github.url,
    ...(options.app ? { app: { id: '7', privateKey } } : { token: github.token }),
    log: silentLog,
    clock,
    // Waiting for a limit to pass takes no time here: it moves the clock.
    sleep: (ms) => Promise.resolve(void (waited += ms)),
  })
  const broker = createBroker({
    github: () => createdGitHub,
    agent: () => agent(options.agent),
    config: () => config,
    store,
    addressOf: () => 'log:',
    module: (name) => modules.get(name),
    newRunId: () => randomUUID(),
    clock,
    log: silentLog,
    onAdded: () => undefined,
  })
  const createdGitHub = createGitHubBroker({
    ...{ github: client, effects: store.effects, markerKey: 'a-marker-key', clock, log: silentLog },
  })

  const module = (name: string): Module => {
    const found = modules.get(name)
    if (!found) throw new Error(`the arena has no module ${name}`)
    return found
  }
  async function claim(name: string, number: number, trigger: Partial<RunTrigger>): Promise<ClaimedRun> {
    const now = clock()
    const at = new Date(now).toISOString()
    const id = randomUUID()
    await store.runs.create({
      ...{ id, module: name, entity: `${REPO}#${number}`, repository: REPO, delivery: null },
      trigger: { type: 'webhook', event: null, action: null, by: 'alice', at, data: {}, ...trigger },
      ...{ recipients: ['admin'], runAt: now, dueAt: now, waiting: false, concurrency: 'parallel' },
      ...{ cooldownMs: 0, input: null, depth: 0, createdAt: now },
    })
    // Runs that a module started itself are claimed with it, and left lying.
    const claimed = await store.runs.claim('arena', 100, clock(), clock() + 600_000)
    const run = claimed.find((one) => one.id === id)
    if (!run) throw new Error('the run could not be claimed')
    return run
  }
  const execute = (run: ClaimedRun) =>
    runModule(run, new AbortController().signal, {
      ...{ broker, pool, module: (name) => modules.get(name), addressOf: () => 'log:' },
      ...{ githubApiUrl: github.url, clock, random: () => 0.5, log: silentLog },
    })
  return {
    github,
    store,
    module,
    async run(name, number, trigger = {}) {
      const run = await claim(name, number, trigger)
      const settlement = await execute(run)
      await store.runs.settle('arena', settlement)
      return told(run, settlement)
    },
    attempt: async (name, number, trigger = {}) => execute(await claim(name, number, trigger)),
    wait: (ms) => void (waited += ms),
    async close() {
      await pool.close()
      await Promise.all([github.close(), store.close()])
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

const settingsOf = (config: Readonly<Record<string, unknown>>, retries: number | undefined) => ({
  ...{
    enabled: true,
    config,
    allow: NO_NEEDS,
    maxWorkers: null,
    budgets: { perRunUsd: null, perDayUsd: null },
  },
  ...(retries === undefined ? {} : { retries: { max: retries } }),
})

function loadModules(dirs: readonly string[], config: ReturnType<typeof testConfig>): Map<string, Module> {
  const { manifests, problems } = scanModules(dirs)
  const applied = manifests.map((manifest) => applySettings(manifest, config))
  const wrong = [...problems, ...applied.flatMap((one) => one.problems)]
  if (wrong.length > 0) throw new Error(`the arena's modules: ${JSON.stringify(wrong)}`)
  return new Map(applied.map(({ module }) => [module.name, module]))
}

/** The prompt is composed as in the service: boxes, without what is hidden. */
const agent = (answer: ArenaOptions['agent']): Agent => ({
  describe: () => ({ backend: 'scripted', why: 'the arena' }),
  async run(request) {
    const { text: prompt } = composePrompt(request.prompt, request.untrusted)
    const output: unknown = await answer({ request, prompt })
    return {
      text: JSON.stringify(output),
      output,
      costUsd: 0.01,
      model: 'scripted',
      usage: null,
      backend: 'scripted',
    }
  },
})

function told(run: ClaimedRun, settlement: Settlement): Ended {
  const status = settlement.kind === 'finished' ? settlement.status : settlement.kind
  const reason = settlement.kind === 'finished' && settlement.reason !== null ? `: ${settlement.reason}` : ''
  return {
    run,
    settlement,
    status: `${status}${reason}`,
    summary: settlement.kind === 'finished' ? settlement.summary : null,
    messages: settlement.messages.map(({ message }) => toPlainText(message)),
    details: (settlement.details ?? {}) as Record<string, unknown>,
  }
}

function generateAppKeys(): { publicKey: string; privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

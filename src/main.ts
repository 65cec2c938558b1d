// The composition root: the only file that knows every part. Read it first: what exists, how it is wired, how
// it starts and how it stops.
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { monotonicFactory } from 'ulid'
import { type Access, createAccess } from './access/access.ts'
import { createAgent } from './broker/agent/agent.ts'
import { createBroker } from './broker/broker.ts'
import { createGitHubBroker } from './broker/github/broker.ts'
import { createGitHub } from './broker/github/client.ts'
import type { Config } from './config/config.ts'
import type { YamlSource } from './config/yaml-source.ts'
import { createDispatcher } from './dispatch/dispatcher.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import type { Log } from './lib/log.ts'
import { createServer } from './receive/server.ts'
import type { ModuleRegistry } from './registry/module-registry.ts'
import { checkHandlerInput, inspectHandlers } from './run/inspect-handlers.ts'
import { ModuleJournal } from './run/journal.ts'
import { createProcessPool } from './run/process-pool.ts'
import { runModule } from './run/run-module.ts'
import { createRunner } from './run/runner.ts'
import { formatEvent } from './send/format.ts'
import { createLogSender } from './send/log-sender.ts'
import { createOutbox } from './send/outbox.ts'
import type { Sender } from './send/sender.ts'
import { createTelegramSender } from './send/telegram.ts'
import { removeServerFile, writeServerFile } from './server-file.ts'
import { createGroupCommit } from './store/group-commit.ts'
import { openSqliteStore } from './store/sqlite/open.ts'

/** A configuration and the modules that were loaded with it, as `loadInstallation` reads them. */
export interface ServiceInstallation {
  readonly config: Config
  readonly registry: ModuleRegistry
  /** What child processes may inherit from (never passed on whole). */
  readonly env: NodeJS.ProcessEnv
  /** The manifests' lines, for problems that their handlers show. */
  readonly manifestSources?: ReadonlyMap<string, YamlSource>
}

export interface ServiceOptions {
  readonly installation: ServiceInstallation
  readonly log: Log
  readonly clock?: Clock
}

export interface Service {
  /** `http://HOST:PORT` */
  readonly url: string
  readonly localToken: string
  /** Swaps configuration and modules between two deliveries. @throws ConfigError when a handler does not fit; the old ones stay. */
  reload(next: ServiceInstallation): Promise<void>
  /** Takes nothing more in, lets running runs end within `graceMs`, then stops them; they go on at the next start. */
  stop(graceMs?: number): Promise<void>
}

const STOP_GRACE_MS = 20_000

/**
 * Starts the whole service.
 * @throws ConfigError when a handler does not fit its manifest; Error when the store or the port cannot be had.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { log } = options
  const clock = options.clock ?? systemClock
  let { config, registry } = options.installation
  const environment = options.installation.env
  let access: Access = createAccess(config)
  const newRunId = lowerCaseUlid()
  const localToken = randomBytes(32).toString('base64url')
  const owner = `${hostname()}:${process.pid}:${newRunId()}`

  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  const pool = createProcessPool({ keep: config.workers.concurrency, environment })
  let handlers = await inspectHandlers(registry.all(), pool, options.installation.manifestSources)
  const store = await openSqliteStore({ file: join(config.dataDir, 'hookyard.db'), clock, log })
  const reclaimed = await store.runs.reclaim(clock(), true)
  if (reclaimed.length > 0) log.info({ runs: reclaimed }, 'runs of the previous process go on')

  const journal = new ModuleJournal({ dataDir: config.dataDir, store: store.runs, log })
  const senders = sendersOf(config, log)
  const outbox = createOutbox({ store: store.outbox, senders, clock, log })
  const addressOf = (user: string) => access.user(user)?.address ?? null
  let agent = createAgent(config.agent, { environment, log, clock })
  let github = await githubOf(config, store, { clock, log })
  const broker = createBroker({
    github: () => github,
    agent: () => agent,
    store,
    addressOf,
    module: (name) => registry.get(name),
    newRunId,
    clock,
    log,
    onAdded: () => {
      outbox.wake()
      runner.wake()
    },
  })
  const runOptions = {
    broker,
    pool,
    module: (name: string) => registry.get(name),
    addressOf,
    githubApiUrl: config.github.apiUrl,
    clock,
    random: Math.random,
    log,
  }
  const runner = createRunner({
    store: store.runs,
    execute: (run, stop) => runModule(run, stop, runOptions),
    owner,
    concurrency: config.workers.concurrency,
    clock,
    log,
    onSettled: () => {
      void journal.flush()
      outbox.wake()
    },
  })
  const dispatcher = createDispatcher({
    store: store.deliveries,
    registry: () => registry,
    access: () => access,
    format: formatEvent,
    newRunId,
    clock,
    log,
    onCommitted(plans, cancel) {
      if (cancel.length > 0) runner.cancel(cancel, 'cancelled')
      if (plans.some((plan) => plan.cancelled.length > 0)) void journal.flush()
      if (plans.some((plan) => plan.runs.length + plan.coalesced.length + plan.cancelled.length > 0)) runner.wake()
      if (plans.some((plan) => plan.messages.length > 0)) outbox.wake()
    },
  })
  const accept = createGroupCommit((batch) => store.deliveries.accept(batch))
  let stopping = false
  const server = createServer({
    config: () => config,
    registry: () => registry,
    access: () => access,
    accept: (delivery) => accept.accept(delivery),
    store,
    clock,
    log,
    newRunId,
    localToken,
    checkInput: (module, input) => checkHandlerInput(module, input, handlers, pool),
    stopping: () => stopping,
    wakeDispatch: () => dispatcher.wake(),
    wakeRuns: () => runner.wake(),
    wakeOutbox: () => outbox.wake(),
  })

  const url = await server.listen({ host: config.server.host, port: config.server.port }).catch(async (thrown: unknown) => {
    await Promise.all([store.close(), pool.close()])
    throw thrown
  })
  await writeServerFile(config.dataDir, { url, token: localToken, pid: process.pid })
  dispatcher.start()
  runner.start()
  outbox.start()
  void journal.flush()
  log.info({ agent: agent.describe(), modules: registry.all().map((module) => module.name) }, `listening on ${url}`)

  return {
    url,
    localToken,
    async reload(next) {
      pool.renew() // handlers may have changed on disk
      const nextHandlers = await inspectHandlers(next.registry.all(), pool, next.manifestSources)
      const nextAgent = createAgent(next.config.agent, { environment: next.env, log, clock })
      github = await githubOf(next.config, store, { clock, log })
      for (const key of fixed(config, next.config)) log.warn({ key }, 'this setting takes effect at the next start')
      ;({ config, registry } = next)
      agent = nextAgent
      handlers = nextHandlers
      access = createAccess(config)
      senders.clear()
      for (const [scheme, sender] of sendersOf(config, log)) senders.set(scheme, sender)
      log.info({ modules: registry.all().map((module) => module.name) }, 'configuration and modules reloaded')
    },
    async stop(graceMs = STOP_GRACE_MS) {
      stopping = true
      await server.close()
      await dispatcher.stop()
      await runner.stop(graceMs)
      await journal.flush()
      await outbox.stop()
      await pool.close()
      await removeServerFile(config.dataDir)
      await store.close()
      log.info({}, 'stopped')
    },
  }
}

/** Settings that a running service cannot change. */
function fixed(before: Config, after: Config): string[] {
  const keys = ['server', 'dataDir', 'database', 'workers', 'log'] as const
  return keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
}

/** Run ids sort by time, also within a millisecond, and read well in a file name. */
function lowerCaseUlid(): () => string {
  const next = monotonicFactory()
  return () => next().toLowerCase()
}

function sendersOf(config: Config, log: Log): Map<string, Sender> {
  const senders: Sender[] = [createLogSender(log)]
  const { botToken, apiUrl } = config.telegram
  if (botToken !== null) senders.push(createTelegramSender({ botToken, apiUrl, log }))
  return new Map(senders.map((sender) => [sender.scheme, sender]))
}

async function githubOf(config: Config, store: Awaited<ReturnType<typeof openSqliteStore>>, shared: { clock: Clock; log: Log }) {
  const { token, app, apiUrl } = config.github
  if (token === null && app === null) return null
  const markerKey = await store.effects.setting('marker_key', randomBytes(32).toString('base64url'))
  const github = createGitHub({ apiUrl, token, app, ...shared })
  return createGitHubBroker({ github, effects: store.effects, markerKey, ...shared })
}

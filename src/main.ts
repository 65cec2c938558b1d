// The composition root: the only file that knows every stage. Read it first: what exists, how it is wired, how
// it starts and how it stops.
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type AskReading, type MayHear, createReading } from './access/reading.ts'
import { type Answered, type AnswerRequest, answerQuestion } from './ask/answer.ts'
import { maySeeRun } from './api/visible.ts'
import { createBroker } from './broker/broker.ts'
import { connectChat } from './connect-chat.ts'
import { watchDescriptors } from './descriptors.ts'
import { type AskFacts, createAskFacts } from './dispatch/ask-facts.ts'
import { type Dispatcher, createDispatcher } from './dispatch/dispatcher.ts'
import {
  type InstalledParts,
  type ServiceInstallation,
  fixedSettings,
  install,
  overTheSameData,
  switchModule,
  withSettings,
} from './installed.ts'
import { createIntake } from './intake.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import type { Log } from './lib/log.ts'
import { oneAtATime } from './lib/one-at-a-time.ts'
import { createRunIds } from './lib/run-ids.ts'
import { type Metrics, createMetrics } from './metrics/metrics.ts'
import { type LargePayloads, createLargePayloads } from './payload/large-payloads.ts'
import type { FoundWalls } from './run/find-walls.ts'
import { ModuleJournal } from './run/journal.ts'
import { logSettlement } from './run/log-settlement.ts'
import { openPool } from './run/open-pool.ts'
import type { ProcessPool } from './run/process-pool.ts'
import { runModule } from './run/run-module.ts'
import { settleUnwritable, withoutSecrets } from './run/settlement.ts'
import { type Runner, createRunner } from './run/runner.ts'
import { workerCaps } from './run/worker-caps.ts'
import { stopReplaced } from './run/stop-replaced.ts'
import { type Retention, createRetention } from './retention/retention.ts'
import { type Scheduler, createScheduler } from './schedule/scheduler.ts'
import { formatEvent } from './send/format.ts'
import { type Outbox, createOutbox } from './send/outbox.ts'
import type { Sender } from './send/sender.ts'
import { type Opened, createOpened } from './opened.ts'
import { dataDirProblem, listenProblem, makeDataDir } from './start-problems.ts'
import { startStages, toBeStopped } from './start-stages.ts'
import { removeServerFile, writeServerFile } from './server-file.ts'
import { openSqliteStore } from './store/sqlite/open.ts'
import type { Plan, RunRecord, Store } from './store/store.ts'
import { watchWrites } from './store/watch-writes.ts'

export interface ServiceOptions {
  readonly installation: ServiceInstallation
  readonly log: Log
  readonly clock?: Clock
  /** Of Hookyard. @default 0.0.0 */
  readonly version?: string
  /** To the API, per token. @default 600 */
  readonly requestsPerMinute?: number | undefined
}

export interface Service {
  /** `http://HOST:PORT` */
  readonly url: string
  readonly localToken: string
  /** Process ids of the module processes at work. */
  moduleProcesses(): readonly number[]
  /** Swaps configuration and modules. @throws ConfigError when a handler does not fit; the old ones stay. */
  reload(next: ServiceInstallation): Promise<void>
  /**
   * Takes an answer to a paused run's question; the run goes on with it.
   * @throws UserError unknown_run, not_authorized, wrong_state, invalid_input
   */
  answer(request: Omit<AnswerRequest, 'at'>): Promise<Answered>
  /** Takes nothing more in, lets running runs end within `graceMs`, then stops them; they go on at the next start. */
  stop(graceMs?: number): Promise<void>
}

const STOP_GRACE_MS = 20_000

/** What the stages share. */
interface Shared {
  /** The installation in force; a reload replaces it. */
  readonly now: () => InstalledParts
  readonly store: Store
  readonly pool: ProcessPool
  readonly walls: FoundWalls
  readonly senders: Map<string, Sender>
  readonly metrics: Metrics
  readonly payloads: LargePayloads
  readonly newRunId: () => string
  readonly askReading: AskReading
  readonly mayHear: MayHear
  readonly clock: Clock
  readonly log: Log
}

interface Stages {
  /** Names this process among others. */
  readonly owner: string
  readonly dispatcher: Dispatcher
  readonly scheduler: Scheduler
  readonly runner: Runner
  readonly outbox: Outbox
  readonly retention: Retention
  readonly journal: ModuleJournal
  readonly askFacts: AskFacts
  /** What a commit of plans means to the others. */
  onCommitted(plans: readonly Plan[], cancel: readonly string[]): void
  /** A newer run has cancelled these. */
  onReplaced(runIds: readonly string[]): void
}

/**
 * Starts the whole service; one that fails on the way leaves nothing open.
 * @throws ConfigError when a handler does not fit its manifest; Error when the store or the port cannot be had.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const opened = createOpened(options.log)
  try {
    return await start(options, opened)
  } catch (thrown) {
    await opened.close().catch(() => undefined)
    throw thrown
  }
}

async function start(
  { installation, log, clock = systemClock, version = '0.0.0', requestsPerMinute }: ServiceOptions,
  opened: Opened,
): Promise<Service> {
  const { dataDir, server: address } = installation.config
  await makeDataDir(installation.config)
  const databaseFile = join(dataDir, 'hookyard.db')
  const sqlite = await openSqliteStore({ file: databaseFile, clock, log })
  opened.add('store', () => sqlite.close())
  const store = stopReplaced(watchWrites(sqlite, clock), (runIds) => stages.onReplaced(runIds))
  const { pool, walls } = await openPool(installation.config, installation.env, log)
  const context = { pool, walls, effects: store.effects, switches: store.switches, chat: store.chat, clock, log }
  opened.add('server.json', () => removeServerFile(dataDir))
  opened.add('module processes', () => pool.close())
  let parts = await install(installation, context)
  pool.serve(parts.handlers)
  const senders = new Map(parts.senders.map((sender) => [sender.scheme, sender]))
  const metrics = createMetrics({ version, counts: () => store.overview.counts(), clock })
  const now = () => parts
  const reading = createReading({ github: () => parts.github, access: () => parts.access, log })
  const payloads = createLargePayloads()
  opened.add('large payloads', () => payloads.close())
  const made = { metrics, payloads, newRunId: createRunIds(), ...reading }
  const shared: Shared = { now, store, pool, walls, senders, ...made, clock, log }
  const stages = createStages(shared)
  // A reload and a switch both replace the parts: one after the other, or one of them would be forgotten.
  const alone = oneAtATime()
  const answer = takeAnswers(shared, () => stages.runner.wake())
  const onSettings = () => alone(async () => void (parts = await withSettings(parts, context)))
  const chat = connectChat({
    ...shared,
    answer,
    onSettings,
    wakeRuns: () => stages.runner.wake(),
    wakeOutbox: () => stages.outbox.wake(),
    version,
    owner: stages.owner,
  })
  const localToken = randomBytes(32).toString('base64url')
  let stopping = false
  /** While it starts nothing runs that could be waited for. */
  let grace = 0
  const server = createIntake({
    ...shared,
    stages,
    ...stages,
    telegram: chat,
    answer,
    onSettings,
    switchModule: (module, enabled, by) =>
      alone(async () => {
        parts = await switchModule(parts, { module, enabled, by }, context)
        pool.serve(parts.handlers)
      }),
    ...{ version, databaseFile, requestsPerMinute, localToken },
    stopping: () => stopping,
  })
  const descriptors = watchDescriptors(dataDir, log)
  opened.add('descriptors', async () => descriptors.stop())
  toBeStopped(opened, stages, () => grace)
  opened.add('chat', () => chat.stop())
  opened.add('server', () => server.close())

  const reclaimed = await store.runs.reclaim(clock(), true)
  if (reclaimed.length > 0) log.info({ runs: reclaimed }, 'runs of the previous process go on')
  const url = await server.listen(address).catch((thrown: unknown) => {
    throw listenProblem(installation.config, thrown)
  })
  await writeServerFile(dataDir, { url, token: localToken, pid: process.pid }).catch((thrown: unknown) => {
    throw dataDirProblem(installation.config, thrown)
  })
  startStages(stages, store.deliveries, clock)
  await stages.scheduler.start()
  chat.start()
  void stages.journal.flush()
  log.info({ agent: parts.agent.describe(), modules: namesOf(parts) }, `listening on ${url}`)

  return {
    url,
    localToken,
    moduleProcesses: () => pool.busy(),
    async reload(next) {
      await alone(async () => {
        const installed = await install(overTheSameData(next, parts.config), context)
        for (const key of fixedSettings(parts.config, next.config))
          log.warn({ key }, 'this setting takes effect at the next start')
        parts = installed
        pool.serve(parts.handlers)
        senders.clear()
        for (const sender of parts.senders) senders.set(sender.scheme, sender)
        log.info({ modules: namesOf(parts) }, 'configuration and modules reloaded')
      })
      // Not among those: an update under way may wait for its turn there.
      await chat.reload()
    },
    answer,
    async stop(graceMs = STOP_GRACE_MS) {
      stopping = true
      grace = graceMs
      await opened.close()
      log.info({}, 'stopped')
    },
  }
}

/** Answers to questions, of those who may still be told of the run's repository. */
function takeAnswers({ now, store, mayHear, clock }: Shared, onTaken: () => void): Service['answer'] {
  return async (request) => {
    const { name, isAdmin } = request.by
    const user = now().access.user(name)
    const maySee = async (run: RunRecord) => user !== undefined && maySeeRun({ user, isAdmin }, run, mayHear)
    const answered = await answerQuestion(store.runs, { ...request, at: clock() }, maySee)
    onTaken()
    return answered
  }
}

/** Dispatch, run and send, each woken by what the one before has written. */
function createStages(shared: Shared): Stages {
  const { now, store, pool, metrics, payloads, newRunId, clock, log } = shared
  const module = (name: string) => now().registry.get(name)
  const addressOf = (user: string) => now().access.user(user)?.address ?? null
  const isMuted = (user: string, entity: string) => now().access.isMuted(user, entity, clock())
  const journal = new ModuleJournal({ dataDir: now().config.dataDir, store: store.runs, clock, log })
  const outbox = createOutbox({ store: store.outbox, senders: shared.senders, clock, log })
  const onAdded = () => {
    outbox.wake()
    runner.wake()
  }
  const github = () => now().github
  const agent = () => now().agent
  const config = () => now().config
  const spend: Store['runs']['spend'] = async (spending) => {
    await store.runs.spend(spending)
    metrics.spent(spending)
  }
  const broker = createBroker({
    redact: (value) => now().redact(value),
    github,
    agent,
    config,
    store: { ...store, runs: { ...store.runs, spend } },
    addressOf,
    isMuted,
    module,
    newRunId,
    clock,
    log,
    onAdded,
  })
  const owner = `${hostname()}:${process.pid}:${newRunId()}`
  const { concurrency } = now().config.workers
  const runner = createRunner({
    store: store.runs,
    async execute(run, stop) {
      const githubApiUrl = now().config.github.apiUrl
      const { redact } = now()
      const options = {
        broker,
        redact,
        pool,
        module,
        addressOf,
        isMuted,
        githubApiUrl,
        clock,
        random: Math.random,
        log,
      }
      const began = performance.now()
      const payload = run.payload && (await payloads.shorten(run.payload))
      const settlement = withoutSecrets(await runModule({ ...run, payload }, stop, options), redact)
      const ms = performance.now() - began
      metrics.attempted(run, settlement, ms)
      logSettlement(log, run, settlement, ms)
      return settlement
    },
    owner,
    concurrency,
    caps: () => workerCaps(now().registry.all(), concurrency),
    unwritable(run, error) {
      const people = { addressOf, isMuted, random: Math.random }
      return withoutSecrets(settleUnwritable(error, { run, ...people, now: clock() }), now().redact)
    },
    clock,
    log,
    onSettled() {
      void journal.flush()
      outbox.wake()
    },
    onExpired: () => void journal.flush(),
  })
  const onCommitted: Stages['onCommitted'] = (plans, cancel) => {
    metrics.committed(plans)
    const cancelled = plans.flatMap((plan) => plan.cancelled)
    for (const { runId, reason } of cancelled) if (cancel.includes(runId)) runner.cancel([runId], reason)
    if (cancelled.length > 0) void journal.flush()
    if (plans.some((plan) => plan.runs.length + plan.coalesced.length + plan.cancelled.length > 0))
      runner.wake()
    if (plans.some((plan) => plan.messages.length > 0)) outbox.wake()
  }
  const onReplaced: Stages['onReplaced'] = (runIds) => {
    runner.cancel(runIds, 'replaced')
    void journal.flush()
  }
  const askFacts = createAskFacts({ sources: github, world: now, askReading: shared.askReading, log })
  const dispatcher = createDispatcher({
    store: store.deliveries,
    registry: () => now().registry,
    access: () => now().access,
    format: formatEvent,
    newRunId,
    shorten: payloads.shorten,
    askFacts,
    clock,
    log,
    onCommitted,
  })
  const scheduler = createScheduler({
    store,
    schedules: () => now().registry.schedules(),
    access: () => now().access,
    askReading: shared.askReading,
    newRunId,
    owner,
    clock,
    log,
    onCreated: () => runner.wake(),
  })
  const periods = () => now().config.retention
  const retention = createRetention({ store, periods, owner, clock, log })
  const told = { onCommitted, onReplaced }
  return { owner, dispatcher, scheduler, runner, outbox, retention, journal, askFacts, ...told }
}

const namesOf = (parts: InstalledParts) => parts.registry.all().map((module) => module.name)

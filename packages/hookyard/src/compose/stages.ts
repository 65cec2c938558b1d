// The stages of a service, each made of what stands before it: how they start and stop, and who wakes whom.
import type { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Access } from '../access/access.ts'
import type { AskReading, MayHear } from '../access/reading.ts'
import { createBroker } from '../broker/broker.ts'
import type { Config } from '../config/config.ts'
import { type AskFacts, createAskFacts } from '../dispatch/ask-facts.ts'
import type { InForce } from '../dispatch/decide.ts'
import { Dispatcher } from '../dispatch/dispatcher.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { LargePayloads } from '../payload/large-payloads.ts'
import type { Module } from '../registry/manifest.ts'
import type { ModuleRegistry } from '../registry/module-registry.ts'
import type { FoundWalls } from '../run/find-walls.ts'
import { ModuleJournal } from '../run/journal.ts'
import type { ProcessPool } from '../run/process-pool.ts'
import { runModule } from '../run/run-module.ts'
import { settleUnwritable, withoutSecrets } from '../run/settlement.ts'
import { type Runner, type RunnerOptions, createRunner, workerCaps } from '../run/runner.ts'
import { type Retention, createRetention } from '../retention/retention.ts'
import { type Scheduler, createScheduler } from '../schedule/scheduler.ts'
import { formatEvent } from '../send/format.ts'
import { type Outbox, createOutbox } from '../send/outbox.ts'
import type { Sender } from '../send/sender.ts'
import type { Plan, Store } from '../store/store.ts'
import type { InstalledParts } from './installed.ts'

/** What one stage tells the others; `createStages` says at its end who listens. */
export type Signals = EventEmitter<{
  /** A run may be due. */
  runs: []
  /** A message may wait. */
  messages: []
  /** Runs have ended: their journals are to be written. */
  ended: []
  /** These runs are cancelled: those that run are to stop. */
  cancelled: [runIds: readonly string[], reason: string]
}>

/** What the stages share. The getters answer with what is in force: a reload replaces it. */
export interface Shared {
  readonly now: () => InstalledParts
  readonly config: () => Config
  readonly registry: () => ModuleRegistry
  readonly access: () => Access
  readonly module: (name: string) => Module | undefined
  readonly store: Store
  readonly signals: Signals
  readonly wakeRuns: () => void
  readonly wakeOutbox: () => void
  readonly pool: ProcessPool
  readonly walls: FoundWalls
  readonly senders: Map<string, Sender>
  readonly metrics: Metrics
  readonly payloads: LargePayloads
  readonly newRunId: () => string
  /** Names this process among others. */
  readonly owner: string
  readonly askReading: AskReading
  readonly mayHear: MayHear
  readonly clock: Clock
  readonly log: Log
}

export interface Stages {
  readonly dispatcher: Dispatcher
  readonly scheduler: Scheduler
  readonly runner: Runner
  readonly outbox: Outbox
  readonly retention: Retention
  readonly journal: ModuleJournal
  readonly askFacts: AskFacts
  readonly inForce: () => Omit<InForce, 'tracker'>
  /** Tells the others what plans have led to; `cancel` holds running runs that were asked to stop. */
  readonly onCommitted: (plans: readonly Plan[], cancel: readonly string[]) => void
}

/** Send, run and dispatch: from the last to the first. */
export function createStages(shared: Shared): Stages {
  const { now, config, access, store, signals, metrics, payloads, newRunId, clock, log } = shared
  const { dataDir } = config()
  const journal = new ModuleJournal({ dataDir, store: store.runs, clock, log })
  const outbox = createOutbox({ store: store.outbox, senders: shared.senders, clock, log })
  const runner = createRunner(runnerOptions(shared))
  const onCommitted = (plans: readonly Plan[], cancel: readonly string[]) => {
    metrics.committed(plans)
    const cancelled = plans.flatMap((plan) => plan.cancelled)
    for (const { runId, reason } of cancelled) if (cancel.includes(runId)) runner.cancel([runId], reason)
    if (cancelled.length > 0) signals.emit('ended')
    if (plans.some((plan) => plan.runs.length + plan.coalesced.length + plan.cancelled.length > 0))
      runner.wake()
    if (plans.some((plan) => plan.messages.length > 0)) outbox.wake()
  }
  const inForce = () => {
    const { registry, access } = now()
    return { registry, access, format: formatEvent, newRunId, now: clock() }
  }
  const sources = () => now().github
  const askFacts = createAskFacts({ sources, inForce, askReading: shared.askReading, log })
  const dispatcher = new Dispatcher({
    ...{ store: store.deliveries, inForce, shorten: payloads.shorten, askFacts, clock, log, onCommitted },
  })
  const schedules = () => shared.registry().schedules()
  const scheduler = createScheduler({ ...shared, access, schedules, onCreated: shared.wakeRuns })
  const retention = createRetention({ ...shared, periods: () => config().retention })

  signals.on('runs', () => runner.wake())
  signals.on('messages', () => outbox.wake())
  signals.on('ended', () => void journal.flush())
  signals.on('cancelled', (runIds, reason) => {
    runner.cancel(runIds, reason)
    signals.emit('ended')
  })
  return { dispatcher, scheduler, runner, outbox, retention, journal, askFacts, inForce, onCommitted }
}

function runnerOptions(shared: Shared): RunnerOptions {
  const { now, access, module, store, signals, metrics, payloads, pool, owner, clock, log } = shared
  const { concurrency } = shared.config().workers
  const people = {
    addressOf: (user: string) => access().user(user)?.address ?? null,
    isMuted: (user: string, entity: string) => access().isMuted(user, entity, clock()),
  }
  const broker = createBroker({
    ...shared,
    ...people,
    redact: (value) => now().redact(value),
    github: () => now().github,
    agent: () => now().agent,
    onAdded() {
      signals.emit('messages')
      signals.emit('runs')
    },
  })
  return {
    store: store.runs,
    async execute(run, stop) {
      const { redact, config } = now()
      const githubApiUrl = config.github.apiUrl
      const began = performance.now()
      const payload = run.payload && (await payloads.shorten(run.payload))
      const options = {
        ...people,
        broker,
        redact,
        pool,
        module,
        githubApiUrl,
        clock,
        random: Math.random,
        log,
      }
      const settlement = withoutSecrets(await runModule({ ...run, payload }, stop, options), redact)
      metrics.attempted(run, settlement, performance.now() - began)
      return settlement
    },
    owner,
    concurrency,
    caps: () => workerCaps(shared.registry().all(), concurrency),
    unwritable: (run, error) =>
      withoutSecrets(
        settleUnwritable(error, { run, ...people, random: Math.random, now: clock() }),
        now().redact,
      ),
    clock,
    log,
    onSettled() {
      signals.emit('ended')
      signals.emit('messages')
    },
    onExpired: () => void signals.emit('ended'),
  }
}

/** A backlog that takes longer than this to decide holds no runs up. */
const CATCH_UP_MS = 5_000
const LOOK_MS = 20

/**
 * Starts them, the runner last: what a crash left undecided may join a run that waits, or cancel it, so it is decided
 * before anything runs.
 */
export async function startStages(stages: Stages, { store, clock, log }: Shared): Promise<void> {
  const reclaimed = await store.runs.reclaim(clock(), true)
  if (reclaimed.length > 0) log.info({ runs: reclaimed }, 'runs of the previous process go on')
  const startedAt = clock()
  for (const stage of [stages.dispatcher, stages.outbox, stages.retention]) stage.start()
  void caughtUp(store, startedAt).then(() => stages.runner.start())
  await stages.scheduler.start()
  void stages.journal.flush()
}

/** Their ends, to be done from the last to the first: what brings work before what does it. `graceMs`: see Runner. */
export const stopsOf = (
  stages: Stages,
  graceMs: () => number,
): [name: string, stop: () => Promise<void>][] => [
  ['outbox', () => stages.outbox.stop()],
  ['journal', () => stages.journal.stop()],
  ['runner', () => stages.runner.stop(graceMs())],
  ['retention', () => stages.retention.stop()],
  ['scheduler', () => stages.scheduler.stop()],
  ['dispatcher', () => stages.dispatcher.stop()],
]

/** Resolves when nothing is undecided that came before the start; what comes after it does not count. */
async function caughtUp({ deliveries }: Store, startedAt: number): Promise<void> {
  const giveUp = performance.now() + CATCH_UP_MS
  while (performance.now() < giveUp) {
    // A store that cannot be read is the stages' own matter: they try again.
    const [oldest] = await deliveries.pending(1).catch(() => [])
    if (oldest === undefined || oldest.receivedAt >= startedAt) return
    await delay(LOOK_MS, undefined, { ref: false })
  }
}

// The stages of a service: how they are made and wake each other, in which order they start and stop.
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { AskReading, MayHear } from '../access/reading.ts'
import { createBroker } from '../broker/broker.ts'
import { type AskFacts, createAskFacts } from '../dispatch/ask-facts.ts'
import { Dispatcher } from '../dispatch/dispatcher.ts'
import type { InstalledParts } from './installed.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { LargePayloads } from '../payload/large-payloads.ts'
import type { FoundWalls } from '../run/find-walls.ts'
import { ModuleJournal } from '../run/journal.ts'
import type { ProcessPool } from '../run/process-pool.ts'
import { runModule } from '../run/run-module.ts'
import { settleUnwritable, withoutSecrets } from '../run/settlement.ts'
import { type Runner, createRunner, workerCaps } from '../run/runner.ts'
import { type Retention, createRetention } from '../retention/retention.ts'
import { type Scheduler, createScheduler } from '../schedule/scheduler.ts'
import { formatEvent } from '../send/format.ts'
import { type Outbox, createOutbox } from '../send/outbox.ts'
import type { Sender } from '../send/sender.ts'
import type { Opened } from './opened.ts'
import type { DeliveryStore, Plan, Store } from '../store/store.ts'

/** What the stages share. */
export interface Shared {
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

export interface Stages {
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

/** Dispatch, run and send, each woken by what the one before has written. */
export function createStages(shared: Shared): Stages {
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
      metrics.attempted(run, settlement, performance.now() - began)
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
  const askFacts = createAskFacts({ sources: github, inForce: now, askReading: shared.askReading, log })
  const dispatcher = new Dispatcher({
    store: store.deliveries,
    inForce: () => {
      const { registry, access } = now()
      return { registry, access, format: formatEvent, newRunId, now: clock() }
    },
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
  void caughtUp(store.deliveries, startedAt).then(() => stages.runner.start())
}

/** To be stopped in this order, from its end: what brings work before what does it. `graceMs`: see Runner. */
export function toBeStopped(opened: Opened, stages: Stages, graceMs: () => number): void {
  opened.add('outbox', () => stages.outbox.stop())
  opened.add('journal', () => stages.journal.stop())
  opened.add('runner', () => stages.runner.stop(graceMs()))
  opened.add('retention', () => stages.retention.stop())
  opened.add('scheduler', () => stages.scheduler.stop())
  opened.add('dispatcher', () => stages.dispatcher.stop())
}

/** Resolves when nothing is undecided that came before the start; what comes after it does not count. */
async function caughtUp(deliveries: Pick<DeliveryStore, 'pending'>, startedAt: number): Promise<void> {
  const giveUp = performance.now() + CATCH_UP_MS
  while (performance.now() < giveUp) {
    // A store that cannot be read is the stages' own matter: they try again.
    const [oldest] = await deliveries.pending(1).catch(() => [])
    if (oldest === undefined || oldest.receivedAt >= startedAt) return
    await delay(LOOK_MS, undefined, { ref: false })
  }
}

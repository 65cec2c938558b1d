// What the service counts, in Prometheus' words. Counters begin at zero with the process; gauges are asked of the
// store when they are read.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Clock } from '../lib/clock.ts'
import type { Accepted, ClaimedRun, Counts, Plan, Settlement, Spending } from '../store/store.ts'

export interface MetricsOptions {
  readonly version: string
  readonly counts: () => Promise<Counts>
  readonly clock: Clock
}

export interface Metrics {
  accepted(result: Accepted): void
  /** A request was refused with this code. */
  refused(code: string): void
  /** Deliveries were dispatched, or dispatched again. */
  committed(plans: readonly Plan[]): void
  /** An attempt has ended. */
  attempted(run: ClaimedRun, settlement: Settlement, tookMs: number): void
  spent(spending: Pick<Spending, 'module' | 'usd'>): void
  /** Everything in Prometheus' text format. @throws what the store throws */
  text(): Promise<string>
}

/** Runs take from milliseconds to the timeout of a review. */
const SECONDS = [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1_800]

/** The metrics of one service. */
export function createMetrics({ version, counts, clock }: MetricsOptions): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name: `hookyard_${name}_total`, help, labelNames, registers })
  const deliveries = counter('deliveries', 'Deliveries taken in: accepted, duplicate or retried', 'status')
  const refused = counter('requests_refused', 'HTTP requests that were refused', 'code')
  const dispatched = counter('deliveries_dispatched', 'Deliveries dispatched, replays included', 'status')
  const decisions = counter('decisions', 'Decisions about a user and a module', 'outcome')
  const attempts = counter('run_attempts', 'Attempts of runs, by how they ended', 'module', 'status')
  const cost = counter('cost_usd', 'What agents cost, in USD', 'module')
  const duration = new Histogram({
    name: 'hookyard_run_duration_seconds',
    help: 'How long attempts took',
    labelNames: ['module'],
    buckets: SECONDS,
    registers,
  })
  const setDepths = addGauges(registry, { version, startedAt: clock() })

  return {
    accepted: ({ status }) => deliveries.inc({ status }),
    refused: (code) => refused.inc({ code }),
    committed(plans) {
      for (const plan of plans) {
        dispatched.inc({ status: plan.status })
        for (const { outcome } of plan.decisions) decisions.inc({ outcome })
      }
    },
    attempted({ module }, settlement, tookMs) {
      attempts.inc({ module, status: settlement.kind === 'finished' ? settlement.status : settlement.kind })
      duration.observe({ module }, tookMs / 1_000)
      if (settlement.costUsd > 0) cost.inc({ module }, settlement.costUsd)
    },
    spent: ({ module, usd }) => cost.inc({ module }, usd),
    async text() {
      setDepths(await counts())
      return registry.metrics()
    },
  }
}

/** Adds what is asked when it is read; answers the function that sets the depths. */
function addGauges(
  registry: Registry,
  { version, startedAt }: { version: string; startedAt: number },
): (counts: Counts) => void {
  const registers = [registry]
  const received = new Gauge({
    name: 'hookyard_deliveries_waiting',
    help: 'Deliveries stored and not yet dispatched',
    registers,
  })
  const runs = new Gauge({
    name: 'hookyard_runs',
    help: 'Unfinished runs',
    labelNames: ['status'],
    registers,
  })
  const messages = new Gauge({
    name: 'hookyard_outbox_messages',
    help: 'Messages not sent: queued, or dead (refused for good)',
    labelNames: ['status'],
    registers,
  })
  const about = new Gauge({ name: 'hookyard_info', help: 'The version', labelNames: ['version'], registers })
  about.set({ version }, 1)
  const started = new Gauge({
    name: 'hookyard_start_time_seconds',
    help: 'When the service started',
    registers,
  })
  started.set(startedAt / 1_000)
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of the service, without its module processes',
    registers,
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  return (counts) => {
    received.set(counts.received)
    for (const [status, count] of Object.entries(counts.runs)) runs.set({ status }, count)
    for (const [status, count] of Object.entries(counts.messages)) messages.set({ status }, count)
  }
}

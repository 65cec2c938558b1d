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

export type Metrics = ReturnType<typeof createMetrics>

/** Runs take from milliseconds to the timeout of a review. */
const SECONDS = [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1_800]

/** The metrics of one service. */
export function createMetrics({ version, counts, clock }: MetricsOptions) {
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
    accepted: ({ status }: Accepted) => deliveries.inc({ status }),
    /** A request was refused with this code. */
    refused: (code: string) => refused.inc({ code }),
    /** Deliveries were dispatched, or dispatched again. */
    committed(plans: readonly Plan[]) {
      for (const plan of plans) {
        dispatched.inc({ status: plan.status })
        for (const { outcome } of plan.decisions) decisions.inc({ outcome })
      }
    },
    /** An attempt has ended. */
    attempted({ module }: ClaimedRun, settlement: Settlement, tookMs: number) {
      attempts.inc({ module, status: settlement.kind === 'finished' ? settlement.status : settlement.kind })
      duration.observe({ module }, tookMs / 1_000)
      if (settlement.costUsd > 0) cost.inc({ module }, settlement.costUsd)
    },
    spent: ({ module, usd }: Pick<Spending, 'module' | 'usd'>) => cost.inc({ module }, usd),
    /** Everything in Prometheus' text format. @throws what the store throws */
    async text(): Promise<string> {
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
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  const received = gauge('hookyard_deliveries_waiting', 'Deliveries stored and not yet dispatched')
  const runs = gauge('hookyard_runs', 'Unfinished runs', 'status')
  const unsent = 'Messages not sent: queued, or dead (refused for good)'
  const messages = gauge('hookyard_outbox_messages', unsent, 'status')
  const rss = gauge('process_resident_memory_bytes', 'Memory of the service, without its module processes')
  gauge('hookyard_info', 'The version', 'version').set({ version }, 1)
  gauge('hookyard_start_time_seconds', 'When the service started').set(startedAt / 1_000)
  return (counts) => {
    rss.set(process.memoryUsage.rss())
    received.set(counts.received)
    for (const [status, count] of Object.entries(counts.runs)) runs.set({ status }, count)
    for (const [status, count] of Object.entries(counts.messages)) messages.set({ status }, count)
  }
}

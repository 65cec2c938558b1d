// The numbers are those of what happened, in the format that Prometheus reads.
import { expect, test } from 'vitest'
import type { ClaimedRun, Counts, Plan, Settlement } from '../store/store.ts'
import { createMetrics } from './metrics.ts'

const COUNTS: Counts = {
  received: 3,
  runs: { queued: 2, running: 1, paused: 4 },
  messages: { queued: 5, dead: 6 },
}

const start = (counts = async () => COUNTS) => createMetrics({ version: '1.2.3', counts, clock: () => 5_000 })
const lines = async (metrics: ReturnType<typeof start>) =>
  (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))

const plan = (status: Plan['status'], ...outcomes: Plan['decisions'][number]['outcome'][]): Plan => ({
  deliveryId: 1,
  guid: 'g',
  status,
  error: null,
  decisions: outcomes.map((outcome) => ({ user: 'alice', module: 'm', outcome, reason: null, runId: null })),
  runs: [],
  coalesced: [],
  cancelled: [],
  messages: [],
  at: 0,
})

const run = { module: 'm' } as ClaimedRun
const base = { runId: 'r', attempt: 1, at: 0, error: null, details: null, costUsd: 0, messages: [] }
const done: Settlement = {
  ...base,
  kind: 'finished',
  status: 'done',
  reason: null,
  summary: null,
  costUsd: 0.25,
}
const again: Settlement = { ...base, kind: 'again', runAt: 0, counted: true }

test('what was counted, by its labels', async () => {
  const metrics = start()
  metrics.accepted({ status: 'accepted' })
  metrics.accepted({ status: 'accepted' })
  metrics.accepted({ status: 'duplicate' })
  metrics.refused('unauthorized')
  metrics.committed([plan('dispatched', 'ran', 'ran', 'notified'), plan('failed')])
  metrics.attempted(run, done, 700)
  metrics.attempted(run, again, 20_000)
  metrics.spent({ module: 'm', usd: 0.5 })
  expect(await lines(metrics)).toEqual(
    expect.arrayContaining([
      'hookyard_deliveries_total{status="accepted"} 2',
      'hookyard_deliveries_total{status="duplicate"} 1',
      'hookyard_requests_refused_total{code="unauthorized"} 1',
      'hookyard_deliveries_dispatched_total{status="dispatched"} 1',
      'hookyard_deliveries_dispatched_total{status="failed"} 1',
      'hookyard_decisions_total{outcome="ran"} 2',
      'hookyard_decisions_total{outcome="notified"} 1',
      'hookyard_run_attempts_total{module="m",status="done"} 1',
      'hookyard_run_attempts_total{module="m",status="again"} 1',
      'hookyard_run_duration_seconds_bucket{le="1",module="m"} 1',
      'hookyard_run_duration_seconds_bucket{le="30",module="m"} 2',
      'hookyard_cost_usd_total{module="m"} 0.75',
    ]),
  )
})

test('depths are asked of the store at each reading', async () => {
  let asked = 0
  const metrics = start(async () => ({ ...COUNTS, received: (asked += 1) }))
  expect(await lines(metrics)).toEqual(
    expect.arrayContaining([
      'hookyard_deliveries_waiting 1',
      'hookyard_runs{status="queued"} 2',
      'hookyard_runs{status="paused"} 4',
      'hookyard_outbox_messages{status="dead"} 6',
      'hookyard_info{version="1.2.3"} 1',
      'hookyard_start_time_seconds 5',
    ]),
  )
  expect(await lines(metrics)).toContain('hookyard_deliveries_waiting 2')
})

test('two services in one process count apart, and a store that fails is no number', async () => {
  const [one, other] = [start(), start()]
  one.refused('cooldown')
  expect((await lines(other)).filter((line) => line.includes('cooldown'))).toEqual([])
  await expect(start(() => Promise.reject(new Error('gone'))).text()).rejects.toThrow('gone')
})

// The HTTP server in front of the stages: what comes in is counted, stored, and wakes whom it concerns.
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { type ServerDeps, createServer } from '../receive/server.ts'
import type { ModuleJournal } from '../run/journal.ts'
import type { Runner } from '../run/runner.ts'
import type { Outbox } from '../send/outbox.ts'
import { type ServiceApiOptions, serviceApi } from './service-api.ts'
import { createGroupCommit } from '../store/group-commit.ts'

export interface IntakeOptions
  extends
    Omit<ServiceApiOptions, 'wakeRuns' | 'onCancelled'>,
    Pick<ServerDeps, 'localToken' | 'stopping' | 'telegram' | 'log' | 'clock' | 'store'> {
  readonly store: ServiceApiOptions['store']
  readonly clock: ServiceApiOptions['clock']
  readonly log: ServiceApiOptions['log']
  readonly metrics: Metrics
  readonly stages: {
    readonly dispatcher: Dispatcher
    readonly runner: Runner
    readonly outbox: Outbox
    readonly journal: ModuleJournal
  }
}

/** Builds the server; `listen` and `close` are the caller's. */
export function createIntake(options: IntakeOptions): ReturnType<typeof createServer> {
  const { now, store, metrics, clock, log, localToken, stopping, payloads } = options
  const { dispatcher, runner, outbox, journal } = options.stages
  const commit = createGroupCommit((batch) => store.deliveries.accept(batch))
  const wakeRuns = () => runner.wake()
  return createServer({
    config: () => now().config,
    access: () => now().access,
    async accept(delivery) {
      const accepted = await commit.accept(delivery)
      metrics.accepted(accepted)
      if (accepted.status === 'accepted')
        dispatcher.accepted(delivery.guid, delivery.excerpt ?? delivery.body)
      if (accepted.status !== 'duplicate') {
        const { guid, event, action, entity } = delivery
        log.info({ delivery: guid, event, action, entity }, `a delivery was ${accepted.status}`)
      }
      return accepted
    },
    api: serviceApi({
      ...options,
      wakeRuns,
      onCancelled(runIds, reason) {
        runner.cancel(runIds, reason)
        void journal.flush()
      },
    }),
    onRefused: metrics.refused,
    payloads,
    store,
    clock,
    log,
    ...(localToken === undefined ? {} : { localToken }),
    ...(stopping === undefined ? {} : { stopping }),
    ...(options.telegram && { telegram: options.telegram }),
    wakeDispatch: () => dispatcher.wake(),
    wakeRuns,
    wakeOutbox: () => outbox.wake(),
  })
}

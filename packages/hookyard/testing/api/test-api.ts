// The API as tests want it: the real operations over a real store, with the stages that they wake left out.
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { createInvite } from '../../src/access/invites.ts'
import { createAccess } from '../../src/access/access.ts'
import { answerQuestion } from '../../src/ask/answer.ts'
import type { Config } from '../../src/config/config.ts'
import { replayDelivery } from '../../src/dispatch/replay.ts'
import { traceTarget } from '../../src/explain/why.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { Log } from '../../src/lib/log.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import type { Auth } from '../../src/receive/auth.ts'
import type { Module } from '../../src/registry/manifest.ts'
import { indexModules } from '../../src/registry/module-registry.ts'
import { formatEvent } from '../../src/send/format.ts'
import type { ModuleSwitch, Store } from '../../src/store/store.ts'
import { installApi } from '../../src/api/api.ts'
import type { ApiDeps } from '../../src/api/deps.ts'

export interface TestApiOptions {
  readonly config: () => Config
  readonly modules: readonly Module[]
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly newRunId: () => string
  readonly wakeRuns: () => void
  /** What a test puts in the place of the rest. */
  readonly deps?: Partial<ApiDeps>
}

/** What the API would be given by the whole service. */
export function testApiDeps(options: TestApiOptions): ApiDeps {
  const { config, store, clock, newRunId, wakeRuns } = options
  const modules = new Map(options.modules.map((module) => [module.name, module]))
  const switches = new Map<string, ModuleSwitch>()
  const registry = () => indexModules([...modules.values()])
  const access = () => createAccess(config())
  const metrics = createMetrics({ version: '1.2.3', counts: () => store.overview.counts(), clock })
  return {
    ...options,
    registry,
    access,
    mayHear: async (user, repository) => access().mayHear(user, repository),
    switches: () => switches,
    async switchModule(name, enabled, by) {
      switches.set(name, { module: name, enabled, by, at: clock() })
      modules.set(name, { ...modules.get(name)!, enabled })
    },
    nextTicks: () => [],
    answer: (request) => answerQuestion(store.runs, { ...request, at: clock() }),
    onCancelled: () => undefined,
    replay: (guid) =>
      replayDelivery(guid, {
        store,
        inForce: () => ({
          registry: registry(),
          access: access(),
          format: formatEvent,
          newRunId,
          now: clock(),
        }),
        shorten: async (json) => json,
        askFacts: () => null,
        onCommitted: () => undefined,
      }),
    invite: (user) => createInvite(store.chat, user, clock()),
    revoke: (user) => store.chat.revoke(user),
    trace: (target) => traceTarget(store, target),
    counts: () => store.overview.counts(),
    about: () => ({
      version: '1.2.3',
      startedAt: clock(),
      agent: { backend: 'offline', why: 'a test' },
      modules: { enabled: modules.size, disabled: 0 },
      isolation: {
        mode: 'auto',
        namespace: true,
        reason: 'made by a test',
        fix: null,
        permission: true,
        network_refused: true,
        open: null,
      },
    }),
    metrics: () => metrics.text(),
    backup: async () => Readable.from([Buffer.from('SQLite format 3\0')]),
    wakeRuns,
    requestsPerMinute: 1_000_000,
    ...options.deps,
  }
}

/** Adds the API's routes. */
export const testApi =
  (options: TestApiOptions) =>
  (app: FastifyInstance, auth: Auth): void =>
    installApi(app, auth, testApiDeps(options))

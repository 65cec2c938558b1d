// What the API asks of the stages, put together: the operations themselves know no stage.
import { createReadStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { createInvite } from '../access/invites.ts'
import { installApi } from '../api/api.ts'
import type { ApiDeps } from '../api/deps.ts'
import type { AskFacts } from '../dispatch/ask-facts.ts'
import { replayDelivery } from '../dispatch/replay.ts'
import { traceTarget } from '../explain/why.ts'
import type { InstalledParts } from './installed.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { LargePayloads } from '../payload/large-payloads.ts'
import type { Auth } from '../receive/auth.ts'
import { type FoundWalls, presentWalls } from '../run/find-walls.ts'
import { checkHandlerInput } from '../run/inspect-handlers.ts'
import type { ProcessPool } from '../run/process-pool.ts'
import { nextTicks } from '../schedule/ticks.ts'
import { formatEvent } from '../send/format.ts'
import { backupDatabase } from '../store/sqlite/backup.ts'
import type { Plan, Store } from '../store/store.ts'

/** Ticks told of each module. */
const NEXT_TICKS = 3

/** What the API needs of the running service. */
export interface ServiceApiOptions extends Pick<
  ApiDeps,
  | 'answer'
  | 'mayHear'
  | 'switchModule'
  | 'onCancelled'
  | 'wakeRuns'
  | 'newRunId'
  | 'clock'
  | 'log'
  | 'requestsPerMinute'
> {
  /** The installation in force. */
  readonly now: () => InstalledParts
  readonly store: Store
  readonly pool: ProcessPool
  readonly walls: FoundWalls
  readonly metrics: Metrics
  readonly version: string
  /** The embedded database's file. */
  readonly databaseFile: string
  readonly askFacts: AskFacts
  readonly payloads: LargePayloads
  /** Settings or claims were written: the installation in force is to know them. */
  readonly onSettings: () => Promise<void>
  /** After the commit of a replay. */
  readonly onCommitted: (plans: readonly Plan[], cancel: readonly string[]) => void
}

/** Adds the API's routes to the server. */
export function serviceApi(options: ServiceApiOptions): (app: FastifyInstance, auth: Auth) => void {
  const { now, store, pool, walls, metrics, version, clock, newRunId } = options
  const startedAt = clock()
  const deps: ApiDeps = {
    ...options,
    config: () => now().config,
    registry: () => now().registry,
    access: () => now().access,
    switches: () => now().switches,
    checkInput: (module, input) => checkHandlerInput(module, input, now().handlers, pool),
    nextTicks: (module) => nextTicks(module, clock(), NEXT_TICKS),
    replay: (guid) =>
      replayDelivery(guid, {
        store,
        inForce: () => {
          const { registry, access } = now()
          return { registry, access, format: formatEvent, newRunId, now: clock() }
        },
        shorten: options.payloads.shorten,
        askFacts: options.askFacts,
        onCommitted: options.onCommitted,
      }),
    trace: (target) => traceTarget(store, target),
    invite: (user) => createInvite(store.chat, user, clock()),
    async revoke(user) {
      const revoked = await store.chat.revoke(user)
      await options.onSettings()
      return revoked
    },
    counts: () => store.overview.counts(),
    about: () => {
      const { agent, registry } = now()
      const enabled = registry.all().filter((module) => module.enabled).length
      const isolation = presentWalls(walls)
      const modules = { enabled, disabled: registry.all().length - enabled }
      return { version, startedAt, agent: agent.describe(), modules, isolation }
    },
    metrics: () => metrics.text(),
    backup: () => backup(options.databaseFile, join(now().config.dataDir, 'tmp'), newRunId()),
  }
  return (app, auth) => installApi(app, auth, deps)
}

/** A copy that is read once; nothing of it stays on the disk. */
async function backup(file: string, folder: string, name: string): Promise<Readable> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const copy = join(folder, `backup-${name}.db`)
  await backupDatabase(file, copy)
  const bytes = createReadStream(copy)
  bytes.once('close', () => void rm(copy, { force: true }))
  return bytes
}

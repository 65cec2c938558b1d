// What the API asks of the stages, put together: the operations themselves know no stage.
import { createReadStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { createInvite } from '../access/invites.ts'
import { installApi } from '../api/api.ts'
import type { ApiDeps } from '../api/deps.ts'
import { replayDelivery } from '../dispatch/replay.ts'
import { traceTarget } from '../explain/why.ts'
import type { Auth } from '../receive/auth.ts'
import { presentWalls } from '../run/find-walls.ts'
import { checkHandlerInput } from '../run/inspect-handlers.ts'
import { nextTicks } from '../schedule/ticks.ts'
import { backupDatabase } from '../store/sqlite/backup.ts'
import type { Shared, Stages } from './stages.ts'

/** Next ticks shown of each module. */
const NEXT_TICKS = 3

/** What the API needs of the running service. */
export type ServiceApiOptions = Shared &
  Pick<ApiDeps, 'answer' | 'switchModule' | 'onCancelled' | 'requestsPerMinute'> &
  Pick<Stages, 'askFacts' | 'inForce' | 'onCommitted'> & {
    readonly version: string
    /** The embedded database's file. */
    readonly databaseFile: string
    /** Settings or claims were written: the installation in force is to know them. */
    readonly onSettings: () => Promise<void>
  }

/** Adds the API's routes to the server. */
export function serviceApi(options: ServiceApiOptions): (app: FastifyInstance, auth: Auth) => void {
  const { now, config, store, pool, walls, metrics, version, clock, newRunId } = options
  const startedAt = clock()
  const deps: ApiDeps = {
    ...options,
    switches: () => now().switches,
    checkInput: (module, input) => checkHandlerInput(module, input, now().handlers, pool),
    nextTicks: (module) => nextTicks(module, clock(), NEXT_TICKS),
    replay: (guid) => replayDelivery(guid, { ...options, shorten: options.payloads.shorten }),
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
    backup: () => backup(options.databaseFile, join(config().dataDir, 'tmp'), newRunId()),
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

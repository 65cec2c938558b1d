// The composition root: the only file that knows every stage. Read it first: what exists, how it is wired, how
// it starts and how it stops.
import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createReading } from '../access/reading.ts'
import { maySeeRun } from '../api/visible.ts'
import { type Answered, type AnswerRequest, answerQuestion } from '../ask/answer.ts'
import type { Config } from '../config/config.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { toError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { createRunIds } from '../lib/run-ids.ts'
import { createSerial } from '../lib/serial.ts'
import { createMetrics } from '../metrics/metrics.ts'
import { createLargePayloads } from '../payload/large-payloads.ts'
import { createServer } from '../receive/server.ts'
import { openPool } from '../run/process-pool.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import type { RunRecord } from '../store/store.ts'
import { connectChat } from './connect-chat.ts'
import {
  type InstalledParts,
  type ServiceInstallation,
  fixedSettings,
  install,
  overTheSameData,
  switchModule,
  withSettings,
} from './installed.ts'
import { removeServerFile, writeServerFile } from './server-file.ts'
import { serviceApi } from './service-api.ts'
import { type Shared, type Signals, createStages, startStages, stopsOf } from './stages.ts'
import { dataDirProblem, listenProblem, makeDataDir } from './start-problems.ts'
import { watchDescriptors } from './watch-descriptors.ts'
import { watchStore } from './watch-store.ts'

export interface ServiceOptions {
  readonly installation: ServiceInstallation
  readonly log: Log
  readonly clock?: Clock
  /** Of Hookyard. @default 0.0.0 */
  readonly version?: string
  /** To the API, per token. @default 600 */
  readonly requestsPerMinute?: number | undefined
  /** Makes the module processes. @default openPool, with a starter of their own */
  readonly pool?: typeof openPool
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

/** What a start has opened, by a name for the log. */
export type Opened = { readonly name: string; readonly close: () => unknown }[]

/**
 * Starts the whole service; one that fails on the way leaves nothing open.
 * @throws ConfigError when a handler does not fit its manifest; Error when the store or the port cannot be had.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const opened: Opened = []
  try {
    return await start(options, opened)
  } catch (thrown) {
    await closeAll(opened, options.log).catch(() => undefined)
    throw thrown
  }
}

async function start(
  { installation, log, clock = systemClock, version = '0.0.0', requestsPerMinute, ...made }: ServiceOptions,
  opened: Opened,
): Promise<Service> {
  const toClose = (name: string, close: () => unknown) => void opened.push({ name, close })
  const { dataDir } = installation.config
  await makeDataDir(installation.config)
  const databaseFile = join(dataDir, 'hookyard.db')
  const sqlite = await openSqliteStore({ file: databaseFile, clock, log })
  toClose('store', () => sqlite.close())
  const signals: Signals = new EventEmitter()
  const metrics = createMetrics({ version, counts: () => sqlite.overview.counts(), clock })
  const onReplaced = (runIds: readonly string[]) => void signals.emit('cancelled', runIds, 'replaced')
  const store = watchStore(sqlite, { clock, onReplaced, onSpent: metrics.spent })
  const { pool, walls } = await (made.pool ?? openPool)(installation, log)
  toClose('server.json', () => removeServerFile(dataDir))
  toClose('module processes', () => pool.close())
  const context = { ...store, pool, walls, clock, log }
  let parts = await install(installation, context)
  pool.serve(parts.handlers)
  const payloads = createLargePayloads()
  toClose('large payloads', () => payloads.close())
  const newRunId = createRunIds()
  const shared: Shared = {
    now: () => parts,
    config: () => parts.config,
    registry: () => parts.registry,
    access: () => parts.access,
    module: (name) => parts.registry.get(name),
    wakeRuns: () => void signals.emit('runs'),
    wakeOutbox: () => void signals.emit('messages'),
    senders: new Map(parts.senders.map((sender) => [sender.scheme, sender])),
    owner: `${hostname()}:${process.pid}:${newRunId()}`,
    ...createReading({ github: () => parts.github, access: () => parts.access, log }),
    ...{ store, signals, pool, walls, metrics, payloads, newRunId, clock, log },
  }
  const stages = createStages(shared)
  // A reload and a switch both replace the parts: one after the other, or one of them would be forgotten.
  const serial = createSerial()
  const replaceParts = (next: () => Promise<InstalledParts>) =>
    serial('parts', async () => {
      const { handlers } = parts
      parts = await next()
      if (parts.handlers !== handlers) pool.serve(parts.handlers)
    })
  const answer = takeAnswers(shared)
  const onSettings = () => replaceParts(() => withSettings(parts, context))
  const chat = connectChat({ ...shared, answer, onSettings, version })
  const localToken = randomBytes(32).toString('base64url')
  /** Of the stop; null: not yet. While it starts nothing runs that could be waited for. */
  let grace: number | null = null
  const server = createServer({
    ...shared,
    onAccepted(delivery, accepted) {
      metrics.accepted(accepted)
      if (accepted.status === 'accepted')
        stages.dispatcher.accepted(delivery.guid, delivery.excerpt ?? delivery.body)
      if (accepted.status === 'retried') shared.wakeRuns()
    },
    onRefused: metrics.refused,
    telegram: chat,
    localToken,
    stopping: () => grace !== null,
    api: serviceApi({
      ...shared,
      ...stages,
      ...{ answer, onSettings, version, databaseFile, requestsPerMinute },
      onCancelled: (runIds, reason) => void signals.emit('cancelled', runIds, reason),
      switchModule: (module, enabled, by) =>
        replaceParts(() => switchModule(parts, { module, enabled, by }, context)),
    }),
  })
  toClose('descriptors', watchDescriptors(dataDir, log))
  for (const [name, stop] of stopsOf(stages, () => grace ?? 0)) toClose(name, stop)
  toClose('chat', () => chat.stop())
  toClose('server', () => server.close())

  const url = await openPort(server, installation.config, localToken)
  await startStages(stages, shared)
  chat.start()
  log.info({ agent: parts.agent.describe(), modules: namesOf(parts) }, `listening on ${url}`)

  return {
    url,
    localToken,
    moduleProcesses: () => pool.busy(),
    async reload(next) {
      await replaceParts(async () => {
        const installed = await install(overTheSameData(next, parts.config), context)
        for (const key of fixedSettings(parts.config, next.config))
          log.warn({ key }, 'this setting takes effect at the next start')
        shared.senders.clear()
        for (const sender of installed.senders) shared.senders.set(sender.scheme, sender)
        return installed
      })
      log.info({ modules: namesOf(parts) }, 'configuration and modules reloaded')
      // Not within: an update under way may wait for its turn there.
      await chat.reload()
    },
    answer,
    async stop(graceMs = STOP_GRACE_MS) {
      grace = graceMs
      await closeAll(opened, log)
      log.info({}, 'stopped')
    },
  }
}

/** Listens, and tells the commands of this machine where. @throws ConfigError when it cannot. */
async function openPort(server: ReturnType<typeof createServer>, config: Config, token: string) {
  const url = await server.listen(config.server).catch((thrown: unknown) => {
    throw listenProblem(config, thrown)
  })
  await writeServerFile(config.dataDir, { url, token, pid: process.pid }).catch((thrown: unknown) => {
    throw dataDirProblem(config, thrown)
  })
  return url
}

/**
 * Closes what was opened last first. What cannot be closed keeps nothing else open.
 * @throws Error the first that came of it
 */
export async function closeAll(opened: Opened, log: Log): Promise<void> {
  const errors: Error[] = []
  for (let step; (step = opened.pop());) {
    try {
      await step.close()
    } catch (thrown) {
      const err = toError(thrown)
      errors.push(err)
      log.error({ err, part: step.name }, 'a part of the service could not be closed; the others are')
    }
  }
  if (errors[0]) throw errors[0]
}

/** Answers to questions, of those who may still be told of the run's repository. */
function takeAnswers({ access, store, mayHear, wakeRuns, clock }: Shared): Service['answer'] {
  return async (request) => {
    const { name, isAdmin } = request.by
    const user = access().user(name)
    const maySee = async (run: RunRecord) => user !== undefined && maySeeRun({ user, isAdmin }, run, mayHear)
    const answered = await answerQuestion(store.runs, { ...request, at: clock() }, maySee)
    wakeRuns()
    return answered
  }
}

const namesOf = (parts: InstalledParts) => parts.registry.all().map((module) => module.name)

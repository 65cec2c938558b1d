// The composition root: the only file that knows every stage. Read it first: what exists, how it is wired, how
// it starts and how it stops.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createReading } from '../access/reading.ts'
import { type Answered, type AnswerRequest, answerQuestion } from '../ask/answer.ts'
import { maySeeRun } from '../api/visible.ts'
import { connectChat } from './connect-chat.ts'
import { watchDescriptors } from './descriptors.ts'
import {
  type InstalledParts,
  type ServiceInstallation,
  fixedSettings,
  install,
  overTheSameData,
  switchModule,
  withSettings,
} from './installed.ts'
import { createIntake } from './intake.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createSerial } from '../lib/serial.ts'
import { createRunIds } from '../lib/run-ids.ts'
import { createMetrics } from '../metrics/metrics.ts'
import { createLargePayloads } from '../payload/large-payloads.ts'
import { openPool } from '../run/process-pool.ts'
import { stopReplaced } from '../run/stop-replaced.ts'
import { type Opened, createOpened } from './opened.ts'
import { dataDirProblem, listenProblem, makeDataDir } from './start-problems.ts'
import { removeServerFile, writeServerFile } from './server-file.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import type { RunRecord } from '../store/store.ts'
import { watchWrites } from '../store/watch-writes.ts'
import { type Shared, createStages, startStages, toBeStopped } from './stages.ts'

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

/**
 * Starts the whole service; one that fails on the way leaves nothing open.
 * @throws ConfigError when a handler does not fit its manifest; Error when the store or the port cannot be had.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const opened = createOpened(options.log)
  try {
    return await start(options, opened)
  } catch (thrown) {
    await opened.close().catch(() => undefined)
    throw thrown
  }
}

async function start(
  { installation, log, clock = systemClock, version = '0.0.0', requestsPerMinute, ...made }: ServiceOptions,
  opened: Opened,
): Promise<Service> {
  const { dataDir } = installation.config
  await makeDataDir(installation.config)
  const databaseFile = join(dataDir, 'hookyard.db')
  const sqlite = await openSqliteStore({ file: databaseFile, clock, log })
  opened.add('store', () => sqlite.close())
  const store = stopReplaced(watchWrites(sqlite, clock), (runIds) => stages.onReplaced(runIds))
  const { pool, walls } = await (made.pool ?? openPool)(installation, log)
  const { effects, switches } = store
  const context = { pool, walls, effects, switches, chat: store.chat, clock, log }
  opened.add('server.json', () => removeServerFile(dataDir))
  opened.add('module processes', () => pool.close())
  let parts = await install(installation, context)
  pool.serve(parts.handlers)
  const senders = new Map(parts.senders.map((sender) => [sender.scheme, sender]))
  const metrics = createMetrics({ version, counts: () => store.overview.counts(), clock })
  const now = () => parts
  const reading = createReading({ github: () => parts.github, access: () => parts.access, log })
  const payloads = createLargePayloads()
  opened.add('large payloads', () => payloads.close())
  const newRunId = createRunIds()
  const shared: Shared = {
    ...{ now, store, pool, walls, senders, metrics, payloads, newRunId, clock, log },
    ...reading,
  }
  const stages = createStages(shared)
  // A reload and a switch both replace the parts: one after the other, or one of them would be forgotten.
  const serial = createSerial()
  const alone = (work: () => Promise<void>) => serial('parts', work)
  const answer = takeAnswers(shared, () => stages.runner.wake())
  const onSettings = () => alone(async () => void (parts = await withSettings(parts, context)))
  const chat = connectChat({
    ...shared,
    answer,
    onSettings,
    wakeRuns: () => stages.runner.wake(),
    wakeOutbox: () => stages.outbox.wake(),
    version,
    owner: stages.owner,
  })
  const localToken = randomBytes(32).toString('base64url')
  let stopping = false
  /** While it starts nothing runs that could be waited for. */
  let grace = 0
  const server = createIntake({
    ...shared,
    stages,
    ...stages,
    telegram: chat,
    answer,
    onSettings,
    switchModule: (module, enabled, by) =>
      alone(async () => {
        parts = await switchModule(parts, { module, enabled, by }, context)
        pool.serve(parts.handlers)
      }),
    ...{ version, databaseFile, requestsPerMinute, localToken },
    stopping: () => stopping,
  })
  const descriptors = watchDescriptors(dataDir, log)
  opened.add('descriptors', async () => descriptors.stop())
  toBeStopped(opened, stages, () => grace)
  opened.add('chat', () => chat.stop())
  opened.add('server', () => server.close())

  const url = await openDoor(server, installation.config, localToken)
  await startStages(stages, shared)
  await stages.scheduler.start()
  chat.start()
  void stages.journal.flush()
  log.info({ agent: parts.agent.describe(), modules: namesOf(parts) }, `listening on ${url}`)

  return {
    url,
    localToken,
    moduleProcesses: () => pool.busy(),
    async reload(next) {
      await alone(async () => {
        const installed = await install(overTheSameData(next, parts.config), context)
        for (const key of fixedSettings(parts.config, next.config))
          log.warn({ key }, 'this setting takes effect at the next start')
        parts = installed
        pool.serve(parts.handlers)
        senders.clear()
        for (const sender of parts.senders) senders.set(sender.scheme, sender)
        log.info({ modules: namesOf(parts) }, 'configuration and modules reloaded')
      })
      // Not among those: an update under way may wait for its turn there.
      await chat.reload()
    },
    answer,
    async stop(graceMs = STOP_GRACE_MS) {
      stopping = true
      grace = graceMs
      await opened.close()
      log.info({}, 'stopped')
    },
  }
}

/** Listens, and tells the commands of this machine where. @throws ConfigError when it cannot. */
async function openDoor(
  server: ReturnType<typeof createIntake>,
  config: ServiceInstallation['config'],
  token: string,
): Promise<string> {
  const url = await server.listen(config.server).catch((thrown: unknown) => {
    throw listenProblem(config, thrown)
  })
  await writeServerFile(config.dataDir, { url, token, pid: process.pid }).catch((thrown: unknown) => {
    throw dataDirProblem(config, thrown)
  })
  return url
}

/** Answers to questions, of those who may still be told of the run's repository. */
function takeAnswers({ now, store, mayHear, clock }: Shared, onTaken: () => void): Service['answer'] {
  return async (request) => {
    const { name, isAdmin } = request.by
    const user = now().access.user(name)
    const maySee = async (run: RunRecord) => user !== undefined && maySeeRun({ user, isAdmin }, run, mayHear)
    const answered = await answerQuestion(store.runs, { ...request, at: clock() }, maySee)
    onTaken()
    return answered
  }
}

const namesOf = (parts: InstalledParts) => parts.registry.all().map((module) => module.name)

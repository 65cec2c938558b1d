// Hookyard as people run it: the command line, a configuration file, modules, users, SQLite on the disk.
import SqliteConnection from 'better-sqlite3'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readServerFile } from '../../packages/hookyard/src/compose/server-file.ts'
import { type Server, startNode, stopProcess } from './server.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const START_MS = 60_000
const POLL_MS = 100
/** A service that needs longer than this to work off what it accepted is broken. */
const IDLE_MS = 300_000

export interface HookyardOptions {
  /** An empty folder for the configuration and the data. */
  readonly folder: string
  /** What differs from `settings`, key by key. */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly core?: number | null
  /** The checkout that is started. Default: the one that this file is in. */
  readonly root?: string
  /** For node: profiling and the like. */
  readonly nodeArguments?: readonly string[]
}

export interface Hookyard extends Server {
  readonly database: string
  /** The local token of the API. */
  readonly token: string
  /** What the database holds; safe while the service runs. */
  count(): Counts
}

export interface Counts {
  readonly deliveries: number
  readonly undispatched: number
  /** Deliveries without a single decision. */
  readonly undecided: number
  readonly decisions: number
  readonly unsentMessages: number
  readonly messages: number
  readonly unfinishedRuns: number
}

/** Three users and the built-in modules, their feature flags off: each delivery is decided, and no module runs. */
export const settings = (secret: string): Record<string, unknown> => ({
  repos: ['codertocat/*'],
  server: { port: 0 },
  github: { webhook_secret: secret },
  agent: { backend: 'offline' },
  telegram: { updates: 'off' },
  users: [
    { name: 'maintainer', role: 'admin' },
    { name: 'alice', github: 'alice', repos: ['Codertocat/Hello-World'] },
    { name: 'bob', github: 'bob', repos: ['codertocat/*'], hear: 'mine' },
  ],
  log: { level: 'silent' },
})

/**
 * Starts the service and waits until it listens.
 * @throws Error when it ends or does not listen within a minute.
 */
export async function startHookyard(secret: string, options: HookyardOptions): Promise<Hookyard> {
  const { folder, core = null, root = ROOT, nodeArguments = [] } = options
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'hookyard.yaml')
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ ...settings(secret), ...options.settings }, null, 2))
  const child = startNode(join(root, 'packages/hookyard/src/cli/index.ts'), ['start', '--config', file], {
    core,
    nodeArguments,
    stdout: 'ignore',
  })
  const dataDir = join(folder, 'data')
  const database = join(dataDir, 'hookyard.db')
  const { port, token } = await listening(dataDir, () => child.exitCode).catch(async (error: unknown) => {
    await stopProcess(child, 5_000)
    throw error
  })
  const pid = child.pid ?? 0
  const connection = new SqliteConnection(database, { readonly: true, timeout: 10_000 })
  return {
    pid,
    port,
    path: '/webhook/github',
    database,
    token,
    count: () => countRows(connection),
    idle: () => untilIdle(connection),
    async stop() {
      connection.close()
      await stopProcess(child)
    },
  }
}

async function listening(
  dataDir: string,
  exitCode: () => number | null,
): Promise<{ port: number; token: string }> {
  for (let waited = 0; waited < START_MS; waited += POLL_MS) {
    const found = await readServerFile(dataDir)
    if (found) return { port: Number(new URL(found.url).port), token: found.token }
    if (exitCode() !== null) throw new Error(`hookyard ended with ${exitCode()} before it listened`)
    await delay(POLL_MS)
  }
  throw new Error(`hookyard did not listen within ${START_MS / 1_000} s`)
}

const one = (connection: SqliteConnection.Database, query: string) =>
  connection.prepare(query).pluck().get() as number

function countRows(connection: SqliteConnection.Database): Counts {
  return {
    deliveries: one(connection, 'select count(*) from deliveries'),
    undispatched: one(connection, `select count(*) from deliveries where status = 'received'`),
    undecided: one(
      connection,
      'select count(*) from deliveries where not exists (select 1 from decisions where delivery_id = deliveries.id)',
    ),
    decisions: one(connection, 'select count(*) from decisions'),
    unsentMessages: one(connection, `select count(*) from outbox where status = 'queued'`),
    messages: one(connection, 'select count(*) from outbox'),
    unfinishedRuns: one(connection, 'select count(*) from runs where finished_at is null'),
  }
}

async function untilIdle(connection: SqliteConnection.Database): Promise<void> {
  const busy = connection.prepare(
    `select exists (select 1 from deliveries where status = 'received')
         or exists (select 1 from outbox where status = 'queued')`,
  )
  for (let waited = 0; busy.pluck().get() === 1; waited += POLL_MS) {
    if (waited > IDLE_MS) throw new Error(`hookyard still has work left after ${IDLE_MS / 1_000} s`)
    await delay(POLL_MS)
  }
}

// A server as the tests want it: the real routes over a real store in a folder of its own, and a clock by hand.
import { createHmac } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { config as buildConfig, user } from '../../../../test/builders.ts'
import { createAccess } from '../../src/access/access.ts'
import type { ApiDeps } from '../../src/api/deps.ts'
import { testApi } from '../api/test-api.ts'
import type { Config } from '../../src/config/config.ts'
import type { Module } from '../../src/registry/manifest.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createLargePayloads } from '../../src/payload/large-payloads.ts'
import { createStore } from '../../src/store/create-store.ts'
import { deliveryWrites } from '../../src/store/sqlite/accept.ts'
import { openForWriting } from '../../src/store/sqlite/connection.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import type { Store } from '../../src/store/store.ts'
import { watchStore } from '../../src/compose/watch-store.ts'
import { createServer, type ServerDeps, type ServerLimits } from '../../src/receive/server.ts'

export const SECRET = 'test-secret'
/** 2026-11-22T12:00:00Z */
export const NOW = 1_795_348_800_000

export interface StartOptions {
  readonly config?: Partial<Config>
  readonly modules?: readonly Module[]
  readonly limits?: Partial<ServerLimits>
  readonly deps?: Partial<ServerDeps>
  readonly api?: Partial<ApiDeps>
  /** The store in its own thread, as in production; it takes most of a second to start. */
  readonly thread?: boolean
  /** Wraps the real store, to make it fail. */
  readonly wrap?: (store: Store) => Store
}

/** Users and tokens of most tests: an admin, two members, and what each of their tokens may. */
export const PEOPLE: Partial<Config> = {
  repos: [],
  users: [
    user('admin', { role: 'admin', repos: [] }),
    user('alice', { repos: ['octocat/*'] }),
    user('bob', { repos: ['bob/tools'] }),
  ],
  apiTokens: [
    { name: 'root', token: 'root-token', user: 'admin', scopes: ['*'] },
    { name: 'alice-all', token: 'alice-token', user: 'alice', scopes: ['*'] },
    { name: 'bob-all', token: 'bob-token', user: 'bob', scopes: ['*'] },
    { name: 'reader', token: 'reader-token', user: 'alice', scopes: ['runs:read'] },
  ],
}

/** Starts it; closed and deleted when the test ends. */
export async function startServer(options: StartOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'hookyard-receive-'))
  const clock = { now: NOW }
  const logged: { level: string; fields: Record<string, unknown>; message: string }[] = []
  const level = (name: string) => (fields: Record<string, unknown>, message: string) =>
    void logged.push({ level: name, fields, message })
  const log = { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
  const file = join(folder, 'hookyard.db')
  const { store: real, disk } = options.thread
    ? { store: await openSqliteStore({ file }), disk: null }
    : await openHere(file)
  const store = watchStore(options.wrap?.(real) ?? real, { clock: () => clock.now })
  const woken = { dispatch: 0, runs: 0, outbox: 0 }
  const state = { config: buildConfig(options.config), runs: 0 }
  const payloads = createLargePayloads()
  const shared = {
    config: () => state.config,
    store,
    clock: () => clock.now,
    log,
    wakeRuns: () => void woken.runs++,
  }
  const app = createServer(
    {
      ...shared,
      access: () => createAccess(state.config),
      onAccepted(_delivery, { status }) {
        if (status === 'accepted') woken.dispatch++
        if (status === 'retried') woken.runs++
      },
      api: testApi({
        ...shared,
        modules: options.modules ?? [],
        newRunId: () => `run-${++state.runs}`,
        ...(options.api && { deps: options.api }),
      }),
      wakeOutbox: () => void woken.outbox++,
      payloads,
      ...options.deps,
    },
    options.limits,
  )
  onTestFinished(async () => {
    await app.close()
    await payloads.close()
    await real.close()
    await rm(folder, { recursive: true })
  })
  return { app, store: real, disk, clock, woken, logged, state }
}

/** The same store without its thread, and a disk that can be filled. */
async function openHere(file: string): Promise<{ store: Store; disk: Disk }> {
  const { connection, db } = await openForWriting(file)
  const limit = (pages: unknown) => void connection.pragma(`max_page_count = ${String(pages)}`)
  const disk: Disk = {
    fill: () => limit(connection.pragma('page_count', { simple: true })),
    free: () => limit(1_000_000),
  }
  return { store: createStore(db, deliveryWrites(connection), silentLog), disk }
}

interface Disk {
  fill(): void
  free(): void
}

/** `X-Hub-Signature-256` of a body. */
export const sign = (body: string | Buffer, secret = SECRET): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

/** The headers of a genuine delivery of this body. */
export const headersOf = (body: string | Buffer, guid = 'guid-1', event = 'issues') => ({
  'content-type': 'application/json',
  'x-github-event': event,
  'x-github-delivery': guid,
  'x-github-hook-id': '292430182',
  'x-hub-signature-256': sign(body),
})

/** The body of an `issues` event about octocat/Hello-World#1. */
export const ISSUE = JSON.stringify({
  action: 'opened',
  issue: { number: 1, title: 'Grüße 👋' },
  repository: { full_name: 'octocat/Hello-World' },
})

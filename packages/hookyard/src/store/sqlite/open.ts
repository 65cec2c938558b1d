// The embedded database: a store in a thread of its own. Each call is a message to that thread and its answer.
import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { systemClock, type Clock } from '../../lib/clock.ts'
import { silentLog, type Log } from '../../lib/log.ts'
import { StalePlanError, StoreError, type NewDelivery, type Plan, type Store } from '../store.ts'
import { bytesOf, packBatch, packLarge } from './thread-messages.ts'
import type { Report, Request, SentError, Stages, ThreadData } from './thread-messages.ts'
import { spawnThread } from './threads.ts'

export interface SqliteStoreOptions {
  /** Path of the database; made, with its folder, when it is missing. */
  readonly file: string
  /** Opens an existing database beside its owner, or without one; every method that writes rejects. */
  readonly readOnly?: boolean
  readonly clock?: Clock
  readonly log?: Log
}

/**
 * Opens the database as its only owner, waiting up to 3 s for a predecessor that is on its way out.
 * @throws StoreError `locked` when another process owns it, `unusable` when its tables are of another version.
 */
export async function openSqliteStore({
  file,
  readOnly = false,
  clock = systemClock,
  log = silentLog,
}: SqliteStoreOptions): Promise<Store> {
  const data: ThreadData = { file: resolve(file), readOnly, now: clock() }
  if (!readOnly) await mkdir(dirname(data.file), { recursive: true, mode: 0o700 })
  return connectThread(spawnThread('thread', data), log)
}

type Call = (method: string, args?: readonly unknown[], handOver?: readonly ArrayBuffer[]) => Promise<unknown>

/**
 * Resolves when the thread has the file open. When the thread ends unasked, every call under way and every
 * later one rejects with StoreError `died`; after `close`, with `closed`.
 * @throws StoreError that the thread refused to open with.
 */
export async function connectThread(worker: Worker, log: Log): Promise<Store> {
  const calls = new Map<number, PromiseWithResolvers<unknown>>()
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const opened = Promise.withResolvers<Extract<Report, { kind: 'ready' }>['methods']>()
  let lastId = 0
  let closed: Promise<void> | undefined
  let ended: StoreError | undefined

  function end(error: StoreError): void {
    ended ??= error
    for (const call of calls.values()) call.reject(ended)
    calls.clear()
    opened.reject(error)
  }

  const call: Call = async (method, args = [], handOver = []) => {
    if (ended) throw ended
    const request: Request = { id: ++lastId, method, args }
    // Throws when an argument cannot be copied to another thread.
    worker.postMessage(request, handOver)
    const answer = Promise.withResolvers<unknown>()
    calls.set(request.id, answer)
    return answer.promise
  }

  async function close(): Promise<void> {
    const done = call('close')
    ended ??= new StoreError('closed', 'The store is closed: nothing can be stored or read any more')
    await done.finally(() => exited)
  }

  worker.on('message', (report: Report) => {
    if (report.kind === 'ready') return opened.resolve(report.methods)
    if (report.kind === 'log') return log[report.level](report.fields, report.message)
    if (report.kind === 'refused') return end(toStoreError(report.error))
    const waiting = calls.get(report.id)
    calls.delete(report.id)
    if (report.kind === 'value') waiting?.resolve(report.value)
    else waiting?.reject(toStoreError(report.error))
  })
  const die = (cause: unknown) => {
    const found = cause instanceof Error ? cause.message : 'it ended without a word'
    const fix = 'what was answered is on disk; restart the service'
    const error = new StoreError('died', `The store's thread ended unexpectedly (${found}): ${fix}`, {
      cause,
    })
    if (!ended) log.error({ err: error.message }, "the store's thread is gone")
    end(error)
  }
  worker.on('error', die)
  worker.on('exit', die)
  try {
    const stages = toStages(await opened.promise, call)
    return { ...stages, ping: async () => void (await call('ping')), close: () => (closed ??= close()) }
  } catch (error) {
    await exited
    throw error
  }
}

const toStoreError = ({ code, message }: SentError): StoreError =>
  code === 'stale_plan' ? new StalePlanError(message) : new StoreError(code, message)

/** The thread built the same port, and said which methods it has: the shapes cannot differ. */
function toStages(methods: Record<keyof Stages, readonly string[]>, call: Call): Stages {
  const stage = <Name extends keyof Stages>(name: Name) => {
    const named = methods[name].map((method) => [
      method,
      (...args: unknown[]) => call(`${name}.${method}`, args),
    ])
    return Object.fromEntries(named) as Stages[Name]
  }
  return {
    deliveries: { ...stage('deliveries'), ...deliveryCalls(call) },
    runs: stage('runs'),
    effects: stage('effects'),
    outbox: stage('outbox'),
    schedules: stage('schedules'),
    leases: stage('leases'),
    overview: stage('overview'),
    switches: stage('switches'),
    chat: stage('chat'),
    retention: stage('retention'),
  }
}

/** A batch that is larger gets a buffer of its own, in bytes. */
const MAX_SHARED_BYTES = 8 * 1024 * 1024

/**
 * The two calls of every delivery. Bodies cross in memory that both threads see: a buffer per batch that is made, handed
 * over and collected cost the store's thread a garbage collection every 150 ms under load, and each delivery behind it 5 ms.
 */
function deliveryCalls(call: Call): Pick<Stages['deliveries'], 'accept' | 'commit'> {
  let shared = new Uint8Array(new SharedArrayBuffer(0))
  let isLent = false
  return {
    async accept(batch: readonly NewDelivery[]) {
      const bytes = bytesOf(batch)
      if (isLent || bytes > MAX_SHARED_BYTES) {
        const packed = packLarge(batch) ?? packBatch(batch, Buffer.allocUnsafeSlow(bytes))
        return call('deliveries.accept', [packed], [packed.bytes.buffer as ArrayBuffer]) as Accepting
      }
      if (bytes > shared.byteLength)
        shared = new Uint8Array(new SharedArrayBuffer(Math.min(bytes * 2, MAX_SHARED_BYTES)))
      isLent = true
      // Whatever comes of the call, the thread looks at the memory no more.
      return call('deliveries.accept', [packBatch(batch, shared)]).finally(
        () => (isLent = false),
      ) as Accepting
    },
    // Many small objects are copied faster as one text.
    commit: (plans: readonly Plan[]) =>
      call('deliveries.commit', [JSON.stringify(plans)]) as Promise<string[]>,
  }
}

type Accepting = ReturnType<Stages['deliveries']['accept']>

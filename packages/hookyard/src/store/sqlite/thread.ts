// The store's thread: the only connection that writes lives here, so that waiting for the disk never stops
// the event loop that receives. One request at a time, in the order of their arrival; but what somebody outside
// waits for, a delivery that is to be accepted, goes before what waits only in here.
import { existsSync } from 'node:fs'
import { parentPort, receiveMessageOnPort } from 'node:worker_threads'
import { toError } from '../../lib/errors.ts'
import type { Log } from '../../lib/log.ts'
import { createStore } from '../create-store.ts'
import { StoreError, type Plan, type Store } from '../store.ts'
import { deliveryWrites } from './accept.ts'
import { startCheckpoints } from './checkpoints.ts'
import { openForReading, openForWriting } from './connection.ts'
import { type CheckFiles, watchFiles } from './database-file.ts'
import { lockOwner } from './lock.ts'
import { unpackBatch } from './thread-messages.ts'
import type { PackedBatch, Report, Request, SentError, Stages, ThreadData } from './thread-messages.ts'
import { loadAddon, readWorkerData } from './threads.ts'

const { data, own, inner } = readWorkerData<ThreadData>()
const { file, readOnly, now } = data
const port = parentPort
if (!port) throw new Error('thread.ts is no program: open the store with openSqliteStore()')

const report = (what: Report) => port.postMessage(what)
const logger =
  (level: keyof Log): Log['info'] =>
  (fields, message) =>
    report({ kind: 'log', level, fields, message })
const log: Log = {
  debug: logger('debug'),
  info: logger('info'),
  warn: logger('warn'),
  error: logger('error'),
}

interface OpenStore {
  readonly store: Store
  /** To be called after each request: it may have written. */
  written(): void
  /** Before a request is done, and before it is answered. @throws StoreError when what it wrote lies in no file that is read again. */
  check(): void
  close(): Promise<void>
}

async function openReader(): Promise<OpenStore> {
  const { connection, db } = await openForReading(file)
  const refuse = () => {
    throw new StoreError('SQLITE_READONLY', `${file} was opened to be read only: deliveries go to the server`)
  }
  const store = createStore(db, { insert: refuse, unsynced: refuse }, log)
  return { store, written() {}, check() {}, close: async () => void connection.close() }
}

async function openWriter(): Promise<OpenStore> {
  const hadOwner = existsSync(`${file}.owner`)
  const lock = lockOwner(file, now)
  try {
    const { connection, db, isNew } = await openForWriting(file)
    if (isNew && hadOwner)
      log.warn({ file }, 'the database was gone, and a new one was made: nothing is in it')
    const check = logged(watchFiles(file, connection))
    const checkpoints = startCheckpoints(file, connection, log, inner)
    const store = createStore(db, deliveryWrites(connection), log)
    const close = async () => {
      await checkpoints.stop()
      connection.close()
      lock.release()
    }
    return { store, written: checkpoints.written, check, close }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** Says when the check begins to fail, and when it no longer does. */
function logged(check: CheckFiles): CheckFiles {
  let fails = false
  return () => {
    try {
      check()
      if (fails) log.info({ file }, 'the database file is back')
      fails = false
    } catch (thrown) {
      if (!fails) log.error({ err: toError(thrown) }, 'the database file is not what it was')
      fails = true
      throw thrown
    }
  }
}

const ADVICE: readonly (readonly [string, string])[] = [
  ['SQLITE_FULL', `free space on the disk that holds ${file}`],
  ['SQLITE_IOERR', `check the disk that holds ${file}, and the system's log`],
  ['SQLITE_READONLY', `make ${file} and its folder writable for this user`],
  ['SQLITE_CANTOPEN', `make ${file} and its folder readable and writable for this user`],
  ['SQLITE_CORRUPT', `restore ${file} from a backup`],
  ['SQLITE_NOTADB', `${file} is no database; correct data_dir, or restore a backup`],
]

function toSentError(thrown: unknown): SentError {
  const { message } = toError(thrown)
  if (thrown instanceof StoreError) return { code: thrown.code, message }
  const { code } = thrown as { code?: unknown }
  if (typeof code !== 'string') return { code: 'failed', message }
  const advice = ADVICE.find(([start]) => code.startsWith(start))?.[1]
  return { code, message: advice ? `${message}: ${advice}` : message }
}

type Method = (...args: never[]) => Promise<unknown>

function methodsOf({ ping, close: _, ...stages }: Store) {
  const methods = new Map<string, Method>([['ping', ping]])
  const names = Object.entries(stages).map(([stage, named]) => {
    for (const [name, method] of Object.entries(named)) methods.set(`${stage}.${name}`, method as Method)
    return [stage, Object.keys(named)]
  })
  methods.set('deliveries.accept', (batch: PackedBatch) => stages.deliveries.accept(unpackBatch(batch)))
  methods.set('deliveries.commit', (plans: string) => stages.deliveries.commit(JSON.parse(plans) as Plan[]))
  return { methods, names: Object.fromEntries(names) as Record<keyof Stages, string[]> }
}

async function answer(
  { id, method: name, args }: Request,
  methods: Map<string, Method>,
  check: CheckFiles,
): Promise<void> {
  try {
    const method = methods.get(name)
    if (!method) throw new Error(`the store has no method ${name}`)
    // A file that was cut is as large as before once something is written behind its end: so before the call as well.
    if (name !== 'close') check()
    const value = await method(...(args as never[]))
    if (name !== 'close') check()
    report({ kind: 'value', id, value })
  } catch (thrown) {
    report({ kind: 'error', id, error: toSentError(thrown) })
  }
}

try {
  loadAddon(own)
  const { store, written, check, close } = readOnly ? await openReader() : await openWriter()
  const { methods, names } = methodsOf(store)
  methods.set('close', close)
  const accepts: Request[] = []
  const others: Request[] = []
  const enqueue = (request: Request) =>
    (request.method === 'deliveries.accept' ? accepts : others).push(request)
  const next = () => {
    // Promises alone never let the port speak: what has arrived since is fetched.
    for (let arrived; (arrived = receiveMessageOnPort(port));) enqueue(arrived.message as Request)
    return accepts.shift() ?? others.shift()
  }
  let busy = false
  async function work(): Promise<void> {
    busy = true
    for (let request; (request = next());) {
      await answer(request, methods, check)
      if (request.method === 'close') return port?.close()
      written()
    }
    busy = false
  }
  port.on('message', (first: Request) => {
    enqueue(first)
    if (!busy) void work()
  })
  report({ kind: 'ready', methods: names })
} catch (thrown) {
  report({ kind: 'refused', error: toSentError(thrown) })
  port.close()
}

// The store as the main thread sees it: each call is a message to the store's thread and its answer.
import type { Worker } from 'node:worker_threads'
import type { Log } from '../../lib/log.ts'
import { StalePlanError, StoreError, type NewDelivery, type Plan, type Store } from '../store.ts'
import { createSharedMemory } from './shared-memory.ts'
import { bytesOf, packBatch, packLarge, type Report, type Request, type WireError } from './wire.ts'

interface Call {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/**
 * Resolves when the thread has the file open. When the thread ends unasked, every call under way and every
 * later one rejects with StoreError `died`; after `close`, with `closed`.
 * @throws StoreError that the thread refused to open with.
 */
export async function connectThread(worker: Worker, log: Log): Promise<Store> {
  const calls = new Map<number, Call>()
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  let lastId = 0
  let closed: Promise<void> | undefined
  let ended: StoreError | undefined

  function end(error: StoreError): void {
    ended ??= error
    for (const call of calls.values()) call.reject(ended)
    calls.clear()
  }

  function call(
    method: string,
    args: readonly unknown[],
    handOver: readonly ArrayBuffer[] = [],
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (ended) return reject(ended)
      const request: Request = { id: ++lastId, method, args }
      // Throws, and so rejects, when an argument cannot be copied to another thread.
      worker.postMessage(request, handOver)
      calls.set(request.id, { resolve, reject })
    })
  }

  function close(): Promise<void> {
    closed ??= (async () => {
      const done = call('close', [])
      ended ??= new StoreError('closed', 'The store is closed: nothing can be stored or read any more')
      await done.finally(() => exited)
    })()
    return closed
  }

  const opened = new Promise<readonly string[]>((resolve, reject) => {
    worker.on('message', (report: Report) => {
      if (report.kind === 'ready') return resolve(report.methods)
      if (report.kind === 'log') return log[report.level](report.fields, report.message)
      if (report.kind === 'refused') {
        end(toStoreError(report.error))
        return reject(ended)
      }
      const waiting = calls.get(report.id)
      calls.delete(report.id)
      if (report.kind === 'value') waiting?.resolve(report.value)
      else waiting?.reject(toStoreError(report.error))
    })
    const die = (cause: unknown) => {
      const error = diedError(cause)
      if (!ended) log.error({ err: error.message }, "the store's thread is gone")
      end(error)
      reject(error)
    }
    worker.on('error', die)
    worker.on('exit', () => die(new Error('it ended without a word')))
  })
  try {
    return buildStore(await opened, call, close)
  } catch (error) {
    await exited
    throw error
  }
}

type Stage = Record<string, (...args: never[]) => Promise<unknown>>

function buildStore(
  methods: readonly string[],
  call: (method: string, args: readonly unknown[], handOver?: readonly ArrayBuffer[]) => Promise<unknown>,
  close: () => Promise<void>,
): Store {
  const stages: Record<string, Stage> = {}
  for (const method of methods) {
    const [stage, name] = method.split('.')
    if (stage === undefined || name === undefined) continue
    stages[stage] = { ...stages[stage], [name]: (...args) => call(method, args) }
  }
  const memory = createSharedMemory()
  const accept = async (batch: readonly NewDelivery[]) => {
    const bytes = bytesOf(batch)
    const shared = memory.borrow(bytes)
    if (!shared) {
      const packed = packLarge(batch) ?? packBatch(batch, Buffer.allocUnsafeSlow(bytes))
      return call('deliveries.accept', [packed], [packed.bytes.buffer as ArrayBuffer])
    }
    // Whatever comes of the call, the thread looks at the memory no more.
    return call('deliveries.accept', [packBatch(batch, shared)]).finally(() => memory.giveBack())
  }
  // Many small objects are copied faster as one text.
  const commit = (plans: readonly Plan[]) => call('deliveries.commit', [JSON.stringify(plans)])
  stages['deliveries'] = { ...stages['deliveries'], ...({ accept, commit } as Stage) }
  // The thread built the same port, and said which methods it has: the shapes cannot differ.
  return { ...stages, ping: () => call('ping', []), close } as unknown as Store
}

function toStoreError({ code, message }: WireError): StoreError {
  return code === 'stale_plan' ? new StalePlanError(message) : new StoreError(code, message)
}

function diedError(cause: unknown): StoreError {
  const found = cause instanceof Error ? cause.message : String(cause)
  const fix = 'what was answered is on disk; restart the service'
  return new StoreError('died', `The store's thread ended unexpectedly (${found}): ${fix}`, { cause })
}

// An outbox over a store and senders that a test controls, on a clock that only the test moves.
import { afterEach } from 'vitest'
import type { Log } from '../lib/log.ts'
import { toPlainText } from './message.ts'
import { createMemoryStore } from './memory-store.fake.ts'
import type { MemoryStore } from './memory-store.fake.ts'
import { createOutbox } from './outbox.ts'
import type { Outbox, OutboxOptions } from './outbox.ts'
import type { Sender, SendResult } from './sender.ts'

export interface Bench {
  readonly store: MemoryStore
  readonly outbox: Outbox
  /** `ADDRESS TEXT` of every attempt, in order. */
  readonly attempts: string[]
  /** `LEVEL {fields} sentence`. */
  readonly logged: string[]
  now: number
  /** How the chat sender answers; each test puts its own. */
  answer: (address: string, text: string, signal: AbortSignal) => SendResult | Promise<SendResult>
  /** Adds one message per `ADDRESS TEXT`. */
  add(...lines: string[]): Promise<void>
  /** Moves the clock on, wakes the outbox and waits until it has nothing left to do. */
  pass(ms: number): Promise<void>
}

const benches: Outbox[] = []
afterEach(() => Promise.all(benches.splice(0).map((outbox) => outbox.stop())))

/** A started outbox with one sender, for `chat:NAME`. */
export function openBench(
  options: Partial<OutboxOptions> & { pace?: Sender['pace']; store?: MemoryStore } = {},
): Bench {
  const store = options.store ?? createMemoryStore()
  const attempts: string[] = []
  const logged: string[] = []
  const sender: Sender = {
    scheme: 'chat',
    ...(options.pace && { pace: options.pace }),
    send(address, message, signal) {
      attempts.push(`${address} ${toPlainText(message)}`)
      return Promise.resolve(bench.answer(address, toPlainText(message), signal!))
    },
  }
  const outbox = createOutbox({
    senders: new Map([[sender.scheme, sender]]),
    clock: () => bench.now,
    log: recordingLog(logged),
    random: () => 1,
    storeRetryMs: 1,
    ...options,
    store,
  })
  const bench: Bench = {
    store,
    outbox,
    attempts,
    logged,
    now: 1_000_000,
    answer: () => ({ status: 'sent' }),
    async add(...lines) {
      for (const line of lines) await store.add([newMessage(line, bench.now)])
    },
    async pass(ms) {
      bench.now += ms
      await outbox.idle()
    },
  }
  outbox.start()
  benches.push(outbox)
  return bench
}

let count = 0

function newMessage(line: string, createdAt: number) {
  const [address = '', ...words] = line.split(' ')
  const message = { lines: [[words.join(' ')]] }
  return { address, message, dedupeKey: `test-${count++}`, runId: null, delivery: null, createdAt }
}

/** A log that keeps what was said. */
export function recordingLog(logged: string[]): Log {
  const level = (name: string) => (fields: Record<string, unknown>, sentence: string) =>
    void logged.push(`${name} ${JSON.stringify(fields)} ${sentence}`)
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
}

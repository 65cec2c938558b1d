// An outbox over a real store, a sender that a test controls, and a clock that only the test moves.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import type { Log } from '../../src/lib/log.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import type { OutboxRow, OutboxStore, SentMessage, Store } from '../../src/store/store.ts'
import { toPlainText } from '../../src/send/message.ts'
import { createOutbox } from '../../src/send/outbox.ts'
import type { Outbox, OutboxOptions } from '../../src/send/outbox.ts'
import type { Sender, SendResult } from '../../src/send/sender.ts'

export interface Bench {
  readonly store: OutboxStore
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
  /** Every message that was added, oldest first. */
  rows(): Promise<SentMessage[]>
  statuses(): Promise<string[]>
}

let opened: Promise<Store> | undefined
let count = 0

/** The outbox of a database that all tests of a process share; empty again when the test is over. */
export async function openOutboxStore(): Promise<OutboxStore> {
  const { outbox } = await (opened ??= openStore())
  onTestFinished(async () => {
    vi.restoreAllMocks()
    for (let rows: OutboxRow[] = []; ;) {
      rows = await outbox.due(Number.MAX_SAFE_INTEGER, 1_000)
      if (rows.length === 0) return
      for (const row of rows) await outbox.dead(row.id, 'the test is over', 0)
    }
  })
  return outbox
}

async function openStore(): Promise<Store> {
  return openSqliteStore({ file: join(await mkdtemp(join(tmpdir(), 'hookyard-outbox-')), 'test.db') })
}

/** A started outbox with one sender, for `chat:NAME`. */
export async function openBench(
  options: Partial<Omit<OutboxOptions, 'store'>> & { pace?: Sender['pace']; store?: OutboxStore } = {},
): Promise<Bench> {
  const store = options.store ?? (await openOutboxStore())
  const delivery = `test-${count++}`
  const attempts: string[] = []
  const logged: string[] = []
  const sender: Sender = {
    scheme: 'chat',
    ...(options.pace && { pace: options.pace }),
    async send(address, message, signal) {
      attempts.push(`${address} ${toPlainText(message)}`)
      return bench.answer(address, toPlainText(message), signal!)
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
    add: (...lines) => store.add(lines.map((line) => newMessage(line, delivery, bench.now))),
    async pass(ms) {
      bench.now += ms
      await outbox.idle()
    },
    rows: () => store.ofDelivery(delivery),
    statuses: async () => (await bench.rows()).map(({ status }) => status),
  }
  outbox.start()
  onTestFinished(() => outbox.stop())
  return bench
}

function newMessage(line: string, delivery: string, createdAt: number) {
  const [address = '', ...words] = line.split(' ')
  const message = { lines: [[words.join(' ')]] }
  return { address, message, dedupeKey: `test-${count++}`, runId: null, delivery, createdAt }
}

/** A log that keeps what was said. */
export function recordingLog(logged: string[]): Log {
  const level = (name: string) => (fields: Record<string, unknown>, sentence: string) =>
    void logged.push(`${name} ${JSON.stringify(fields)} ${sentence}`)
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
}

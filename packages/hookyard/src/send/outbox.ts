// Outbox rows leave here. Enters: rows that are due. Leaves: each row sent, put off, or dead.
// AT LEAST ONCE: a row is marked sent only after the service said so, so a crash between the two sends the
// message again; no row is ever lost. Rows of one address leave one by one, those of one run in order and runs in turn,
// different addresses side by side. A service that cannot be reached is tried for ever, ever more seldom; what a
// service refuses is a dead letter.
import { toError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createAlarm } from '../lib/alarm.ts'
import type { OutboxRow, OutboxStore } from '../store/store.ts'
import { addressLabel, schemeOf } from './address.ts'
import { backoffMs, createRateLimits } from './rate-limits.ts'
import { createLogSender, type Pace, type Sender, type SendResult } from './sender.ts'

/** What the outbox asks of the store. */
export type OutboxQueue = Pick<OutboxStore, 'due' | 'sent' | 'again' | 'dead' | 'nextDue'>

export interface OutboxOptions {
  readonly store: OutboxQueue
  /** By scheme. Rows whose scheme has no sender go to the log, with a warning. */
  readonly senders: ReadonlyMap<string, Sender>
  readonly clock: Clock
  readonly log: Log
  /** In [0, 1); for the jitter. Default: Math.random. */
  readonly random?: () => number
  /** Addresses written to at a time. Default: 8. */
  readonly parallel?: number
  /** The longest sleep: rows may come from another process, unannounced. Default: 10 s. */
  readonly pollMs?: number
  /** The pause after an error of the store. Default: 2 s. */
  readonly storeRetryMs?: number
  /** How long `stop` waits before it aborts the sends in flight. Default: 10 s. */
  readonly stopGraceMs?: number
}

export interface Outbox {
  start(): void
  /** Says that rows were added, or that the clock has moved on. */
  wake(): void
  /** Takes no further rows, and resolves when the sends in flight are over and recorded. */
  stop(): Promise<void>
  /** Resolves when no row can be sent at this moment; rows that wait for their time do not count. */
  idle(): Promise<void>
}

/** The least time between two looks at the store while something is due that may not go yet. */
const HELD_POLL_MS = 1_000
const MAX_ROWS = 1_000

/** An outbox that does nothing before `start`, and cannot be started again after `stop`. */
export function createOutbox(options: OutboxOptions): Outbox {
  const { store, clock, log, random = Math.random, parallel = 8, storeRetryMs = 2_000 } = options
  const limits = createRateLimits()
  const route = createRoute(options.senders, log)
  const alarm = createAlarm()
  const abort = new AbortController()
  const inFlight = new Map<string, Promise<void>>()
  const idleWaiters: (() => void)[] = []
  let looping: Promise<void> | null = null
  let stopping = false

  async function loop(): Promise<void> {
    while (!stopping) {
      alarm.reset()
      let sleepMs = storeRetryMs
      try {
        sleepMs = await pass()
      } catch (thrown) {
        log.error({ err: toError(thrown) }, 'the outbox could not be read; trying again')
      }
      await alarm.sleep(sleepMs)
    }
  }

  /** Starts what may go now; answers for how many milliseconds there is nothing to do. */
  async function pass(): Promise<number> {
    const now = clock()
    const { rows, heldUntil } = await pickRows(now)
    if (!stopping) rows.forEach(begin)
    if (inFlight.size === 0 && !alarm.rung()) answerIdle()
    const nextDue = (await store.nextDue()) ?? Infinity
    const next = nextDue > now ? nextDue : now + HELD_POLL_MS
    return Math.min(options.pollMs ?? 10_000, Math.max(1, Math.min(next, heldUntil) - now))
  }

  /** The rows that may go now; `heldUntil`: when the first of those that a limit holds back may go. */
  async function pickRows(now: number): Promise<{ rows: OutboxRow[]; heldUntil: number }> {
    const busy = new Set(inFlight.keys())
    const room = parallel - busy.size
    if (room <= 0) return { rows: [], heldUntil: Infinity }
    const due = await store.due(now, Math.min(room + busy.size + limits.held(now), MAX_ROWS))
    // An address that was busy while the rows were read may be free by now: its row is stale then.
    const candidates = due
      .filter((row) => !busy.has(row.address))
      .map((row) => ({ row, freeAt: limits.freeAt(row.address, route.paceOf(row.address), now) }))
    const rows = candidates.filter(({ freeAt }) => freeAt <= now).map(({ row }) => row)
    const held = candidates.filter(({ freeAt }) => freeAt > now).map(({ freeAt }) => freeAt)
    return { rows: rows.slice(0, room), heldUntil: Math.min(...held) }
  }

  function begin(row: OutboxRow): void {
    limits.used(row.address, route.paceOf(row.address), clock())
    const sending = deliver(row).finally(() => {
      inFlight.delete(row.address)
      alarm.ring()
    })
    inFlight.set(row.address, sending)
  }

  async function deliver(row: OutboxRow): Promise<void> {
    const result = await route.send(row, abort.signal)
    // Once the service has taken it, forgetting that would send it twice: the mark is tried until it holds.
    while (!(await record(row, result)) && !stopping) await alarm.pause(storeRetryMs)
  }

  /** Writes the result down; false when the store did not take it. Never throws. */
  async function record(row: OutboxRow, result: SendResult): Promise<boolean> {
    const now = clock()
    try {
      if (result.status === 'sent') await store.sent(row.id, now)
      else if (result.status === 'refused') await store.dead(row.id, result.error, now)
      else {
        if (result.afterMs !== null) limits.pause(row.address, now, result.afterMs)
        await store.again(row.id, now + (result.afterMs ?? backoffMs(row.tries, random)), result.error)
      }
    } catch (thrown) {
      const fields = { err: toError(thrown), row: row.id }
      log.error(fields, `the result of a message (${result.status}) could not be stored; trying again`)
      return false
    }
    if (result.status === 'sent') return true
    const fields = { to: addressLabel(row.address), row: row.id, tries: row.tries + 1, error: result.error }
    if (result.status === 'refused') log.warn(fields, 'a message was refused and will not be sent')
    else if (row.tries === 0) log.warn(fields, 'a message could not be sent yet; it will be tried again')
    else log.debug(fields, 'a message still could not be sent')
    return true
  }

  const answerIdle = () => idleWaiters.splice(0).forEach((answer) => answer())

  async function stop(): Promise<void> {
    stopping = true
    alarm.ring()
    const timer = setTimeout(() => abort.abort(), options.stopGraceMs ?? 10_000)
    await looping
    await Promise.all(inFlight.values())
    clearTimeout(timer)
    answerIdle()
  }

  function idle(): Promise<void> {
    if (looping === null || stopping) return Promise.resolve()
    return new Promise((resolve) => {
      idleWaiters.push(resolve)
      alarm.ring()
    })
  }

  return { start: () => void (looping ??= loop()), wake: () => alarm.ring(), stop, idle }
}

/** A sender that throws has a bug, or the row is damaged: after so many tries the rows behind it go first. */
const MAX_THROWS = 10

/** From an address to the sender of its scheme; `log:` addresses go to the log even when no such sender is given. */
export function createRoute(senders: ReadonlyMap<string, Sender>, log: Log) {
  const toLog = senders.get('log') ?? createLogSender(log)
  const senderOf = (address: string): Sender | undefined =>
    schemeOf(address) === 'log' ? toLog : senders.get(schemeOf(address))
  return {
    /** How fast the address may be written to; undefined = as fast as it goes. */
    paceOf: (address: string): Pace | undefined => senderOf(address)?.pace,
    /** One attempt by the address's sender, or to the log when no sender serves it. Never throws. */
    async send(row: OutboxRow, signal: AbortSignal): Promise<SendResult> {
      const sender = senderOf(row.address)
      if (sender === undefined) {
        const fields = { to: addressLabel(row.address), row: row.id }
        log.warn(fields, 'no sender serves this address: its message goes to the log')
      }
      // Row numbers may come again when a database is restored from a backup: the time of birth tells them apart.
      const id = `${row.createdAt.toString(36)}-${row.id}`
      try {
        return await (sender ?? toLog).send(row.address, row.message, signal, id)
      } catch (thrown) {
        // Not the error's message: a sender that breaks one promise may break that of silence too.
        const error = `the ${schemeOf(row.address)} sender threw ${toError(thrown).name}`
        if (row.tries + 1 >= MAX_THROWS) return { status: 'refused', error }
        return { status: 'again', afterMs: null, error }
      }
    },
  }
}

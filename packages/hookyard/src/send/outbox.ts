// Outbox rows leave here. Enters: rows that are due. Leaves: each row sent, put off, or dead.
// AT LEAST ONCE: a row is marked sent only after the service said so, so a crash between the two sends the
// message again; no row is ever lost. Rows of one address leave one by one, those of one run in
// order and runs in turn, different addresses side by side. A service that cannot be reached is tried for ever, ever more seldom; what a
// service refuses is a dead letter.
import { toError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { OutboxRow, OutboxStore } from '../store/store.ts'
import { createAlarm } from '../lib/alarm.ts'
import { createRecorder } from './record.ts'
import { createRestraint } from './rate-limits.ts'
import type { Restraint } from './rate-limits.ts'
import { createRoute } from './route.ts'
import type { Route } from './route.ts'
import type { Sender } from './sender.ts'

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
  const restraint = createRestraint()
  const route = createRoute(options.senders, log)
  const record = createRecorder({ store, clock, log, random, restraint })
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
    const busy = new Set(inFlight.keys())
    const { rows, heldUntil } = await pickRows({ store, restraint, route, parallel, now, busy })
    if (!stopping) rows.forEach(begin)
    if (inFlight.size === 0 && !alarm.rung()) answerIdle()
    const nextDue = (await store.nextDue()) ?? Infinity
    const next = nextDue > now ? nextDue : now + HELD_POLL_MS
    return Math.min(options.pollMs ?? 10_000, Math.max(1, Math.min(next, heldUntil) - now))
  }

  function begin(row: OutboxRow): void {
    restraint.used(row.address, route.paceOf(row.address), clock())
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

interface Picking {
  readonly store: OutboxQueue
  readonly restraint: Restraint
  readonly route: Route
  readonly parallel: number
  readonly now: number
  /** Addresses that are written to at this moment. */
  readonly busy: ReadonlySet<string>
}

/** The rows that may go now; `heldUntil`: when the first of those that a restraint holds back may go. */
async function pickRows(picking: Picking): Promise<{ rows: OutboxRow[]; heldUntil: number }> {
  const { store, restraint, route, busy, now } = picking
  const room = picking.parallel - busy.size
  if (room <= 0) return { rows: [], heldUntil: Infinity }
  const due = await store.due(now, Math.min(room + busy.size + restraint.held(now), MAX_ROWS))
  // An address that was busy while the rows were read may be free by now: its row is stale then.
  const candidates = due
    .filter((row) => !busy.has(row.address))
    .map((row) => ({ row, freeAt: restraint.freeAt(row.address, route.paceOf(row.address), now) }))
  const rows = candidates.filter(({ freeAt }) => freeAt <= now).map(({ row }) => row)
  const held = candidates.filter(({ freeAt }) => freeAt > now).map(({ freeAt }) => freeAt)
  return { rows: rows.slice(0, room), heldUntil: Math.min(...held) }
}

// Updates by asking Telegram for them: each is taken, in order. Must never happen: an update confirmed before it was
// taken, or two processes that ask for the same bot. (grammY's own polling moves its offset before the handler runs.)
import { toError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createAlarm } from '../lib/alarm.ts'
import { backoffMs } from '../send/rate-limits.ts'
import { readBotFailure } from '../send/bot-error.ts'
import type { ChatStore, LeaseStore } from '../store/store.ts'
import { type Bot, shim, UNKNOWN_BOT } from './bot.ts'
import { UPDATE_TYPES, updatesOf } from './update.ts'

/** In ms. */
const PAUSES = {
  /** While another program polls. */
  conflictMs: 15_000,
  /** While the token is refused. */
  unauthorizedMs: 300_000,
  /** Between two looks whether another process has gone. */
  leaseMs: 5_000,
  /** After an answer that came at once and held nothing: something on the way does not wait. */
  emptyMs: 1_000,
}

export interface PollerOptions extends Partial<typeof PAUSES> {
  readonly bot: Pick<Bot, 'id' | 'token' | 'api'>
  readonly store: { readonly chat: Pick<ChatStore, 'lastUpdate'>; readonly leases: LeaseStore }
  readonly take: (update: unknown) => Promise<void>
  /** Names this process among others. */
  readonly owner: string
  readonly clock: Clock
  readonly log: Log
  /** In [0, 1); for the jitter. @default Math.random */
  readonly random?: () => number
}

export type Poller = ReturnType<typeof createPoller>

/** Telegram holds a poll for this long when nothing happens. */
const POLL_S = 25
/**
 * After a week without updates Telegram numbers them anew, at random: an offset of the old count would throw the
 * new ones away. What was taken stays known for two days, so starting from all that is held repeats nothing.
 */
const OFFSET_LASTS_MS = 2 * 86_400_000
const LONGEST_PAUSE_MS = 30_000
/** A poll that was held back for less than this was not held back. */
const AT_ONCE_MS = 500
/** A lease lasts three times as long as it takes to renew it. */
const RENEWALS = 3

/** A loop that does nothing before `start`, and cannot be started again. */
export function createPoller(options: PollerOptions) {
  const { bot, store, take, owner, clock, log, random = Math.random } = options
  const { conflictMs, unauthorizedMs, leaseMs, emptyMs } = { ...PAUSES, ...options }
  const lease = `telegram:${bot.id}`
  const alarm = createAlarm()
  const stopping = new AbortController()
  let looping: Promise<void> = Promise.resolve()
  let failures = 0
  let lastFailure = ''
  let last: { readonly updateId: number; readonly at: number } | null = null

  const holdsLease = () => store.leases.take(lease, owner, clock(), clock() + RENEWALS * leaseMs)

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        if (await holdsLease()) await poll()
        else await alarm.sleep(leaseMs)
      } catch (thrown) {
        if (!stopping.signal.aborted) await alarm.sleep(pauseAfter(thrown))
      }
    }
    await store.leases.release(lease, owner).catch(() => undefined)
  }

  /** One question to Telegram, and all that it answers. */
  async function poll(): Promise<void> {
    last ??= await store.chat.lastUpdate(bot.id)
    const offset = last !== null && clock() - last.at < OFFSET_LASTS_MS ? last.updateId + 1 : 0
    const leaseLost = new AbortController()
    const signal = shim(AbortSignal.any([stopping.signal, leaseLost.signal]))
    const renewing = setInterval(() => {
      holdsLease().then(
        (held) => (held ? undefined : leaseLost.abort()),
        () => undefined,
      )
    }, leaseMs)
    const began = performance.now()
    try {
      const query = { offset, timeout: POLL_S, allowed_updates: [...UPDATE_TYPES] }
      const updates = updatesOf(await bot.api.getUpdates(query, signal))
      for (const update of updates) {
        if (stopping.signal.aborted) return
        await take(update)
        last = { updateId: update.update_id, at: clock() }
      }
      if (failures > 0) log.info({}, 'Telegram answers again; updates are taken')
      failures = 0
      lastFailure = ''
      if (updates.length === 0 && performance.now() - began < AT_ONCE_MS) await alarm.sleep(emptyMs)
    } catch (thrown) {
      // Another process has the lease now: what it does there is no failure here.
      if (!leaseLost.signal.aborted) throw thrown
    } finally {
      clearInterval(renewing)
    }
  }

  /** How long to wait; a failure that lasts is logged once. */
  function pauseAfter(thrown: unknown): number {
    const { code, text, afterMs } = readBotFailure(thrown, bot.token)
    failures += 1
    const logOnce = (sentence: string, fields: Record<string, unknown> = {}) => {
      if (lastFailure !== sentence) log.error({ ...fields, error: text }, sentence)
      lastFailure = sentence
    }
    if (code === 409) {
      logOnce('another program takes this bot’s updates: stop it, or give this installation a bot of its own')
      return conflictMs
    }
    if (code === 401 || code === 404) {
      logOnce(UNKNOWN_BOT)
      return unauthorizedMs
    }
    const err = toError(thrown)
    if (err.name === 'StoreError') logOnce('an update could not be taken; it is taken again', { err })
    else logOnce('updates could not be fetched from Telegram; trying again')
    return afterMs ?? Math.min(backoffMs(failures - 1, random), LONGEST_PAUSE_MS)
  }

  return {
    start() {
      looping = run()
    },
    /** Resolves when the update under way is taken and the lease is given back. */
    async stop() {
      stopping.abort()
      alarm.ring()
      await looping
    },
  }
}

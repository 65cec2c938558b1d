// Updates by asking for them. Enters: what Telegram holds back until it is asked. Leaves: each update taken, in
// order. Must never happen: an update confirmed before it was taken, or two processes that ask for the same bot.
import { toError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createAlarm } from '../lib/alarm.ts'
import { backoffMs } from '../send/backoff.ts'
import { readBotFailure } from '../send/bot-error.ts'
import type { ChatStore, LeaseStore } from '../store/store.ts'
import type { BotApi } from './bot-api.ts'
import { readUpdate } from './update.ts'

export interface PollerOptions {
  readonly api: BotApi
  readonly botToken: string
  readonly store: { readonly chat: Pick<ChatStore, 'lastUpdate'>; readonly leases: LeaseStore }
  readonly take: (update: unknown) => Promise<void>
  /** Names this process among others. */
  readonly owner: string
  readonly clock: Clock
  readonly log: Log
  /** In [0, 1); for the jitter. Default: Math.random. */
  readonly random?: () => number
  /** How long to wait while another program polls, in ms. Default: 15 s. */
  readonly conflictMs?: number
  /** While the token is refused, in ms. Default: 5 min. */
  readonly unauthorizedMs?: number
  /** Between two looks whether another process has gone, in ms. Default: 5 s. */
  readonly leaseMs?: number
  /** After an answer that came at once and held nothing, in ms: something on the way does not wait. Default: 1 s. */
  readonly emptyMs?: number
}

export interface Poller {
  start(): void
  /** Resolves when the update under way is taken and the lease is given back. */
  stop(): Promise<void>
}

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
export function createPoller(options: PollerOptions): Poller {
  const { api, store, owner, clock, log } = options
  const leaseMs = options.leaseMs ?? 5_000
  const lease = `telegram:${api.bot}`
  const alarm = createAlarm()
  const abort = new AbortController()
  let looping: Promise<void> = Promise.resolve()
  let failures = 0
  let lastFailure = ''
  let last: { readonly updateId: number; readonly at: number } | null = null

  const holdsLease = () => store.leases.take(lease, owner, clock(), clock() + RENEWALS * leaseMs)

  async function run(): Promise<void> {
    last = await untilAnswered(() => store.chat.lastUpdate(api.bot))
    while (!abort.signal.aborted) {
      try {
        if (!(await holdsLease())) await alarm.sleep(leaseMs)
        else await poll()
      } catch (thrown) {
        if (!abort.signal.aborted) await alarm.sleep(pauseAfter(thrown))
      }
    }
    await store.leases.release(lease, owner).catch(() => undefined)
  }

  /** One question to Telegram, and all that it answers. */
  async function poll(): Promise<void> {
    const asking = new AbortController()
    const signal = AbortSignal.any([abort.signal, asking.signal])
    const renewing = setInterval(() => {
      holdsLease().then(
        (held) => (held ? undefined : asking.abort()),
        () => undefined,
      )
    }, leaseMs)
    const began = performance.now()
    try {
      const updates = await api.updates(offsetAfter(last, clock()), signal)
      for (const update of updates) {
        if (abort.signal.aborted) return
        await options.take(update)
        const updateId = readUpdate(update, api.bot)?.updateId
        if (updateId !== undefined) last = { updateId, at: clock() }
      }
      recovered()
      if (updates.length === 0 && performance.now() - began < AT_ONCE_MS)
        await alarm.sleep(options.emptyMs ?? 1_000)
    } catch (thrown) {
      // Another process has the lease now: what it does there is no failure here.
      if (!asking.signal.aborted) throw thrown
    } finally {
      clearInterval(renewing)
    }
  }

  function recovered(): void {
    if (failures > 0) log.info({}, 'Telegram answers again; updates are taken')
    failures = 0
    lastFailure = ''
  }

  /** How long to wait; the log is told once of a failure that lasts. */
  function pauseAfter(thrown: unknown): number {
    const { code, text, afterMs } = readBotFailure(thrown, options.botToken)
    failures += 1
    const say = (sentence: string, fields: Record<string, unknown> = {}) => {
      if (lastFailure !== sentence) log.error({ ...fields, error: text }, sentence)
      lastFailure = sentence
    }
    if (code === 409) {
      say('another program takes this bot’s updates: stop it, or give this installation a bot of its own')
      return options.conflictMs ?? 15_000
    }
    if (code === 401 || code === 404) {
      say('Telegram does not know the bot: check telegram.bot_token; no chat command arrives until then')
      return options.unauthorizedMs ?? 300_000
    }
    if (toError(thrown).name === 'StoreError')
      say('an update could not be taken; it is taken again', { err: toError(thrown) })
    else say('updates could not be fetched from Telegram; trying again')
    return afterMs ?? Math.min(backoffMs(failures - 1, options.random ?? Math.random), LONGEST_PAUSE_MS)
  }

  async function untilAnswered<T>(ask: () => Promise<T | null>): Promise<T | null> {
    while (!abort.signal.aborted) {
      try {
        return await ask()
      } catch (thrown) {
        await alarm.sleep(pauseAfter(thrown))
      }
    }
    return null
  }

  return {
    start() {
      looping = run()
    },
    async stop() {
      abort.abort()
      alarm.ring()
      await looping
    },
  }
}

function offsetAfter(last: { readonly updateId: number; readonly at: number } | null, now: number): number {
  return last !== null && now - last.at < OFFSET_LASTS_MS ? last.updateId + 1 : 0
}

// What Telegram must know before it sends anything: the commands, and how updates arrive. Tried until it holds; the
// service does not wait for it.
import type { Log } from '../lib/log.ts'
import { createAlarm } from '../lib/alarm.ts'
import { backoffMs } from '../send/rate-limits.ts'
import { readBotFailure } from '../send/bot-error.ts'
import { type Bot, shim, UNKNOWN_BOT } from './bot.ts'
import { COMMANDS } from './commands/commands.ts'
import { UPDATE_TYPES } from './update.ts'

export interface RegistrationOptions {
  readonly bot: Pick<Bot, 'token' | 'api'>
  readonly updates: 'polling' | 'webhook'
  /** Where Telegram posts updates, and what proves that it is Telegram; null: it was set by hand. */
  readonly webhook: { readonly url: string; readonly secret: string } | null
  readonly log: Log
  /** In [0, 1); for the jitter. @default Math.random */
  readonly random?: () => number
}

export type Registration = ReturnType<typeof register>

const WEBHOOK =
  'the address for updates (server.public_url must be https; telegram.webhook_secret: letters, digits, _ and - alone)'

/** Starts at once. */
export function register({ bot, updates, webhook, log, random = Math.random }: RegistrationOptions) {
  const stopping = new AbortController()
  const alarm = createAlarm()
  const signal = shim(stopping.signal)

  async function keepTrying(what: string, act: () => Promise<unknown>): Promise<void> {
    for (let tries = 0; !stopping.signal.aborted; tries += 1) {
      try {
        await act()
        return
      } catch (thrown) {
        if (stopping.signal.aborted) return
        const { code, text, afterMs } = readBotFailure(thrown, bot.token)
        if (code === 400) {
          log.error({ error: text }, `Telegram refused ${what}`)
          return
        }
        if (tries === 0 && (code === 401 || code === 404)) log.error({ error: text }, UNKNOWN_BOT)
        else if (tries === 0) log.warn({ error: text }, `Telegram could not be told ${what}; trying again`)
        await alarm.sleep(afterMs ?? backoffMs(tries, random))
      }
    }
  }

  const ready =
    updates === 'polling'
      ? keepTrying('that updates are fetched', () => bot.api.deleteWebhook({}, signal))
      : Promise.resolve()
  const rest = async () => {
    await ready
    if (webhook) {
      const options = { secret_token: webhook.secret, allowed_updates: [...UPDATE_TYPES] }
      await keepTrying(WEBHOOK, () => bot.api.setWebhook(webhook.url, options, signal))
    }
    await keepTrying('the commands', () => bot.api.setMyCommands(commandList(), {}, signal))
  }
  return {
    /** Resolves when updates can be fetched: Telegram refuses that while a webhook is set. Or when it was stopped. */
    ready,
    /** Resolves when Telegram knows all, or when it was stopped. */
    done: rest(),
    stop() {
      stopping.abort()
      alarm.ring()
    },
  }
}

/** As the Bot API wants them: at most 256 characters each. */
export const commandList = (): { command: string; description: string }[] =>
  COMMANDS.map(({ name, usage, summary }) => ({
    command: name,
    description: `${usage === undefined ? '' : `${usage}: `}${summary}`.slice(0, 256),
  }))

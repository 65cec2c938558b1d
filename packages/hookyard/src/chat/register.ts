// What Telegram must know before it sends anything: the commands, and how updates arrive. Tried until it holds; the
// service does not wait for it.
import type { Log } from '../lib/log.ts'
import { createAlarm } from '../lib/alarm.ts'
import { backoffMs } from '../send/backoff.ts'
import { readBotFailure } from '../send/bot-error.ts'
import type { BotApi } from './bot-api.ts'
import { COMMANDS } from './commands/commands.ts'

export interface RegistrationOptions {
  readonly api: BotApi
  readonly botToken: string
  readonly updates: 'polling' | 'webhook'
  /** Where Telegram posts updates, and what proves that it is Telegram; null: it was set by hand. */
  readonly webhook: { readonly url: string; readonly secret: string } | null
  readonly log: Log
  /** In [0, 1); for the jitter. Default: Math.random. */
  readonly random?: () => number
}

export interface Registration {
  /** Resolves when updates can be fetched: Telegram refuses that while a webhook is set. Or when it was stopped. */
  readonly ready: Promise<void>
  /** Resolves when Telegram knows all, or when it was stopped. */
  readonly done: Promise<void>
  stop(): void
}

const UNKNOWN_BOT =
  'Telegram does not know the bot: check telegram.bot_token; no chat command arrives until then'

/** Starts at once. */
export function register(options: RegistrationOptions): Registration {
  const { api, updates, webhook, log } = options
  const abort = new AbortController()
  const alarm = createAlarm()

  async function keepTrying(what: string, act: (signal: AbortSignal) => Promise<void>): Promise<void> {
    for (let tries = 0; !abort.signal.aborted; tries += 1) {
      try {
        await act(abort.signal)
        return
      } catch (thrown) {
        if (abort.signal.aborted) return
        const { code, text, afterMs } = readBotFailure(thrown, options.botToken)
        if (code === 400) {
          log.error({ error: text }, `Telegram refused ${what}`)
          return
        }
        if (tries === 0 && (code === 401 || code === 404)) log.error({ error: text }, UNKNOWN_BOT)
        else if (tries === 0) log.warn({ error: text }, `Telegram could not be told ${what}; trying again`)
        await alarm.sleep(afterMs ?? backoffMs(tries, options.random ?? Math.random))
      }
    }
  }

  const ready =
    updates === 'polling'
      ? keepTrying('that updates are fetched', (signal) => api.deleteWebhook(signal))
      : Promise.resolve()
  const rest = async () => {
    await ready
    if (webhook) await keepTrying(WEBHOOK, (signal) => api.setWebhook(webhook.url, webhook.secret, signal))
    await keepTrying('the commands', (signal) => api.setCommands(commandList(), signal))
  }
  return {
    ready,
    done: rest(),
    stop() {
      abort.abort()
      alarm.ring()
    },
  }
}

const WEBHOOK =
  'the address for updates (server.public_url must be https; telegram.webhook_secret: letters, digits, _ and - alone)'

/** As the Bot API wants them: at most 256 characters each. */
export const commandList = (): { command: string; description: string }[] =>
  COMMANDS.map(({ name, usage, summary }) => ({
    command: name,
    description: `${usage === '' ? '' : `${usage}: `}${summary}`.slice(0, 256),
  }))

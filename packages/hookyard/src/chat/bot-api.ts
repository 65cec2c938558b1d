// The Bot API as the chat uses it. Messages leave by the outbox, not here: this is what has no row of its own.
import { Api } from 'grammy'
import { UPDATE_TYPES, updatesOf } from './update.ts'

/** Telegram holds a poll for this long when nothing happens. */
const POLL_S = 25
const TIMEOUT_S = 60

export interface BotApi {
  /** The bot's number, which is the open half of its token. */
  readonly bot: string
  /** Without the sign `@`. */
  username(signal?: AbortSignal): Promise<string>
  /** Waits for updates from this one on (0: all that were not confirmed); confirms the older ones. */
  updates(offset: number, signal: AbortSignal): Promise<unknown[]>
  setCommands(
    commands: readonly { readonly command: string; readonly description: string }[],
    signal: AbortSignal,
  ): Promise<void>
  setWebhook(url: string, secret: string, signal: AbortSignal): Promise<void>
  deleteWebhook(signal: AbortSignal): Promise<void>
  /** Ends the wait that a pressed button shows. */
  answerPress(queryId: string, text: string, alert: boolean): Promise<void>
  removeButtons(chatId: number, messageId: number): Promise<void>
}

export interface BotApiOptions {
  readonly botToken: string
  /** `https://api.telegram.org`, or a stand-in. */
  readonly apiUrl: string
}

type Signal = Parameters<Api['getMe']>[0]

/** Every method rejects with what grammy throws; read it with `readBotFailure`, its own text may hold the token. */
export function createBotApi({ botToken, apiUrl }: BotApiOptions): BotApi {
  const api = new Api(botToken, { apiRoot: apiUrl.replace(/\/+$/, ''), timeoutSeconds: TIMEOUT_S })
  // The Api's type of signal is a shim's, older than the global one; the two work alike.
  const shim = (signal: AbortSignal | undefined) => signal as Signal
  let username: string | null = null
  return {
    bot: botToken.split(':', 1)[0] ?? '',
    async username(signal) {
      username ??= (await api.getMe(shim(signal))).username
      return username
    },
    async updates(offset, signal) {
      const allowed_updates = [...UPDATE_TYPES]
      return updatesOf(await api.getUpdates({ offset, timeout: POLL_S, allowed_updates }, shim(signal)))
    },
    async setCommands(commands, signal) {
      await api.setMyCommands(commands, {}, shim(signal))
    },
    async setWebhook(url, secret, signal) {
      const allowed_updates = [...UPDATE_TYPES]
      await api.setWebhook(url, { secret_token: secret, allowed_updates }, shim(signal))
    },
    async deleteWebhook(signal) {
      await api.deleteWebhook({}, shim(signal))
    },
    async answerPress(queryId, text, alert) {
      await api.answerCallbackQuery(queryId, { text: text.slice(0, 200), show_alert: alert })
    },
    async removeButtons(chatId, messageId) {
      await api.editMessageReplyMarkup(chatId, messageId)
    },
  }
}

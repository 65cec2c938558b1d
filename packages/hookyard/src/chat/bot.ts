// The chat bot at Telegram, as far as a call has no row in the outbox (send/telegram.ts sends the messages).
import { Api } from 'grammy'

const TIMEOUT_S = 60

/** Of the codes 401 and 404. */
export const UNKNOWN_BOT =
  'Telegram does not know the bot: check telegram.bot_token; no chat command arrives until then'

export type Bot = ReturnType<typeof createBot>

/** `apiUrl`: `https://api.telegram.org`, or a stand-in. */
export function createBot(token: string, apiUrl: string) {
  const api = new Api(token, { apiRoot: apiUrl.replace(/\/+$/, ''), timeoutSeconds: TIMEOUT_S })
  let username: string | null = null
  return {
    token,
    /** The open half of the token. */
    id: token.split(':', 1)[0] ?? '',
    /** Its methods reject with what grammy throws; read that with `readBotFailure`: its text may hold the token. */
    api,
    /** Without the sign `@`. */
    username: async () => (username ??= (await api.getMe()).username),
  }
}

/** grammy's type of signal is a shim's, older than the global one; the two work alike. */
export const shim = (signal: AbortSignal) => signal as Parameters<Api['getMe']>[0]

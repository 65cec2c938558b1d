// The chat bot at Telegram, as far as a call has no row in the outbox (send/telegram.ts sends the messages).
import { Api } from 'grammy'

const TIMEOUT_S = 60

/** Of the codes 401 and 404. */
export const UNKNOWN_BOT =
  'Telegram does not know the bot: check telegram.bot_token; no chat command arrives until then'

export interface Bot {
  readonly token: string
  /** The open half of the token. */
  readonly id: string
  /** Its methods reject with what grammy throws; read that with `readBotFailure`: its text may hold the token. */
  readonly api: Api
  /** Without the sign `@`. */
  username(): Promise<string>
}

/** `apiUrl`: `https://api.telegram.org`, or a stand-in. */
export function createBot(token: string, apiUrl: string): Bot {
  const api = new Api(token, { apiRoot: apiUrl.replace(/\/+$/, ''), timeoutSeconds: TIMEOUT_S })
  let username: string | null = null
  return {
    token,
    id: token.split(':', 1)[0] ?? '',
    api,
    username: async () => (username ??= (await api.getMe()).username),
  }
}

/** grammy's type of signal is a shim's, older than the global one; the two work alike. */
export const shim = (signal: AbortSignal) => signal as Parameters<Api['getMe']>[0]

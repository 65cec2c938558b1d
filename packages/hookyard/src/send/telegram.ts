// One message to one Telegram chat by the Bot API. Enters: an address `telegram:CHAT_ID` and a message.
// Leaves: sent, again (limits, outages, a bad token) or refused (this chat will not take it).
// The bot token, which is part of every URL here, must never leave in an error text.
import { Api, GrammyError } from 'grammy'
import type { Log } from '../lib/log.ts'
import { addressLabel } from './address.ts'
import { readBotFailure } from './bot-error.ts'
import type { Message } from './message.ts'
import type { Pace, Sender, SendResult } from './sender.ts'
import { toTelegram, type TelegramText } from './telegram-html.ts'

/**
 * A chat takes about a message per second, a group 20 per minute, and short bursts pass
 * (https://core.telegram.org/bots/faq). What is too fast all the same comes back as a 429, and is obeyed.
 */
const PACE: Pace = { burst: 20, everyMs: 1_000 }
const TIMEOUT_MS = 30_000

export interface TelegramOptions {
  readonly botToken: string
  /** `https://api.telegram.org`, or a stand-in. */
  readonly apiUrl: string
  readonly log: Log
  /** Default: 20 at once, then one a second. */
  readonly pace?: Pace
  /** Default: 30 s. */
  readonly timeoutMs?: number
}

/** A sender for `telegram:CHAT_ID` (an integer, or `@channel`). */
export function createTelegramSender(options: TelegramOptions): Sender {
  const api = new Api(options.botToken, {
    apiRoot: options.apiUrl.replace(/\/+$/, ''),
    timeoutSeconds: (options.timeoutMs ?? TIMEOUT_MS) / 1_000,
  })
  // A group that became a supergroup has a new id; the configuration still names the old one.
  const movedTo = new Map<string, string>()

  async function call(chat: string, { html, text, buttons }: TelegramText, signal?: AbortSignal) {
    const id = chat.startsWith('@') ? chat : Number(chat)
    const keyboard = buttons?.map((row) => row.map(({ text, data }) => ({ text, callback_data: data })))
    const other = {
      link_preview_options: { is_disabled: true },
      ...(html !== null && { parse_mode: 'HTML' as const }),
      ...(keyboard && { reply_markup: { inline_keyboard: keyboard } }),
    }
    // The Api's type of signal is a shim's, older than the global one; the two work alike.
    await api.sendMessage(id, html ?? text, other, signal as Parameters<typeof api.sendMessage>[3])
  }

  /** Formatted; when the formatting is refused, once more as plain text. */
  async function deliver(chat: string, message: TelegramText, signal?: AbortSignal): Promise<void> {
    try {
      await call(chat, message, signal)
    } catch (thrown) {
      if (message.html === null || !isFormattingError(thrown)) throw thrown
      options.log.warn({ chat }, 'Telegram refused the formatting of a message; it goes as plain text')
      await call(chat, { ...message, html: null }, signal)
    }
  }

  /** To the chat; when it has become a supergroup, once more to its new id. */
  async function follow(chat: string, text: TelegramText, signal?: AbortSignal): Promise<void> {
    try {
      await deliver(movedTo.get(chat) ?? chat, text, signal)
    } catch (thrown) {
      const newChat = newChatOf(thrown)
      if (newChat === null) throw thrown
      movedTo.set(chat, newChat)
      options.log.warn({ chat, newChat }, 'the chat became a supergroup: put its new id into hookyard.yaml')
      await deliver(newChat, text, signal)
    }
  }

  return {
    scheme: 'telegram',
    pace: options.pace ?? PACE,
    async send(address: string, message: Message, signal?: AbortSignal): Promise<SendResult> {
      const chat = /^telegram:(-?\d{1,16}|@\w{1,64})$/i.exec(address)?.[1]
      if (chat === undefined)
        return { status: 'refused', error: `${addressLabel(address)} is no telegram:CHAT_ID` }
      const text = toTelegram(message)
      if (text === null)
        return { status: 'refused', error: 'the message is empty; Telegram takes no empty message' }
      try {
        await follow(chat, text, signal)
        return { status: 'sent' }
      } catch (thrown) {
        return toResult(thrown, options.botToken)
      }
    },
  }
}

/** The Bot API has no code for it: a 400 whose description speaks of parsing (`can't parse entities`). */
const isFormattingError = (thrown: unknown): boolean =>
  thrown instanceof GrammyError &&
  thrown.error_code === 400 &&
  /can't parse/i.test(String(thrown.description))

function newChatOf(thrown: unknown): string | null {
  const id: unknown = thrown instanceof GrammyError ? thrown.parameters.migrate_to_chat_id : undefined
  return Number.isSafeInteger(id) ? String(id) : null
}

function toResult(thrown: unknown, botToken: string): SendResult {
  const { code, text, afterMs } = readBotFailure(thrown, botToken)
  const again = (error: string, afterMs: number | null = null): SendResult => {
    return { status: 'again', afterMs, error }
  }
  if (!(thrown instanceof GrammyError)) return again(`Telegram could not be reached: ${text}`)
  if (code === 400 || code === 403) return { status: 'refused', error: `Telegram refused it (${text})` }
  // A bad token is not the message's fault: it goes out when the operator has fixed the configuration.
  if (code === 401 || code === 404)
    return again(`Telegram does not know the bot (${text}): check telegram.bot_token`)
  return again(`Telegram answered ${text}`, afterMs)
}

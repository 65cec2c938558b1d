// One message to one webhook of Discord. Enters: an address `discord:WEBHOOK_URL` and a message. Leaves: sent, again
// (limits, outages) or refused (the webhook is gone). The URL is a secret and is never told.
import { fields } from '../lib/fields.ts'
import { isBlank, toPlainLine, wellFormed } from './message.ts'
import type { Line, Message, Span } from './message.ts'
import { type Posted, pause, postJson, toResult } from './post-json.ts'
import type { Pace, Sender, SendResult } from './sender.ts'
import { fitMessage } from './truncate-message.ts'
import { isWebAddress, splitLinks } from './web-links.ts'

/** Five at once, then thirty a minute (https://discord.com/developers/docs/topics/rate-limits). */
const PACE: Pace = { burst: 5, everyMs: 2_000 }
/** Links are shown without a preview, as everywhere. */
const SUPPRESS_EMBEDS = 4
const MAX_UNITS = 2_000

export interface DiscordOptions {
  /** Default: 5 at once, then one every two seconds. */
  readonly pace?: Pace
  /** Default: 30 s. */
  readonly timeoutMs?: number
}

/** A sender for `discord:https://discord.com/api/webhooks/ID/TOKEN`, with `?thread_id=…` where one is meant. */
export function createDiscordSender(options: DiscordOptions = {}): Sender {
  return {
    scheme: 'discord',
    pace: options.pace ?? PACE,
    async send(address: string, message: Message, signal?: AbortSignal): Promise<SendResult> {
      const url = /^discord:(https?:\/\/\S+)$/i.exec(address)?.[1]
      if (url === undefined || !URL.canParse(url))
        return { status: 'refused', error: 'the address is no discord:WEBHOOK_URL' }
      const content = toDiscord(message)
      if (content === null) return { status: 'refused', error: 'the message is empty' }
      // Nobody is notified by what a stranger wrote, whatever it looks like.
      const body = { content, flags: SUPPRESS_EMBEDS, allowed_mentions: { parse: [] } }
      const posted = await postJson(waiting(url), JSON.stringify(body), {
        signal,
        timeoutMs: options.timeoutMs,
      })
      return toDiscordResult(posted)
    },
  }
}

/** Without `wait` Discord answers 204 before it knows whether the message can be kept. */
function waiting(address: string): string {
  const url = new URL(address)
  url.searchParams.set('wait', 'true')
  return url.href
}

function toDiscordResult(posted: Posted): SendResult {
  const { code, retry_after: seconds } = posted.status === null ? {} : answerOf(posted.body)
  const known = typeof code === 'number' && Number.isSafeInteger(code) && code > 0 ? `code ${code}` : null
  if (posted.status !== 429 || typeof seconds !== 'number' || !(seconds > 0))
    return toResult(posted, 'Discord', known)
  // The body is exact to the millisecond, the header rounds to seconds; the longer one is safe.
  const ms = Math.max(Math.ceil(seconds * 1_000), posted.retryAfterMs ?? 0)
  return pause('Discord answered 429', ms)
}

function answerOf(body: string): { readonly code?: unknown; readonly retry_after?: unknown } {
  try {
    return fields(JSON.parse(body))
  } catch {
    return {}
  }
}

/**
 * The message in Discord's Markdown; null when there is nothing to read. Outside text is escaped: a backslash before any
 * sign that is neither letter, digit nor space takes its meaning away (https://support.discord.com/hc/articles/210298617).
 */
export function toDiscord(message: Message): string | null {
  const { lines } = fitMessage(wellFormed(message), MAX_UNITS, [toMarkdownLine])
  return isBlank(lines) ? null : lines.map(toMarkdownLine).join('\n')
}

/** Lists, quotes and headings begin a line; a number needs its full stop escaped, the rest its first sign. */
const toMarkdownLine = (line: Line): string =>
  line
    .map(toMarkdown)
    .join('')
    .replace(/^(\s*)([-+])/, String.raw`$1\$2`)
    .replace(/^(\s*\d+)\./, String.raw`$1\.`)

function toMarkdown(span: Span): string {
  if (typeof span === 'string') return escapeAround(span)
  if ('bold' in span) return span.bold.trim() === '' ? span.bold : `**${escape(span.bold)}**`
  if ('code' in span) return toCode(span.code)
  if (!isWebAddress(span.link)) return escapeAround(toPlainLine([span]))
  const url = span.link.replaceAll('>', '%3E').replaceAll('<', '%3C').replaceAll(')', '%29')
  return span.text.trim() === '' || span.text === span.link ? `<${url}>` : `[${escape(span.text)}](<${url}>)`
}

/** Addresses stay whole: without brackets around them a backslash behind them would become a part of them. */
const escapeAround = (text: string): string =>
  splitLinks(text)
    .map((piece) => (piece.url ? `<${piece.text}>` : escape(piece.text)))
    .join('')

const escape = (text: string): string => text.replace(/[\\*_~`|<>#[\]()@:]/g, String.raw`\$&`)

/** No backslash works inside code: a backquote becomes its look-alike. */
function toCode(code: string): string {
  if (code.trim() === '') return code
  return `\`${code.replaceAll('`', 'ˋ')}\``
}

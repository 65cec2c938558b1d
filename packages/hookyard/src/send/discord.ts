// One message to one webhook of Discord. Enters: an address `discord:WEBHOOK_URL` and a message. Leaves: sent, again
// (limits, outages) or refused (the webhook is gone). The URL is a secret and is never told.
import { fields } from '../lib/fields.ts'
import { toDiscord } from './discord-markdown.ts'
import type { Message } from './message.ts'
import { type Posted, pause, postJson, toResult } from './post-json.ts'
import type { Pace, Sender, SendResult } from './sender.ts'

/** Five at once, then thirty a minute (https://discord.com/developers/docs/topics/rate-limits). */
const PACE: Pace = { burst: 5, everyMs: 2_000 }
/** Links are shown without a preview, as everywhere. */
const SUPPRESS_EMBEDS = 4

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

// One message to one incoming webhook of Slack. Enters: an address `slack:WEBHOOK_URL` and a message. Leaves: sent,
// again (limits, outages) or refused (the webhook or its channel is gone). The URL is a secret and is never told.
import type { Log } from '../lib/log.ts'
import type { Message } from './message.ts'
import { type Posted, postJson, toResult } from './post-json.ts'
import type { Pace, Sender, SendResult } from './sender.ts'
import { toSlack } from './slack-blocks.ts'

/** A message a second, with short bursts (https://api.slack.com/apis/rate-limits). */
const PACE: Pace = { burst: 5, everyMs: 1_000 }

/** Links are shown without a preview, as everywhere. */
const QUIET = { unfurl_links: false, unfurl_media: false }

export interface SlackOptions {
  readonly log: Log
  /** Default: 5 at once, then one a second. */
  readonly pace?: Pace
  /** Default: 30 s. */
  readonly timeoutMs?: number
}

/** A sender for `slack:https://hooks.slack.com/services/…`. */
export function createSlackSender(options: SlackOptions): Sender {
  const { log, timeoutMs } = options
  return {
    scheme: 'slack',
    pace: options.pace ?? PACE,
    async send(address: string, message: Message, signal?: AbortSignal): Promise<SendResult> {
      const url = /^slack:(https?:\/\/\S+)$/i.exec(address)?.[1]
      if (url === undefined || !URL.canParse(url))
        return { status: 'refused', error: 'the address is no slack:WEBHOOK_URL' }
      const rendered = toSlack(message)
      if (rendered === null) return { status: 'refused', error: 'the message is empty' }
      const { blocks, text } = rendered
      const posted = await postJson(url, JSON.stringify({ text, blocks, ...QUIET }), { signal, timeoutMs })
      if (posted.status !== 400) return toResult(posted, 'Slack', codeOf(posted))
      log.warn({ code: codeOf(posted) }, 'Slack refused the blocks of a message; it goes as plain text')
      const again = await postJson(url, JSON.stringify({ text, ...QUIET }), { signal, timeoutMs })
      return toResult(again, 'Slack', codeOf(again))
    },
  }
}

/** `no_service`, `channel_is_archived` …: Slack answers with one word; anything else is not passed on. */
function codeOf(posted: Posted): string | null {
  const body = posted.status === null ? '' : posted.body.trim()
  return /^[a-z][a-z_]{1,59}$/.test(body) ? body : null
}

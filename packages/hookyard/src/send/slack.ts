// One message to one incoming webhook of Slack. Enters: an address `slack:WEBHOOK_URL` and a message. Leaves: sent,
// again (limits, outages) or refused (the webhook or its channel is gone). The URL is a secret and is never told.
import type { Log } from '../lib/log.ts'
import { isBlank, toPlainLine, wellFormed } from './message.ts'
import type { Line, Message, Span } from './message.ts'
import { type Posted, postJson, toResult } from './post-json.ts'
import type { Pace, Sender, SendResult } from './sender.ts'
import { fitMessage } from './truncate-message.ts'
import { isWebAddress, splitLinks } from './web-links.ts'

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

/** Slack takes about 13,000 characters of blocks in one message, 3,000 in one text, and cuts `text` at 40,000. */
const MAX_UNITS = 12_000
const MAX_BLOCK_UNITS = 3_000

type Element =
  | {
      readonly type: 'text'
      readonly text: string
      readonly style?: { readonly bold?: true; readonly code?: true }
    }
  | { readonly type: 'link'; readonly url: string; readonly text?: string }

export interface RichTextBlock {
  readonly type: 'rich_text'
  readonly elements: readonly [{ readonly type: 'rich_text_section'; readonly elements: readonly Element[] }]
}

export interface SlackText {
  readonly blocks: readonly RichTextBlock[]
  /** mrkdwn, escaped. */
  readonly text: string
}

/**
 * Rich text blocks, whose text is taken as it is, so that no title can format or mention anything, and their plain twin in
 * Slack's mrkdwn, for notifications and for when the blocks are refused
 * (https://api.slack.com/reference/block-kit/blocks#rich_text). null when there is nothing to read.
 */
export function toSlack(message: Message): SlackText | null {
  const { lines } = fitMessage(wellFormed(message), MAX_UNITS, [toPlainLine, toMrkdwnLine])
  if (isBlank(lines)) return null
  const elements = lines.flatMap((line, index) => [
    ...(index === 0 ? [] : [{ type: 'text' as const, text: '\n' }]),
    ...line.flatMap(toElements),
  ])
  return { blocks: toBlocks(elements), text: lines.map(toMrkdwnLine).join('\n') }
}

const toMrkdwnLine = (line: Line): string => escapeMrkdwn(toPlainLine(line))

/** https://api.slack.com/reference/surfaces/formatting#escaping: these three, and no others. */
const escapeMrkdwn = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function toElements(span: Span): Element[] {
  if (typeof span === 'string') return linked(span)
  if ('bold' in span) return styled(span.bold, { bold: true })
  if ('code' in span) return styled(span.code, { code: true })
  if (!isWebAddress(span.link)) return linked(toPlainLine([span]))
  return [{ type: 'link', url: span.link, ...(span.text.trim() === '' ? {} : { text: span.text }) }]
}

const linked = (text: string): Element[] =>
  splitLinks(text).map((piece) =>
    piece.url ? { type: 'link', url: piece.text } : { type: 'text', text: piece.text },
  )

const styled = (text: string, style: { bold?: true; code?: true }): Element[] =>
  text === '' ? [] : [{ type: 'text', text, style }]

const sizeOf = (element: Element): number =>
  element.type === 'text' ? element.text.length : element.url.length + (element.text?.length ?? 0)

/** Blocks of at most 3,000 units; an element that is longer continues in the next one. */
function toBlocks(elements: readonly Element[]): RichTextBlock[] {
  const blocks: Element[][] = [[]]
  let room = MAX_BLOCK_UNITS
  const open = () => {
    blocks.push([])
    room = MAX_BLOCK_UNITS
  }
  for (const element of elements.flatMap(cutElement)) {
    if (sizeOf(element) > room) open()
    // A line feed between two blocks would be an empty line.
    if (element.type === 'text' && element.text === '\n' && room === MAX_BLOCK_UNITS && blocks.length > 1)
      continue
    blocks.at(-1)?.push(element)
    room -= sizeOf(element)
  }
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => ({ type: 'rich_text', elements: [{ type: 'rich_text_section', elements: block }] }))
}

function cutElement(element: Element): Element[] {
  if (sizeOf(element) <= MAX_BLOCK_UNITS) return [element]
  if (element.type === 'link') return cutElement({ type: 'text', text: element.text ?? element.url })
  const parts: Element[] = []
  for (let from = 0; from < element.text.length;) {
    let to = from + MAX_BLOCK_UNITS
    // Never inside a surrogate pair.
    if (/^[\ud800-\udbff][\udc00-\udfff]/.test(element.text.slice(to - 1, to + 1))) to -= 1
    parts.push({ ...element, text: element.text.slice(from, to) })
    from = to
  }
  return parts
}

// A message in Telegram's HTML (https://core.telegram.org/bots/api#html-style) and its plain twin, for when
// the service refuses the formatting. Every outside string is escaped; both say the same.
import { fitMessage } from './truncate-message.ts'
import { isBlank, toPlainLine, wellFormed } from './message.ts'
import type { Button, Line, Message, Span } from './message.ts'

/** Telegram counts after parsing; we hold the raw text to it too, in UTF-16 units, to be on the safe side. */
const MAX_UNITS = 4_096

export interface TelegramText {
  /** null: the message is plain and goes without a parse mode. */
  readonly html: string | null
  readonly text: string
  /** Rows below the message; absent: none. */
  readonly buttons?: readonly (readonly Button[])[]
}

/** Both renderings, each at most 4096 characters; null when there is nothing to read. */
export function toTelegram(message: Message): TelegramText | null {
  const tidy = { ...message, lines: wellFormed(message).lines.map((line) => line.map(withText)) }
  const plain = message.plain === true
  const { lines } = fitMessage(tidy, MAX_UNITS, plain ? [toPlainLine] : [toPlainLine, toHtmlLine])
  const text = lines.map(toPlainLine).join('\n')
  if (isBlank(lines)) return null
  const html = plain ? null : lines.map(toHtmlLine).join('\n')
  return message.buttons?.length ? { html, text, buttons: message.buttons } : { html, text }
}

/** A link without a text shows its URL. */
const withText = (span: Span): Span =>
  typeof span !== 'string' && 'link' in span && span.text.trim() === ''
    ? { link: span.link, text: span.link }
    : span

const toHtmlLine = (line: Line): string => line.map(toHtml).join('')

function toHtml(span: Span): string {
  if (typeof span === 'string') return escape(span)
  if ('bold' in span) return tagged('b', span.bold)
  if ('code' in span) return tagged('code', span.code)
  // A URL shown as itself needs no tag: Telegram finds it.
  if (span.text === span.link || !isWebLink(span.link)) return escape(toPlainLine([span]))
  return `<a href="${escape(span.link)}">${escape(span.text)}</a>`
}

const tagged = (tag: string, text: string): string => (text === '' ? '' : `<${tag}>${escape(text)}</${tag}>`)

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character]!)

/** What Telegram keeps as a link; others it drops without a word (a host without a dot: `http://localhost`). */
function isWebLink(url: string): boolean {
  if (/^tg:\/\/[\w.-]+\S*$/i.test(url)) return true
  if (!/^https?:\/\/\S+$/i.test(url) || !URL.canParse(url)) return false
  const { hostname } = new URL(url)
  return hostname.includes('.') || hostname.startsWith('[')
}

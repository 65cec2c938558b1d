// Telegram's MarkdownV2: marks nest, and eighteen characters must be escaped wherever they mean nothing.
import { byteOffset, cannotParse } from './entities.ts'
import type { FormattedText, MessageEntity } from './entities.ts'
import { linkEntity } from './link.ts'
import { fenceStart } from './markdown.ts'

interface Open {
  /** As the Bot API names it in its refusals. */
  readonly kind: string
  readonly argument: string
  /** Where its text begins in the result. */
  readonly start: number
  /** Where its mark is in the source. */
  readonly at: number
}

/** Kind -> closing mark and type of entity. */
const KINDS: Readonly<Record<string, readonly [close: string, type: string]>> = {
  Bold: ['*', 'bold'],
  Italic: ['_', 'italic'],
  Underline: ['__', 'underline'],
  Strikethrough: ['~', 'strikethrough'],
  Spoiler: ['||', 'spoiler'],
  Code: ['`', 'code'],
  Pre: ['```', 'pre'],
  PreCode: ['```', 'pre'],
  TextUrl: [']', 'text_link'],
  CustomEmoji: [']', 'custom_emoji'],
}

/** Opening mark -> kind, the longer marks first. */
const MARKS = [
  ['```', 'Pre'],
  ['`', 'Code'],
  ['__', 'Underline'],
  ['_', 'Italic'],
  ['*', 'Bold'],
  ['~', 'Strikethrough'],
  ['||', 'Spoiler'],
  ['![', 'CustomEmoji'],
  ['[', 'TextUrl'],
] as const

const RESERVED = '_*[]()~`>#+-=|{}.!'

interface Reading {
  readonly source: string
  readonly open: Open[]
  readonly entities: MessageEntity[]
  text: string
  at: number
  /** The quote that is open, and where it began. */
  quote: Open | null
  /** Only line breaks (and nothing) before here on this line. */
  lineStart: boolean
}

/**
 * The text without marks.
 * @throws BotRefusal `can't parse entities: …`
 */
export function parseMarkdownV2(source: string): FormattedText {
  const reading: Reading = { source, open: [], entities: [], text: '', at: 0, quote: null, lineStart: true }
  while (reading.at < source.length) step(reading)
  if (reading.quote) endQuote(reading)
  const unclosed = reading.open.at(-1)
  if (unclosed) throw noEnd(reading, unclosed)
  const entities = reading.entities.sort((a, b) => a.offset - b.offset || b.length - a.length)
  return { text: reading.text, entities }
}

const noEnd = ({ source }: Reading, { kind, at }: Open) =>
  cannotParse(`Can't find end of ${kind} entity at byte offset ${byteOffset(source, at)}`)

function write(reading: Reading, char: string): void {
  reading.text += char
  reading.at += 1
  if (char !== '\r') reading.lineStart = char === '\n'
}

function step(reading: Reading): void {
  const { source, at, open } = reading
  const char = source[at] ?? ''
  const next = source.charCodeAt(at + 1)
  if (char === '\\' && next > 0 && next <= 126) {
    reading.at += 1
    return write(reading, source[at + 1] ?? '')
  }
  const current = open.at(-1)
  const closing = current ? KINDS[current.kind]?.[0] : undefined
  const verbatim = current && ['Code', 'Pre', 'PreCode'].includes(current.kind)
  if (verbatim && char !== '`') return write(reading, char)
  if (reading.quote && char === '\n' && source[at + 1] !== '>') {
    endQuote(reading)
    return write(reading, char)
  }
  if (current && closing !== undefined && closes(source, at, closing)) return close(reading, current, closing)
  if (char === '\n' || !RESERVED.includes(char)) return write(reading, char)
  if (char === '>' && reading.lineStart) return startQuote(reading)
  const found = MARKS.find(([mark]) => source.startsWith(mark, at))
  if (!found) throw cannotParse(`Character '${char}' is reserved and must be escaped with the preceding '\\'`)
  begin(reading, found[0], found[1])
}

/** `__` ends an underline, and so a single `_` that is one of two ends nothing. */
const closes = (source: string, at: number, mark: string): boolean =>
  source.startsWith(mark, at) && !(mark === '_' && source[at + 1] === '_')

function begin(reading: Reading, mark: string, kind: string): void {
  const { source, at } = reading
  const fence =
    kind === 'Pre' ? fenceStart(source, at + mark.length) : { start: at + mark.length, language: '' }
  const start = reading.text.length
  reading.open.push({ kind: fence.language ? 'PreCode' : kind, argument: fence.language, start, at })
  reading.at = fence.start
  reading.lineStart = false
}

function close(reading: Reading, current: Open, mark: string): void {
  const { text, open, entities } = reading
  open.pop()
  reading.at += mark.length
  const range = { offset: current.start, length: text.length - current.start }
  if (mark === ']') {
    const url = readUrl(reading)
    if (current.kind === 'CustomEmoji') return addEmoji(entities, url, range)
    const link = linkEntity(url ?? text.slice(current.start), range)
    if (link && range.length > 0) entities.push(link)
    return
  }
  const [, type] = KINDS[current.kind] ?? ['', 'bold']
  if (range.length > 0)
    entities.push({ type, ...range, ...(current.argument ? { language: current.argument } : {}) })
}

/** The `(…)` after a link's text; null when there is none. */
function readUrl(reading: Reading): string | null {
  const { source } = reading
  if (source[reading.at] !== '(') return null
  const begin = reading.at + 1
  let url = ''
  for (reading.at = begin; reading.at < source.length; reading.at++) {
    const char = source[reading.at] ?? ''
    if (char === ')') {
      reading.at += 1
      return url
    }
    if (char === '\\') reading.at += 1
    url += char === '\\' ? (source[reading.at] ?? '') : char
  }
  throw cannotParse(`Can't find end of a URL at byte offset ${byteOffset(source, begin)}`)
}

function addEmoji(
  entities: MessageEntity[],
  url: string | null,
  range: { offset: number; length: number },
): void {
  if (url === null) throw cannotParse('The entity must contain a tg://emoji or tg://time URL')
  const id = /^tg:(?:\/\/)?emoji\?id=(\d+)$/i.exec(url)?.[1]
  if (id === undefined) throw cannotParse('Invalid tg://emoji or tg://time URL specified')
  entities.push({ type: 'custom_emoji', ...range, custom_emoji_id: id })
}

function startQuote(reading: Reading): void {
  if (!reading.quote) {
    reading.quote = { kind: 'BlockQuote', argument: '', start: reading.text.length, at: reading.at }
    reading.open.push(reading.quote)
  }
  reading.at += 1
  reading.lineStart = false
}

/** At the end of the last quoted line. A `||` that was only just opened there makes the quote expandable. */
function endQuote(reading: Reading): void {
  const { quote, open, source, at } = reading
  if (!quote) return
  const last = open.at(-1)
  const expandable = last?.kind === 'Spoiler' && last.at === at - 2 && source.slice(last.at, at) === '||'
  if (expandable) open.pop()
  const inner = open.at(-1)
  if (inner !== quote) throw noEnd(reading, inner ?? quote)
  open.pop()
  reading.quote = null
  const length = reading.text.length - quote.start
  const type = expandable ? 'expandable_blockquote' : 'blockquote'
  if (length > 0) reading.entities.push({ type, offset: quote.start, length })
}

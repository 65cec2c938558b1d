// Telegram's HTML, as strict and as forgiving as the Bot API: unknown tags, wrong nesting and a bare `<` are refused with
// their byte offset, a bare `&` is text.
import { byteOffset, cannotParse, isSpace } from './entities.ts'
import type { FormattedText, MessageEntity } from './entities.ts'
import { linkEntity } from './link.ts'

/** Tag -> type of entity. `a`, `pre`, `code` and the like have attributes of their own. */
const TAGS: Readonly<Record<string, string>> = {
  b: 'bold',
  strong: 'bold',
  i: 'italic',
  em: 'italic',
  u: 'underline',
  ins: 'underline',
  s: 'strikethrough',
  strike: 'strikethrough',
  del: 'strikethrough',
  'tg-spoiler': 'spoiler',
  span: 'spoiler',
  a: 'text_link',
  code: 'code',
  pre: 'pre',
  blockquote: 'blockquote',
  'tg-emoji': 'custom_emoji',
}

interface OpenTag {
  readonly tag: string
  readonly argument: string
  /** Where its text begins in the result. */
  readonly start: number
}

interface Tag {
  readonly tag: string
  readonly argument: string
  /** Index of the `>`. */
  readonly end: number
}

/**
 * The text without tags, and what they meant.
 * @throws BotRefusal `can't parse entities: …`
 */
export function parseHtml(source: string): FormattedText {
  const open: OpenTag[] = []
  const entities: MessageEntity[] = []
  let text = ''
  for (let at = 0; at < source.length; at++) {
    const char = source[at] ?? ''
    const reference = char === '&' ? readReference(source, at) : null
    if (reference) {
      text += reference.char
      at = reference.end - 1
    } else if (char !== '<') {
      text += char
    } else if (source[at + 1] === '/') {
      at = closeTag(source, at, open, entities, text)
    } else {
      const { tag, argument, end } = readTag(source, at)
      open.push({ tag, argument, start: text.length })
      at = end
    }
  }
  const unclosed = open.at(-1)
  if (unclosed) throw cannotParse(`Can't find end tag corresponding to start tag "${unclosed.tag}"`)
  return { text, entities: entities.sort((a, b) => a.offset - b.offset || b.length - a.length) }
}

/** `&lt; &gt; &amp; &quot;` and numbers; everything else with an ampersand is text. */
function readReference(source: string, at: number): { char: string; end: number } | null {
  const match = /^&(?:#x([0-9a-f]{1,8})|#(\d{1,8})|(lt|gt|amp|quot)(?![a-z]));?/i.exec(
    source.slice(at, at + 12),
  )
  if (!match) return null
  const [whole, hex, decimal, name] = match
  const named = { lt: '<', gt: '>', amp: '&', quot: '"' }[name ?? '']
  if (named !== undefined) return { char: named, end: at + whole.length }
  const code = hex === undefined ? Number(decimal) : parseInt(hex, 16)
  if (!code || code >= 0x10ffff) return null
  return { char: String.fromCodePoint(code), end: at + whole.length }
}

function readTag(source: string, begin: number): Tag {
  const unclosed = (tag = '') =>
    cannotParse(`Unclosed start tag ${tag && `"${tag}" `}at byte offset ${byteOffset(source, begin)}`)
  let at = begin + 1
  while (!isSpace(source[at]) && source[at] !== '>') at += 1
  if (at >= source.length) throw unclosed()
  const tag = source.slice(begin + 1, at).toLowerCase()
  if (!Object.hasOwn(TAGS, tag)) {
    throw cannotParse(`Unsupported start tag "${tag}" at byte offset ${byteOffset(source, begin)}`)
  }
  let argument = ''
  while (source[at] !== '>') {
    while (at < source.length && isSpace(source[at])) at += 1
    if (source[at] === '>') break
    const nameStart = at
    while (!isSpace(source[at]) && !'=>/"\''.includes(source[at] ?? '')) at += 1
    const attribute = source.slice(nameStart, at)
    if (attribute === '') {
      throw cannotParse(
        `Empty attribute name in the tag "${tag}" at byte offset ${byteOffset(source, begin)}`,
      )
    }
    while (at < source.length && isSpace(source[at])) at += 1
    if (source[at] !== '=') {
      if (at >= source.length) throw unclosed(tag)
      if (tag === 'blockquote' && attribute === 'expandable') argument = '1'
      continue
    }
    const value = readValue(source, at + 1)
    at = value.end
    if (at >= source.length) throw unclosed(value.missing ? tag : '')
    argument = argumentOf(tag, attribute, value.text) ?? argument
  }
  if (tag === 'span' && argument !== 'spoiler') {
    throw cannotParse(`Tag "span" must have class "tg-spoiler" at byte offset ${byteOffset(source, begin)}`)
  }
  return { tag, argument, end: at }
}

function readValue(source: string, start: number): { text: string; end: number; missing: boolean } {
  let at = start
  while (at < source.length && isSpace(source[at])) at += 1
  if (at >= source.length) return { text: '', end: at, missing: true }
  const quote = source[at]
  if (quote !== '"' && quote !== "'") {
    const from = at
    while (/[a-z0-9.-]/i.test(source[at] ?? '')) at += 1
    if (!isSpace(source[at]) && source[at] !== '>') {
      throw cannotParse(`Unexpected end of name token at byte offset ${byteOffset(source, from)}`)
    }
    return { text: source.slice(from, at).toLowerCase(), end: at, missing: false }
  }
  let text = ''
  at += 1
  while (at < source.length && source[at] !== quote) {
    const reference = source[at] === '&' ? readReference(source, at) : null
    text += reference?.char ?? source[at] ?? ''
    at = reference?.end ?? at + 1
  }
  return { text, end: at < source.length ? at + 1 : at, missing: false }
}

function argumentOf(tag: string, attribute: string, value: string): string | null {
  if (tag === 'a' && attribute === 'href') return value
  if (tag === 'code' && attribute === 'class' && value.startsWith('language-'))
    return value.slice('language-'.length)
  if (tag === 'span' && attribute === 'class' && value.startsWith('tg-')) return value.slice('tg-'.length)
  if (tag === 'tg-emoji' && attribute === 'emoji-id') return value
  return tag === 'blockquote' && attribute === 'expandable' ? '1' : null
}

/** Answers with the index of the `>`. */
function closeTag(
  source: string,
  begin: number,
  open: OpenTag[],
  entities: MessageEntity[],
  text: string,
): number {
  const offset = byteOffset(source, begin)
  const current = open.at(-1)
  if (!current) throw cannotParse(`Unexpected end tag at byte offset ${offset}`)
  let at = begin + 1
  while (!isSpace(source[at]) && source[at] !== '>') at += 1
  const tag = source.slice(begin + 2, at).toLowerCase()
  while (at < source.length && isSpace(source[at])) at += 1
  if (source[at] !== '>') throw cannotParse(`Unclosed end tag at byte offset ${offset}`)
  if (tag !== '' && tag !== current.tag) {
    throw cannotParse(
      `Unmatched end tag at byte offset ${offset}, expected "</${current.tag}>", found "</${tag}>"`,
    )
  }
  open.pop()
  const length = text.length - current.start
  if (length > 0) addEntity(entities, current, length, text.slice(current.start))
  return at
}

function addEntity(
  entities: MessageEntity[],
  { tag, argument, start }: OpenTag,
  length: number,
  inner: string,
): void {
  const range = { offset: start, length }
  const last = entities.at(-1)
  const same = last?.offset === start && last.length === length
  if (tag === 'a') {
    const link = linkEntity(argument || inner, range)
    if (link) entities.push(link)
  } else if (tag === 'pre' && same && last.type === 'code' && last.language) {
    entities[entities.length - 1] = { ...last, type: 'pre' }
  } else if (tag === 'code') {
    if (same && last.type === 'pre' && argument)
      entities[entities.length - 1] = { ...last, language: argument }
    else entities.push({ type: 'code', ...range, ...(argument ? { language: argument } : {}) })
  } else if (tag === 'tg-emoji') {
    if (!/^-?[1-9]\d*$/.test(argument)) throw cannotParse('Invalid custom emoji identifier specified')
    entities.push({ type: 'custom_emoji', ...range, custom_emoji_id: argument })
  } else {
    const type = tag === 'blockquote' && argument ? 'expandable_blockquote' : (TAGS[tag] ?? tag)
    entities.push({ type, ...range })
  }
}

// Telegram's Markdown of old: four marks, no nesting, and a mark without its partner is refused.
import { byteOffset, cannotParse, isSpace } from './entities.ts'
import type { FormattedText, MessageEntity } from './entities.ts'
import { linkEntity } from './link.ts'

const TYPES: Readonly<Record<string, string>> = { _: 'italic', '*': 'bold', '`': 'code' }

/**
 * The text without marks (`parse_mode: Markdown`).
 * @throws BotRefusal `can't parse entities: …`
 */
export function parseMarkdown(source: string): FormattedText {
  const entities: MessageEntity[] = []
  let text = ''
  for (let at = 0; at < source.length; at++) {
    const char = source[at] ?? ''
    if (char === '\\' && '_*`['.includes(source[at + 1] ?? ' ')) {
      at += 1
      text += source[at] ?? ''
      continue
    }
    if (!'_*`['.includes(char)) {
      text += char
      continue
    }
    const fenced = source.startsWith('```', at)
    const mark = fenced ? '```' : char === '[' ? ']' : char
    const opening = fenced ? fenceStart(source, at + 3) : { start: at + 1, language: '' }
    const end = source.indexOf(mark, opening.start)
    if (end === -1) {
      throw cannotParse(`Can't find end of the entity starting at byte offset ${byteOffset(source, at)}`)
    }
    const inner = source.slice(opening.start, end)
    const range = { offset: text.length, length: inner.length }
    text += inner
    at = end + mark.length - 1
    let target = inner
    if (char === '[' && inner !== '' && source[end + 1] === '(') {
      const close = source.indexOf(')', end + 2)
      at = close === -1 ? source.length : close
      target = source.slice(end + 2, at)
    }
    const entity = makeEntity(char, fenced, opening.language, target, range)
    if (inner !== '' && entity) entities.push(entity)
  }
  return { text, entities }
}

function makeEntity(
  char: string,
  fenced: boolean,
  language: string,
  target: string,
  range: { offset: number; length: number },
) {
  if (char === '[') return linkEntity(target, range)
  if (fenced) return { type: 'pre', ...range, ...(language ? { language } : {}) }
  return { type: TYPES[char] ?? 'code', ...range }
}

/** After the three backticks: a language up to white space, then one line break, which is not part of the text. */
export function fenceStart(source: string, from: number): { start: number; language: string } {
  let end = from
  while (!isSpace(source[end]) && source[end] !== '`') end += 1
  const named = end > from && end < source.length && source[end] !== '`'
  const start = named ? end : from
  const lineBreak = /^(?:\r\n|\n\r|\n|\r)/.exec(source.slice(start, start + 2))?.[0] ?? ''
  return { start: start + lineBreak.length, language: named ? source.slice(from, end) : '' }
}

// A message in Discord's Markdown, at most 2,000 characters. Outside text is escaped: a backslash before any sign
// that is neither letter, digit nor space takes its meaning away (https://support.discord.com/hc/articles/210298617).
import { fitMessage } from './truncate-message.ts'
import { toPlainLine } from './message.ts'
import type { Line, Message, Span } from './message.ts'
import { isWebAddress, splitLinks } from './web-links.ts'

const MAX_UNITS = 2_000

/** The text; null when there is nothing to read. */
export function toDiscord(message: Message): string | null {
  const lines = message.lines.map((line) => line.map(wellFormed))
  const fitted = fitMessage({ ...message, lines }, MAX_UNITS, [toMarkdownLine]).lines
  if (!/[^\s\p{Cc}]/u.test(fitted.map(toPlainLine).join(''))) return null
  return fitted.map(toMarkdownLine).join('\n')
}

function wellFormed(span: Span): Span {
  if (typeof span === 'string') return span.toWellFormed()
  if ('bold' in span) return { bold: span.bold.toWellFormed() }
  if ('code' in span) return { code: span.code.toWellFormed() }
  return { link: span.link.toWellFormed(), text: span.text.toWellFormed() }
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

// A message without a channel, as plain text. Each sender renders it in its service's own way.
import type { Line, Message, Span } from '../store/store.ts'

export type { Button, Line, Message, Span } from '../store/store.ts'

/** The message as plain text; a link whose text is not its URL becomes `TEXT: URL`. */
export function toPlainText(message: Message): string {
  return message.lines.map(toPlainLine).join('\n')
}

/** One line of it as plain text. */
export function toPlainLine(line: Line): string {
  return line.map(plainSpan).join('')
}

function plainSpan(span: Span): string {
  if (typeof span === 'string') return span
  if ('bold' in span) return span.bold
  if ('code' in span) return span.code
  return span.text === span.link ? span.link : `${span.text}: ${span.link}`
}

/** Every line of a text as a line of the message. */
export const textLines = (text: string): Line[] => text.split('\n').map((line) => [line])

/** Whether there is nothing to read. */
export const isBlank = (lines: readonly Line[]): boolean =>
  !/[^\s\p{Cc}]/u.test(lines.map(toPlainLine).join(''))

/** The message without half surrogate pairs, which services refuse. */
export const wellFormed = (message: Message): Message => ({
  ...message,
  lines: message.lines.map((line) => line.map(wellFormedSpan)),
})

function wellFormedSpan(span: Span): Span {
  if (typeof span === 'string') return span.toWellFormed()
  if ('bold' in span) return { bold: span.bold.toWellFormed() }
  if ('code' in span) return { code: span.code.toWellFormed() }
  return { link: span.link.toWellFormed(), text: span.text.toWellFormed() }
}

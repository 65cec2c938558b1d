// A message without a channel: lines of spans. Each sender renders it in its service's own way.

export type Span =
  | string
  | { readonly bold: string }
  | { readonly code: string }
  | { readonly link: string; readonly text: string }

export type Line = readonly Span[]

/**
 * `plain: true`: one text without any mark-up, sent as it is (the generic webhook's messages).
 * `tail`: how many of the last lines must survive when a service's limit forces a cut.
 * `buttons`: rows of them, for services that have such; the text alone must say what can be answered.
 */
export interface Message {
  readonly lines: readonly Line[]
  readonly plain?: boolean
  readonly tail?: number
  readonly buttons?: readonly (readonly Button[])[]
}

export interface Button {
  readonly text: string
  /** What comes back when it is pressed; 1 to 64 bytes. */
  readonly data: string
}

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

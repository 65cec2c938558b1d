// The text of a `POST /webhook` body: contract section 4.
import { textLines } from './message.ts'
import type { Message } from './message.ts'

/** Telegram's limit, in UTF-16 units. */
const MAX = 4_096

/** The body's string `message`, else (missing, blank) its JSON indented by 2; at most 4096 characters. */
export function genericText(body: object): string {
  const { message } = body as { message?: unknown }
  const text = typeof message === 'string' && message.trim() !== '' ? message : JSON.stringify(body, null, 2)
  if (text.length <= MAX) return text.toWellFormed()
  // The cut may fall into a surrogate pair; its first half is dropped.
  return `${text.slice(0, MAX - 3).replace(/[\ud800-\udbff]$/, '')}...`.toWellFormed()
}

/** The same as a message, sent without any mark-up. */
export const genericMessage = (body: object): Message => ({
  lines: textLines(genericText(body)),
  plain: true,
})

// Text that strangers wrote, made fit for a message: a title cannot forge a second line, turn the
// reading direction around, or break the encoding. Nothing is escaped here: that is the senders' part.
import { redactSecrets, stripInvisible } from '@hookyard/sdk/host'

/** For tables, trails and logs: longer than any title that GitHub takes (256). In code points. */
const ONE_LINE_MAX = 256
/** As long as a message may be. */
const WHOLE_LINE_MAX = 4_096

const BREAKS = /[\p{Cc}\u2028\u2029][\p{Cc}\s]*/gu
const CONTROLS_WITHIN_LINES = /[^\P{Cc}\n\t]+/gu
const DIRECTION_MARKS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu

/** One line, trimmed, at most `max` code points and then `...`. */
export function oneLine(text: string, max = ONE_LINE_MAX): string {
  // A field may hold megabytes: only what can matter is looked at.
  const head = text.slice(0, max * 8).toWellFormed()
  return cut(head.replace(DIRECTION_MARKS, '').replace(BREAKS, ' ').trim(), max)
}

/** One line of a message, left whole: only who knows the service's limit can say what has to be cut. */
export const wholeLine = (text: string): string => oneLine(text, WHOLE_LINE_MAX)

/** The text with its lines kept, without other control characters and direction marks. */
export function cleanLines(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(DIRECTION_MARKS, '')
    .replace(CONTROLS_WITHIN_LINES, ' ')
}

/** The first `max` code points and `...` when there are more; never half a surrogate pair. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text
  let end = 0
  for (let count = 0; count < max && end < text.length; count++) {
    end += text.codePointAt(end)! > 0xffff ? 2 : 1
  }
  return end < text.length ? `${text.slice(0, end)}...` : text
}

const SCHEME = /\b([a-z][a-z0-9+.-]{0,30}):(?=\/\/)/gi
/** A name with dots whose end could be a top-level domain, or an IPv4 address. */
const DOMAIN =
  /(?<![\p{L}\p{N}])(?:[\p{L}\p{N}-]{1,63}\.){1,10}(?:\p{L}{2,63}|xn--[a-z0-9-]{1,59})(?![\p{L}\p{N}_])|\b\d{1,3}(?:\.\d{1,3}){3}\b/giu
/** Endings of files and of our settings that are no top-level domains. */
const HARMLESS =
  /\.(?:[cm]?[jt]sx?|json|ya?ml|go|java|s?css|html?|txt|toml|xml|sql|php|lock|cpp|kt|swift|timeout|command|model|backend|fallback|env)$/i
const NAME = /(?<![\p{L}\p{N}])@(?=[\p{L}\p{N}_])/gu
const COMMAND = /(?<![\p{L}\p{N}_/<])\/(?=\w{1,64}(?:@\w{1,64})?(?![\w/]))/gu

/**
 * The text with nothing in it that a chat program acts on (it makes a link of every address and name, a button of every
 * command): what a tainted run says. A person reads it, no program does: `evil[.]com`, `[/]approve`, `[@]name`.
 */
export const inertText = (text: string): string =>
  redactSecrets(stripInvisible(text).text)
    .replace(SCHEME, '$1[:]')
    .replace(DOMAIN, (name) => (HARMLESS.test(name) ? name : name.replaceAll('.', '[.]')))
    .replace(NAME, '[@]')
    .replace(COMMAND, '[/]')

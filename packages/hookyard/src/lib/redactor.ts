// One rule for what leaves in logs, journals and messages: a configured secret goes, however it is written there. A text
// that is JSON or a URL, or holds one, has other characters in the secret's place.

/** Replaces secrets in whatever it is given, however deep they stand, in keys as well. What is neither an array nor a
 * plain object stays as it is. */
export type Redactor = <T>(value: T) => T

export interface RedactorOptions {
  /** Shorter secrets would hit innocent text and are left alone, in characters. @default 8 */
  readonly shortest?: number
}

const MARK = '[redacted]'
/** A secret shorter than this goes only where it stands as a word of its own. */
const WORD_BELOW = 8
/** What lies deeper is no message of anybody's, and goes as a whole. */
const MAX_DEPTH = 200

/** A redactor of these values. */
export function createRedactor(secrets: readonly string[], { shortest = 8 }: RedactorOptions = {}): Redactor {
  // The longest first: one may hold another.
  const rules = [...new Set(secrets)]
    .filter((secret) => secret.length >= shortest)
    .sort((one, other) => other.length - one.length)
    .map(ruleOf)
  if (rules.length === 0) return (value) => value
  const hide = (text: string) =>
    rules.reduce(
      (left, { part, pattern }) => (left.includes(part) ? left.replace(pattern, MARK) : left),
      text,
    )
  // What comes back has the shape of what was given, but for what is hidden.
  return <T>(value: T) => hideIn(value, hide, 0) as T
}

/** The same value when there is nothing to hide in it. */
function hideIn(value: unknown, hide: (text: string) => string, depth: number): unknown {
  if (typeof value === 'string') return hide(value)
  if (typeof value === 'number' || typeof value === 'bigint')
    return hide(String(value)) === String(value) ? value : MARK
  if (depth > MAX_DEPTH) return MARK
  if (Array.isArray(value)) {
    const hidden: unknown[] = value.map((inner) => hideIn(inner, hide, depth + 1))
    return hidden.every((inner, position) => inner === value[position]) ? value : hidden
  }
  if (!isPlain(value)) return value
  const entries = Object.entries(value)
  const hidden = entries.map(([key, inner]) => [hide(key), hideIn(inner, hide, depth + 1)] as const)
  const isSame = hidden.every(([key, inner], n) => key === entries[n]?.[0] && inner === entries[n][1])
  return isSame ? value : Object.fromEntries(hidden)
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

interface Rule {
  /** Stands in every spelling of the secret: a text without it needs no search. */
  readonly part: string
  readonly pattern: RegExp
}

function ruleOf(secret: string): Rule {
  const parts = secret.split(/[^\w.~-]/).sort((one, other) => other.length - one.length)
  const spelled = (secret.match(/\\+|./gsu) ?? []).map(spellingsOf).join('')
  const isWord = secret.length < WORD_BELOW
  const pattern = isWord ? `(?<![A-Za-z0-9])${spelled}(?![A-Za-z0-9])` : spelled
  return { part: parts[0] ?? '', pattern: new RegExp(pattern, 'g') }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#(?:39|x27);',
}
const LETTERS: Readonly<Record<string, string>> = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f' }
/** JSON in JSON in JSON doubles the backslashes each time. */
const NESTED = 8

/** A character, or a run of backslashes, as it may be written: as it is, in JSON, in a URL, in HTML. */
function spellingsOf(part: string): string {
  if (/^[\w.~-]$/.test(part)) return literal(part)
  if (part.startsWith('\\'))
    return `(?:\\\\{${part.length},${part.length * NESTED}}|(?:%5[Cc]){${part.length}})`
  const letter = LETTERS[part]
  const entity = ENTITIES[part]
  const spellings = [
    ...(letter === undefined ? [] : [`\\\\{1,${NESTED}}${letter}`]),
    ...(entity === undefined ? [] : [entity]),
    ...(part === ' ' ? ['\\+'] : []),
    [...Array(part.length).keys()]
      .map((unit) => `\\\\{1,${NESTED}}u${hex(part.charCodeAt(unit), 4)}`)
      .join(''),
    [...new TextEncoder().encode(part)].map((byte) => `%${hex(byte, 2)}`).join(''),
    // A quote, and at times a slash, has backslashes before it.
    `${part === '"' || part === '/' ? `\\\\{0,${NESTED - 1}}` : ''}${literal(part)}`,
  ]
  return `(?:${spellings.join('|')})`
}

const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')

/** Digits of either case. */
const hex = (code: number, digits: number) =>
  [...code.toString(16).padStart(digits, '0')]
    .map((digit) => (/\d/.test(digit) ? digit : `[${digit}${digit.toUpperCase()}]`))
    .join('')

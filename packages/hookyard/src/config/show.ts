// Values in messages: short, and never a secret. Hidden are the values of keys that hold secrets, text that
// looks like a known kind of token wherever it stands, and (by hideSecrets) every secret that is known by value.
import type { Path, Problem } from './problem.ts'

const SECRET_KEY = /secret|token|passw(or)?d|api_?key|private_?key|credential/i
const NOT_SECRET_KEY = /_file$|^api_tokens$|^(max|min|input|output)_tokens$|^tokens?_/i
/** Sections in which a scalar can only be a misplaced secret. */
const SECRET_SECTIONS = new Set(['github', 'telegram', 'inbound', 'agent', 'api_tokens'])
const ADDRESS_KEYS = new Set(['notify', 'database', 'base_url'])
const TOKEN_SHAPES =
  /gh[a-z]_\w{8,}|github_pat_\w{8,}|sk-[\w-]{8,}|xox[a-z]-[\w-]{8,}|\d{6,}:[\w-]{20,}|-----BEGIN[^]*|:\/\/[^\s/@]*:[^\s/@]*@/g

/** Whether this key is one whose value is a secret. */
export function isSecretKey(key: string | number | undefined): boolean {
  return typeof key === 'string' && SECRET_KEY.test(key) && !NOT_SECRET_KEY.test(key)
}

/** Whether a value at this path must not be shown. */
export function isSecretPath(path: Path): boolean {
  const keys = path.filter((part) => typeof part === 'string')
  if (isSecretKey(keys.at(-1)) || (keys[0] === 'agent' && keys[1] === 'env')) return true
  return keys.length === 1 && SECRET_SECTIONS.has(keys[0] ?? '')
}

/** `(secret, 12 characters)`. */
export const hidden = (secret: unknown): string => `(secret, ${[...String(secret)].length} characters)`

/** A value as the `found` of a problem. */
export function showValue(value: unknown, path: Path = []): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a map'
  if (value === '') return 'empty text'
  if (isSecretPath(path)) return hidden(value)
  if (typeof value !== 'string') return String(value)
  if (typeof path.at(-1) === 'string' && ADDRESS_KEYS.has(String(path.at(-1))) && value.includes(':')) {
    return `"${value.slice(0, value.indexOf(':') + 1).slice(0, 20)}…"`
  }
  return quote(maskTokens(value))
}

/** Text in quotes, cut to 60 characters. */
export function quote(text: string): string {
  const characters = [...text]
  return JSON.stringify(characters.length > 60 ? `${characters.slice(0, 60).join('')}…` : text)
}

/** Replaces what looks like a token of a known service. */
export const maskTokens = (text: string): string => text.replaceAll(TOKEN_SHAPES, '(secret)')

/**
 * Takes known secrets out of the problems; the last step before a report. Short ones are words too
 * (a secret `webhook` must not black out `webhook_secret`): they are hidden where values stand alone.
 */
export function hideSecrets(problems: readonly Problem[], secrets: readonly string[]): Problem[] {
  const longestFirst = [...new Set(secrets)].sort((a, b) => b.length - a.length)
  const cleaner = (minLength: number) => (text: string) =>
    longestFirst
      .filter((secret) => secret.length >= minLength)
      .reduce((left, secret) => left.replaceAll(secret, () => hidden(secret)), maskTokens(text))
  const [cleanValue, cleanText] = [cleaner(8), cleaner(16)]
  return problems.map((problem) => ({
    ...problem,
    key: cleanText(problem.key),
    found: cleanValue(problem.found),
    expected: cleanText(problem.expected),
    hint: problem.hint === null ? null : cleanText(problem.hint),
  }))
}

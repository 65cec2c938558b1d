// What a module says, as the limits of the contract have it (section 3, "Limits of what a module says"): looked at as
// text, before anything parses it, since parsing, checking and storing recurse. The one place for all that it says:
// outcomes, calls, log lines, records.

/** Levels of arrays and objects in a value; a message has two more around it. */
const MAX_DEPTH = 64
const ENVELOPE_DEPTH = 2
/** Bytes of an outcome and whatever else is stored, journaled and shown. */
const MAX_BYTES = 1_048_576
/** What a call asks of an agent may be longer, and so may the files of a handler. */
const LONGER = new Set(['call', 'inspected'])
/** Characters of any message: thousands of findings of an agent go, with long texts, but not what fills the memory. */
export const MAX_MESSAGE = 64 * 1024 * 1024
/** Values in a message: parsed, `[{},{},…` takes some twenty times its length in the service's heap, and text once. */
const MAX_VALUES = 4_000_000

/** A limit that a message goes over; the run that it belongs to ends by it. */
export interface Excess {
  readonly nonce: string
  readonly reason: 'invalid_outcome' | 'over_limit'
  readonly says: string
}

/** How our end in the process begins every message. */
const HEAD = /^\{"t":"([a-z]{1,20})","nonce":"([\w-]{1,64})"/

const SPOKEN = new Map(Object.entries({ outcome: 'outcome', threw: 'error', log: 'log line', call: 'call' }))

/** The limit that a line of the channel goes over; null when it goes over none. */
export function excessOf(line: string): Excess | null {
  const [head = '', t = '', nonce = ''] = HEAD.exec(line) ?? []
  const over = (what: string): Excess => ({
    nonce,
    reason: t === 'outcome' || t === 'threw' ? 'invalid_outcome' : 'over_limit',
    says: `the module's ${SPOKEN.get(t) ?? 'message'} ${what}`,
  })
  if (line.length > MAX_MESSAGE) return over(`has more than ${MAX_MESSAGE} characters`)
  if (!LONGER.has(t)) {
    const size = Buffer.byteLength(line) - head.length - ',"outcome":}'.length
    if (size > MAX_BYTES) return over(`has ${size} bytes of JSON; at most ${MAX_BYTES} go`)
  }
  if (holdsMoreValues(line)) return over(`has more than ${MAX_VALUES} values`)
  if (isDeeper(line)) return over(`is nested deeper than ${MAX_DEPTH} levels`)
  return null
}

/**
 * Whether a message is of the kind that its line begins with, by which its limits were chosen: of a key that stands
 * twice, `JSON.parse` takes the last.
 */
export const isAsItBegins = (line: string, message: unknown): boolean => {
  const [, t = ''] = HEAD.exec(line) ?? []
  return !LONGER.has(t) || (message as { t?: unknown } | null | undefined)?.t === t
}

/** Every value but the first follows a comma or a bracket; those in texts are counted too, and a text has few of them. */
const holdsMoreValues = (line: string): boolean =>
  line.length > MAX_VALUES &&
  !line
    .matchAll(/[,[{]/g)
    .take(MAX_VALUES + 1)
    .drop(MAX_VALUES)
    .next().done

/** Brackets that are open at once, those in texts left out. */
function isDeeper(line: string): boolean {
  const limit = MAX_DEPTH + ENVELOPE_DEPTH
  let depth = 0
  for (let at = 0; at < line.length; at += 1) {
    const sign = line[at]
    if (sign === '"') at = endOfText(line, at)
    else if (sign === '[' || sign === '{') {
      depth += 1
      if (depth > limit) return true
    } else if (sign === ']' || sign === '}') depth -= 1
  }
  return false
}

/** Where the text that begins here ends; the end of the line when it does not. */
function endOfText(line: string, start: number): number {
  for (let end = line.indexOf('"', start + 1); end !== -1; end = line.indexOf('"', end + 1)) {
    let slashes = 0
    while (line[end - 1 - slashes] === '\\') slashes += 1
    if (slashes % 2 === 0) return end
  }
  return line.length
}

// What one run may do (contract section 3, "Limits of what a module says"): over a cap it ends.
import { PermanentError } from '../lib/errors.ts'

const CAPS = { messages: 20, effects: 50, invoked: 10 } as const
/** Bytes of JSON that a run keeps by `once` and as state, all attempts together. */
export const MAX_KEPT = 1_048_576
/** Bytes of JSON of the journal's records, and of an input. */
const MAX_STORED = 1_048_576

const WORDS = { messages: 'messages', effects: 'effects on GitHub', invoked: 'runs invoked' }

/** Ends the run `failed: over_limit`; the message names the limit. */
export class OverLimitError extends PermanentError {
  constructor(message: string) {
    super(message, { reason: 'over_limit' })
    this.name = 'OverLimitError'
  }
}

/** Counts what a run does. */
export class RunLimits {
  readonly #counted = { messages: new Set<string>(), effects: new Set<string>(), invoked: new Set<string>() }

  /**
   * One more, unless this `key` was counted before: a repeat is the same message or effect again. At once, before
   * anything is awaited: an outcome may follow.
   * @throws OverLimitError
   */
  count(what: keyof typeof CAPS, key: string, earlier: ReadonlySet<string> = new Set()): void {
    const counted = this.#counted[what].add(key)
    if (new Set([...counted, ...earlier]).size > CAPS[what])
      throw new OverLimitError(`the run has more than ${CAPS[what]} ${WORDS[what]}`)
  }
}

/** So many runs' counts are kept for their next attempts. */
const MAX_REMEMBERED = 1_000

/** What a run has done in earlier attempts counts in the next ones, as long as this process lives. */
export function rememberLimits(): (run: { readonly id: string; readonly attempt: number }) => RunLimits {
  const known = new Map<string, RunLimits>()
  return ({ id, attempt }) => {
    const caps = (attempt > 1 ? known.get(id) : undefined) ?? new RunLimits()
    known.delete(id)
    known.set(id, caps)
    if (known.size > MAX_REMEMBERED) for (const [oldest] of known.entries().take(1)) known.delete(oldest)
    return caps
  }
}

/** @throws OverLimitError when it is more than is stored of one thing. */
export function checkSize(what: string, value: unknown): void {
  const size = bytesOf(value)
  if (size > MAX_STORED)
    throw new OverLimitError(`${what} has ${size} bytes of JSON; at most ${MAX_STORED} go`)
}

/** The sentence when a run keeps more than it may. */
export const keptTooMuch = (what: string) =>
  `${what}: a run keeps at most ${MAX_KEPT} bytes of JSON by once() and as state, all together`

/** Of its JSON; 0 for undefined. */
export const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '')

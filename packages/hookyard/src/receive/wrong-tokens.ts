// Wrong tokens are slowed: so many tries for everybody together, because behind a proxy all have one address, and an
// attacker has many. A right token is never asked to wait.
import { UserError } from '../lib/errors.ts'

/** Tries that are free, and how soon each comes back. A mistyped token in a script stays below it. */
const TRIES = 50
const REFILL_MS = 1_000
const MAX_WAIT_S = 60

export interface WrongTokens {
  /** Counts a wrong try. @throws UserError rate_limited, with Retry-After, when there were too many lately */
  count(): void
}

/** `now` in ms, of a clock that only goes forward. */
export function createWrongTokens(now: () => number = () => performance.now()): WrongTokens {
  let left = TRIES
  let at = now()
  return {
    count() {
      const elapsed = now() - at
      at += elapsed
      // Below zero: who goes on all the same waits longer, but never longer than a minute.
      left = Math.max(Math.min(TRIES, left + elapsed / REFILL_MS), -MAX_WAIT_S) - 1
      if (left >= 0) return
      throw new UserError(
        'rate_limited',
        'too many wrong tokens were tried lately; this one is not known here either',
        {
          headers: { 'retry-after': String(Math.min(MAX_WAIT_S, Math.ceil(-left))), connection: 'close' },
        },
      )
    },
  }
}

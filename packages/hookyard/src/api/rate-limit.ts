// So many requests per token, by a bucket that fills steadily: one script that loops must not slow the others.
import { UserError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'

export interface RateLimit {
  /** Counts one request of this token. @throws UserError rate_limited, with Retry-After */
  take(token: string): void
}

/** A bucket per token name; it holds a minute's worth. */
export function createRateLimit({ perMinute, clock }: { perMinute: number; clock: Clock }): RateLimit {
  const buckets = new Map<string, { left: number; at: number }>()
  const perMs = perMinute / 60_000
  return {
    take(token) {
      const now = clock()
      const { left, at } = buckets.get(token) ?? { left: perMinute, at: now }
      // A clock that was set back fills nothing, and takes nothing away.
      const filled = Math.min(perMinute, left + Math.max(0, now - at) * perMs)
      buckets.set(token, { left: filled < 1 ? filled : filled - 1, at: now })
      if (filled >= 1) return
      const seconds = Math.max(1, Math.ceil((1 - filled) / perMs / 1_000))
      throw new UserError(
        'rate_limited',
        `the token ${token} has sent more than ${perMinute} requests in a minute; wait ${seconds} s`,
        { headers: { 'retry-after': String(seconds) } },
      )
    },
  }
}

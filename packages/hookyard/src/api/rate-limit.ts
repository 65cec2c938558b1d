// So many requests per token: a bucket that fills steadily. One script that loops must not slow the others.
import { UserError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'

/** Requests per minute and token. Watching ten runs at once stays well below it. */
export const REQUESTS_PER_MINUTE = 600

export interface RateLimit {
  /** Counts one request of this token. @throws UserError rate_limited, with Retry-After */
  take(token: string): void
}

interface Bucket {
  left: number
  at: number
}

/** A bucket per token name; it holds a minute's worth, so that a burst is no crime. */
export function createRateLimit({ perMinute, clock }: { perMinute: number; clock: Clock }): RateLimit {
  const buckets = new Map<string, Bucket>()
  const perMs = perMinute / 60_000
  return {
    take(token) {
      const now = clock()
      const bucket = buckets.get(token) ?? { left: perMinute, at: now }
      buckets.set(token, bucket)
      // A clock that was set back fills nothing, and takes nothing away.
      bucket.left = Math.min(perMinute, bucket.left + Math.max(0, now - bucket.at) * perMs)
      bucket.at = now
      if (bucket.left < 1) {
        const seconds = Math.max(1, Math.ceil((1 - bucket.left) / perMs / 1_000))
        throw new UserError(
          'rate_limited',
          `the token ${token} has sent more than ${perMinute} requests in a minute; wait ${seconds} s`,
          { headers: { 'retry-after': String(seconds) } },
        )
      }
      bucket.left -= 1
    },
  }
}

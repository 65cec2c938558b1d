// How many requests a service takes: a bucket that holds `burst` and fills by one every `everyMs`.
import type { Clock } from './clock.ts'

export interface Allowance {
  readonly burst: number
  readonly everyMs: number
}

/** Takes one and answers 0, or answers in how many milliseconds there will be one. */
export function createAllowance({ burst, everyMs }: Allowance, clock: Clock): () => number {
  let fullAt = 0
  return () => {
    const now = clock()
    const ahead = Math.max(fullAt - now, 0)
    const wait = ahead - (burst - 1) * everyMs
    if (wait > 0) return wait
    fullAt = now + ahead + everyMs
    return 0
  }
}

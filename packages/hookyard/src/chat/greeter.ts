// Strangers may ask for their chat's id, but not make the bot write without end.
import type { Clock } from '../lib/clock.ts'

const WINDOW_MS = 60_000
/** Answers in a minute. */
const LIMITS = { perChat: 5, all: 60 }

export interface Greeter {
  mayGreet(chatId: number): boolean
}

/** At most 5 answers a minute to one chat, 60 to all of them, unless `limits` says otherwise. */
export function createGreeter(clock: Clock, limits = LIMITS): Greeter {
  let since = -Infinity
  let counts = new Map<number, number>()
  let all = 0
  return {
    mayGreet(chatId) {
      const now = clock()
      if (now - since >= WINDOW_MS || now < since) {
        since = now
        counts = new Map()
        all = 0
      }
      const count = counts.get(chatId) ?? 0
      if (count >= limits.perChat || all >= limits.all) return false
      counts.set(chatId, count + 1)
      all += 1
      return true
    },
  }
}

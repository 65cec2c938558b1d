// When an address may be written to: its pace, the pauses that a service asked for, and those between tries. Kept in memory:
// after a restart the service says it again. Times are ms since the epoch.
import { serviceOf } from './address.ts'
import type { Pace } from './sender.ts'

/** From when until when; a clock that was set back ends it. */
interface Span {
  readonly from: number
  readonly until: number
}

/** Nothing is held back at first. */
export function createRateLimits() {
  const paced = new Map<string, Span>()
  const paused = new Map<string, Span>()
  const pausedServices = new Map<string, Span>()

  return {
    /** When the address may be written to; not after `now` = at once. */
    freeAt(address: string, pace: Pace | undefined, now: number): number {
      const budget = openUntil(paced.get(address), now) - (pace ? (pace.burst - 1) * pace.everyMs : 0)
      const told = openUntil(paused.get(address), now)
      return Math.max(budget, told, openUntil(pausedServices.get(serviceOf(address)), now))
    },
    /** Notes a message to the address. */
    used(address: string, pace: Pace | undefined, now: number): void {
      if (pace === undefined) return
      // Each message books `everyMs` of the address's time; `burst` bookings may lie ahead.
      const booked = Math.max(openUntil(paced.get(address), now), now) + pace.everyMs
      paced.set(address, { from: now, until: booked })
    },
    /**
     * The service asked for a pause. It does not say whether it means this chat or the whole bot, but when
     * two addresses are told at once it is the bot: then the pause holds for all of the service.
     */
    pause(address: string, now: number, ms: number): void {
      const service = serviceOf(address)
      const others = [...paused].filter(
        ([key, span]) => key !== address && serviceOf(key) === service && isOpen(span, now),
      )
      const span = { from: now, until: now + ms }
      paused.set(address, span)
      if (others.length > 0 && openUntil(pausedServices.get(service), now) < span.until)
        pausedServices.set(service, span)
    },
    /** How many addresses are held back; Infinity while a whole service is. */
    held(now: number): number {
      for (const spans of [paced, paused, pausedServices])
        for (const [key, span] of spans) if (!isOpen(span, now)) spans.delete(key)
      return pausedServices.size > 0 ? Infinity : paced.size + paused.size
    },
  }
}

const isOpen = (span: Span, now: number): boolean => span.from <= now && now < span.until

const openUntil = (span: Span | undefined, now: number): number =>
  span && isOpen(span, now) ? span.until : 0

const FIRST_BACKOFF_MS = 1_000
const MAX_BACKOFF_MS = 300_000

/**
 * How long to wait before try number `tries + 1`, in milliseconds: 1 s, doubled each time, at most 5 min,
 * of which the upper half is random so that many messages do not return at once. `random` is in [0, 1).
 */
export function backoffMs(tries: number, random: () => number): number {
  const full = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(tries, 30), MAX_BACKOFF_MS)
  return Math.round(full / 2 + (full / 2) * random())
}

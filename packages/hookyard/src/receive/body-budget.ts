// The memory that bodies under way hold together. Anybody may send 25 MiB before a signature can be checked, so this
// decides who has to go when strangers take it all: the slowest first, and what large bodies may take leaves a reserve
// for those under 1 MiB, as nearly all of GitHub's are.
import { UserError } from '../lib/errors.ts'
import { storageUnavailable } from './errors.ts'

/** A body of so many bytes, announced or arrived, has no part in the reserve. */
const SMALL_BYTES = 1_048_576
/** A body's pace is what arrived lately: what arrived so many ms ago counts for a third. */
const PACE_MS = 2_000

export interface BudgetLimits {
  /** Of all bodies together. */
  readonly maxBytes: number
  /** The part of it that only bodies under 1 MiB may use. */
  readonly reserveBytes: number
  /** A body that comes more slowly than this after its first `graceMs` is dropped. In bytes per second. */
  readonly minPace: number
  readonly graceMs: number
}

/** One body's part of the budget. */
export type Share = ReturnType<BodyBudget['begin']>

interface Held {
  bytes: number
  isLarge: boolean
  isComplete: boolean
  readonly since: number
  /** Bytes per ms, as of `at`. */
  pace: number
  at: number
  readonly drop: (reason: UserError) => void
}

export class BodyBudget {
  readonly #limits: BudgetLimits
  readonly #held = new Set<Held>()
  #bytes = 0
  #largeBytes = 0
  #checkedAt = 0

  constructor(limits: BudgetLimits) {
    this.#limits = limits
  }

  /** A body begins. `drop` is called at most once, and the body is to let go of its bytes then. */
  begin(announcedBytes: number, drop: (reason: UserError) => void) {
    const now = performance.now()
    const isLarge = announcedBytes >= SMALL_BYTES
    const held: Held = { bytes: 0, isLarge, isComplete: false, since: now, pace: 0, at: now, drop }
    this.#held.add(held)
    return {
      /** So many bytes have arrived; drops whoever has to go for them, perhaps this very body. */
      grow: (bytes: number) => this.#grow(held, bytes),
      /** The body is whole: it cannot be dropped any more. */
      complete: () => void (held.isComplete = true),
      /** Its memory is free again. */
      release: () => this.#release(held),
    }
  }

  /** Drops the slowest of the bodies that are still arriving. False: there is none. */
  dropSlowest(isCandidate: (held: { isLarge: boolean }) => boolean = () => true): boolean {
    const now = performance.now()
    let slowest: Held | undefined
    let longest = -1
    for (const held of this.#held) {
      if (held.isComplete || !isCandidate(held)) continue
      const time = timeToRepeat(held, now)
      if (time > longest) [slowest, longest] = [held, time]
    }
    if (slowest) this.#drop(slowest, storageUnavailable())
    return slowest !== undefined
  }

  /** Drops what comes too slowly. To be called every `everyMs`. */
  dropTooSlow(everyMs: number): void {
    const now = performance.now()
    const isLate = now - this.#checkedAt > 2 * everyMs
    this.#checkedAt = now
    // This process itself was held up, and what has arrived meanwhile is not read yet.
    if (isLate) return
    const { minPace, graceMs } = this.#limits
    for (const held of this.#held) {
      const isSlow = now - held.since > graceMs && paceOf(held, now) * 1_000 < minPace
      if (isSlow && !held.isComplete)
        this.#drop(
          held,
          new UserError('invalid_input', 'the request did not arrive in time', { status: 408 }),
        )
    }
  }

  #grow(held: Held, bytes: number): void {
    const now = performance.now()
    held.pace = paceOf(held, now) + bytes / PACE_MS
    held.at = now
    held.bytes += bytes
    this.#bytes += bytes
    if (held.isLarge) this.#largeBytes += bytes
    else if (held.bytes >= SMALL_BYTES) {
      held.isLarge = true
      this.#largeBytes += held.bytes
    }
    const { maxBytes, reserveBytes } = this.#limits
    while (this.#largeBytes > maxBytes - reserveBytes && this.dropSlowest(({ isLarge }) => isLarge));
    while (this.#bytes > maxBytes && this.dropSlowest());
  }

  #drop(held: Held, reason: UserError): void {
    this.#release(held)
    held.drop(reason)
  }

  #release(held: Held): void {
    if (!this.#held.delete(held)) return
    this.#bytes -= held.bytes
    if (held.isLarge) this.#largeBytes -= held.bytes
  }
}

/** How long it would take to send again what is held, in ms: most for what stalled with much. */
const timeToRepeat = (held: Held, now: number): number => (held.bytes + 1) / (paceOf(held, now) + 1e-9)

const paceOf = (held: Held, now: number): number => held.pace * Math.exp((held.at - now) / PACE_MS)

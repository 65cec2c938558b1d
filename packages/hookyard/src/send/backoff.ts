const FIRST_MS = 1_000
const MAX_MS = 300_000

/**
 * How long to wait before try number `tries + 1`, in milliseconds: 1 s, doubled each time, at most 5 min,
 * of which the upper half is random so that many messages do not return at once. `random` is in [0, 1).
 */
export function backoffMs(tries: number, random: () => number): number {
  const full = Math.min(FIRST_MS * 2 ** Math.min(tries, 30), MAX_MS)
  return Math.round(full / 2 + (full / 2) * random())
}

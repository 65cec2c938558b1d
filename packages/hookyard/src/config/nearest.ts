// "Did you mean": the candidate that a typing slip, another spelling or a plural would turn into the word.

/** The nearest candidate, or null when none is near enough to be meant. Ties go to the first. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const wanted = plain(word)
  if (wanted.length > 100) return null
  let best: string | null = null
  let bestDistance = Infinity
  for (const candidate of candidates) {
    const other = plain(candidate)
    const allowed = Math.min(3, Math.floor(Math.max(wanted.length, other.length) / 3))
    if (Math.abs(wanted.length - other.length) > allowed) continue
    const distance = editDistance(wanted, other)
    if (distance <= allowed && distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** A hint for an unknown word: the near match, else what is known (when that fits a line). */
export function hintFor(word: string, known: readonly string[]): string | null {
  const match = nearest(word, known)
  if (match !== null) return `write ${match}`
  return known.length === 0 || known.length > 16 ? null : `known here: ${known.join(', ')}`
}

/** `chatId`, `chat-id` and `CHAT_ID` are one word. */
const plain = (word: string) => word.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      )
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1)
      current.push(cost)
    }
    beforeLast = last
    last = current
  }
  return last[b.length] ?? 0
}

// A payload as far as decisions and modules need it. What GitHub sends of people is short (a text has at most 65,536
// characters) and lies near the top; what makes a payload large are lists, such as the commits of a push.

/** Values and keys that are kept: parsed within some 40 ms. */
const MAX_VALUES = 100_000
/** Characters of one string. */
const MAX_STRING = 128 * 1024
/** Characters of all strings and keys. */
const MAX_CHARACTERS = 4 * 1024 * 1024
/** How deep arrays and objects may lie in each other: what walks them by recursion must not run out of stack. */
const MAX_DEPTH = 512

interface Step {
  readonly source: object
  readonly target: unknown[] | Record<string, unknown>
  readonly depth: number
}

/**
 * A copy of a value from JSON with its first 100,000 values. Objects within objects come first, those nearest to the top
 * before all others; then the lists, each at most half of what is left, so that none of them displaces the others. Of a
 * string 131,072 characters are kept, and what nests deeper than 512 levels is null.
 */
export function shorten(value: unknown): unknown {
  let values = MAX_VALUES
  let characters = MAX_CHARACTERS
  /** So many values are left to those behind. */
  let floor = 0
  const objects: Step[] = []
  const lists: Step[] = []

  function copy(source: unknown, depth: number, isInList: boolean): unknown {
    values -= 1
    if (typeof source === 'string') {
      const text = source.slice(0, Math.min(MAX_STRING, characters))
      characters -= text.length
      return text
    }
    if (typeof source !== 'object' || source === null) return source
    if (depth > MAX_DEPTH) return null
    const step: Step = { source, target: Array.isArray(source) ? [] : {}, depth }
    if (isInList) fill(step, true)
    else (Array.isArray(source) ? lists : objects).push(step)
    return step.target
  }

  // No list of all entries: there may be millions.
  function fill({ source, target, depth }: Step, isInList: boolean): void {
    if (Array.isArray(target)) {
      for (const item of source as readonly unknown[]) {
        if (values <= floor) return
        target.push(copy(item, depth + 1, isInList))
      }
      return
    }
    for (const key in source) {
      if (values <= floor || key.length > characters) return
      values -= 1
      characters -= key.length
      const item = copy((source as Record<string, unknown>)[key], depth + 1, isInList)
      // An assignment to `__proto__` would set the prototype.
      Object.defineProperty(target, key, {
        value: item,
        enumerable: true,
        writable: true,
        configurable: true,
      })
    }
  }

  const top = copy(value, 1, false)
  // Both grow while they are read.
  for (const step of objects) fill(step, false)
  for (const step of lists) {
    floor = Math.floor(values / 2)
    fill(step, true)
  }
  return top
}

/** Whether it cannot nest so deep: it has few brackets, which are found faster than JSON is read. */
export function isSurelyShallow(json: string): boolean {
  let left = MAX_DEPTH
  for (const opening of ['{', '[']) {
    for (let at = json.indexOf(opening); at >= 0; at = json.indexOf(opening, at + 1)) {
      left -= 1
      if (left < 0) return false
    }
  }
  return true
}

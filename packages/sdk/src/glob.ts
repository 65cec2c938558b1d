// Patterns over paths, as .gitignore users know them: `*` within a folder, `**` across folders, `?`, `{a,b}`. Without
// regard to case. Matched step by step and not by a regular expression, so that no pattern takes forever.

/** More alternatives of one pattern than this are not looked at. */
const MAX_ALTERNATIVES = 64

/** Whether a path fits a pattern: `*.md` in any folder, `src/*` in that one, `src/**` in all below. */
export function matchesGlob(pattern: string, path: string): boolean {
  const parts = path.toLowerCase().split('/')
  return alternatives(pattern.toLowerCase()).some((one) => {
    const wanted = one.replace(/^\.?\/+/, '').split('/')
    return fits(wanted.length === 1 ? ['**', ...wanted] : wanted, parts)
  })
}

/**
 * Whether a list covers a path: the last pattern that fits decides, `!` before it leaves out. A list that begins with an
 * exclusion starts from everything, an empty one covers everything.
 */
export function coversPath(patterns: readonly string[], path: string): boolean {
  let covered = patterns[0] === undefined || patterns[0].startsWith('!')
  for (const pattern of patterns) {
    const excludes = pattern.startsWith('!')
    if (covered === excludes && matchesGlob(excludes ? pattern.slice(1) : pattern, path)) covered = !excludes
  }
  return covered
}

/** `a.{ts,js}` -> `a.ts`, `a.js`; one level at a time, the inner braces first. */
function alternatives(pattern: string): string[] {
  let expanded = [pattern]
  while (expanded.length <= MAX_ALTERNATIVES && expanded.some((one) => BRACES.test(one))) {
    expanded = expanded.flatMap((one) => {
      const [all, inner] = BRACES.exec(one) ?? []
      if (all === undefined || inner === undefined) return [one]
      return inner.split(',').map((choice) => one.replace(all, () => choice))
    })
  }
  return expanded.slice(0, MAX_ALTERNATIVES)
}

const BRACES = /\{([^{},]*(?:,[^{},]*)+)\}/

/** The wildcard match over a list: `**` stands for any number of folders, and the last one seen takes what is over. */
function fits(wanted: readonly string[], parts: readonly string[]): boolean {
  return walk(wanted.length, parts.length, (at, to) => {
    const want = wanted[at]!
    return want === '**' ? 'any' : fitsPart(want, parts[to]!)
  })
}

const fitsPart = (wanted: string, part: string): boolean =>
  walk(wanted.length, part.length, (at, to) => {
    const want = wanted[at]!
    return want === '*' ? 'any' : want === '?' || want === part[to]
  })

/** Greedy matching with one way back: at most (length of pattern) x (length of text) steps. */
function walk(
  patternLength: number,
  length: number,
  test: (pattern: number, at: number) => boolean | 'any',
): boolean {
  let [pattern, at, star, from] = [0, 0, -1, 0]
  while (at < length) {
    const verdict = pattern < patternLength ? test(pattern, at) : false
    if (verdict === 'any') {
      star = pattern
      from = at
      pattern += 1
    } else if (verdict) {
      pattern += 1
      at += 1
    } else if (star >= 0) {
      pattern = star + 1
      from += 1
      at = from
    } else return false
  }
  while (pattern < patternLength && test(pattern, length - 1) === 'any') pattern += 1
  return pattern === patternLength
}

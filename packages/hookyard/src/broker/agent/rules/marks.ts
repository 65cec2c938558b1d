// What nobody writes on purpose: marks of a merge, and characters that show a line otherwise than it runs.
import { type Hit, type Rule, type RuleFile, TEST_FILE } from './rule.ts'

const MARK = /^(?:<{7}|\|{7}|={7}|>{7})(?: |$)/
const SIDE = /^(?:<{7}|\|{7}|>{7})(?: |$)/
const PROSE = /\.(?:md|mdx|markdown|rst|adoc|txt|eml|patch|diff)$/i

/** Where a line that begins with one of these is no program any more, so that one left behind is enough. */
const SOURCE =
  /\.(?:[cm]?[jt]sx?|vue|svelte|pyw?|rb|php|go|rs|java|kt|kts|swift|cs|c|cc|cpp|h|hpp|scala|dart|json|ya?ml|toml|s?css|less|sql)$/i
const LONE = /^(?:<{7}|>{7}) \S/

/** One mark alone may be a quote, a heading's underline or a drawing: elsewhere a conflict has two kinds of them. */
function conflictMarks({ file, lines }: RuleFile): Hit[] {
  const marks = lines.filter(({ text }) => MARK.test(text))
  const kinds = new Set(marks.map(({ text }) => text.charAt(0)))
  const prose = PROSE.test(file.file)
  const alone =
    SOURCE.test(file.file) && !TEST_FILE.test(file.file) && marks.some(({ code }) => LONE.test(code))
  // In a page `=======` underlines a heading, and `>>>>>>>` is mail that was answered often.
  if (!alone && (kinds.size < 2 || !kinds.has('=') || (prose && !kinds.has('<')))) return []
  // A page about merging shows them in a block of code.
  const shown = prose ? fenced(lines) : new Set<number>()
  return marks
    .filter(({ added, line, text }) => added && SIDE.test(text) && !shown.has(line))
    .map(({ line }) => ({ line, title: 'Merge conflict marks' }))
}

/** Lines within ``` or ~~~, as far as the diff shows where they begin. */
function fenced(lines: RuleFile['lines']): Set<number> {
  const inside = new Set<number>()
  let fence: string | null = null
  for (const { line, text } of lines) {
    const mark = /^\s*(`{3,}|~{3,})/.exec(text)?.[1]
    if (mark !== undefined) fence = fence === null ? mark.charAt(0) : mark.startsWith(fence) ? null : fence
    else if (fence !== null) inside.add(line)
  }
  return inside
}

/** Overrides and isolates, of the kind that a right-to-left language in a text file needs by itself as well. */
const DIRECTION = /[\u202a-\u202e\u2066-\u2069]/
const TEXT_FILE =
  /\.(?:md|mdx|markdown|rst|adoc|txt|po|pot|xlf|xliff|strings|arb|resx|properties)$|(?:^|\/)(?:locales?|i18n|l10n|lang|translations?)\//i

export const MARKS: readonly Rule[] = [
  {
    severity: 'critical',
    find: conflictMarks,
    why: 'The line is left over from a merge: the file holds both versions and the marks between them.',
    fix: 'Decide between the two versions and take the marks out.',
  },
  {
    severity: 'critical',
    find: ({ file, lines }) =>
      TEXT_FILE.test(file.file)
        ? []
        : lines
            .filter(({ added, text }) => added && DIRECTION.test(text))
            .map(({ line }) => ({ line, title: 'Invisible text direction marks' })),
    why: 'The line is shown in another order than the compiler reads it, so what it does cannot be seen in a review.',
    fix: 'Take the characters U+202A to U+202E and U+2066 to U+2069 out, or write them as escapes.',
  },
]

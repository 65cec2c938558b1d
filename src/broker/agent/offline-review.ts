// Review without a model: a few rules over the added lines of a diff, each finding a thing that is wrong in
// nearly every project. They read patterns, not meaning; the summary says so.
import { parseDiff, type DiffFile } from '../../sdk/diff.ts'
import { RULES, type Rule } from './review-rules.ts'

export interface RuleFinding {
  readonly file: string
  /** In the new version. */
  readonly line: number
  readonly severity: Rule['severity']
  readonly title: string
  readonly why: string
  readonly mend: string
}

export interface RuleReview {
  readonly summary: string
  readonly findings: readonly RuleFinding[]
}

/** The findings of all rules over a unified diff, the gravest first, then in the diff's order. */
export function reviewByRules(diff: string): RuleReview {
  const files = parseDiff(diff)
  const findings = files
    .flatMap((file) => RULES.flatMap((rule) => apply(rule, file)))
    .sort((a, b) => GRAVITY[a.severity] - GRAVITY[b.severity])
  const added = files.reduce((sum, file) => sum + file.lines.filter((line) => line.added).length, 0)
  const found = findings.length === 0 ? 'nothing' : count(findings.length, 'thing')
  return {
    summary: `Hookyard's offline rules read ${count(added, 'added line')} in ${count(files.length, 'file')} and found ${found}. They look for patterns, not for meaning.`,
    findings,
  }
}

const GRAVITY = { critical: 0, warning: 1, suggestion: 2 } as const

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`

/** One finding per rule and file, at the first line; a file full of prints is one thing to mend. */
function apply(rule: Rule, file: DiffFile): RuleFinding[] {
  if (!rule.applies(file.file)) return []
  const hits = file.lines.filter(({ added, text }) => added && rule.finds(text))
  const first = hits[0]
  if (first === undefined) return []
  const more = hits.slice(1).map((hit) => hit.line)
  const also = more.length === 0 ? '' : ` Also on line${more.length === 1 ? '' : 's'} ${listed(more)}.`
  const { severity, why, mend } = rule
  return [
    { file: file.file, line: first.line, severity, title: rule.title(first.text), why: why + also, mend },
  ]
}

const listed = (lines: readonly number[]): string =>
  lines.length > 5 ? `${lines.slice(0, 5).join(', ')} and ${lines.length - 5} more` : lines.join(', ')

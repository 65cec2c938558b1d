// Review without a model: rules over the added lines of a diff. They read patterns, not meaning; the summary says so.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type DiffFile, parseDiff } from '@hookyard/sdk/host'
import { codeLines } from './rules/code-lines.ts'
import { DANGEROUS_CALLS } from './rules/dangerous-calls.ts'
import { LEFT_OVERS } from './rules/left-overs.ts'
import { MARKS } from './rules/marks.ts'
import type { Hit, Rule, RuleFile } from './rules/rule.ts'
import { findSecrets } from './rules/secrets.ts'

type RuleFinding = ReturnType<typeof toFindings>[number]

const RULES = [...MARKS, ...DANGEROUS_CALLS, ...LEFT_OVERS]
const SECRET: Omit<Rule, 'find'> = {
  severity: 'critical',
  why: 'Whoever can read the repository, or ever could, can use it. Removing the line leaves it in the history.',
  fix: 'Revoke it where it was issued, make a new one, and read that from the environment.',
}

/** What a person did not write is not a person’s to fix; locks hold thousands of lines that look like secrets. */
const NOT_WRITTEN =
  /(?:^|\/)(?:node_modules|vendor|third_party|dist|\.yarn)\/|(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|Cargo\.lock|poetry\.lock|uv\.lock|Gemfile\.lock|composer\.lock|go\.sum|flake\.lock)$|\.(?:min\.(?:js|css)|map|snap)$/i

/** So much of one file is read, in characters: a person wrote no more of it. */
const MAX_FILE = 500_000

/** The findings of all rules, the gravest first, then in the diff's order. @throws the signal's reason. */
export async function reviewByRules(diff: string, signal?: AbortSignal) {
  const files = parseDiff(diff).filter(({ file }) => !NOT_WRITTEN.test(file))
  const findings: RuleFinding[] = []
  for (const file of files) {
    signal?.throwIfAborted()
    findings.push(...(await reviewFile(file)))
    await nextTurn() // a large diff must not hold up everybody else
  }
  findings.sort((a, b) => GRAVITY[a.severity] - GRAVITY[b.severity])
  const added = files.reduce((sum, file) => sum + file.lines.filter((line) => line.added).length, 0)
  const found = findings.length === 0 ? 'nothing' : count(findings.length, 'thing')
  return {
    summary: `Hookyard's offline rules read ${count(added, 'added line')} in ${count(files.length, 'file')} and found ${found}. They look for patterns, not for meaning.`,
    findings,
  }
}

const GRAVITY = { critical: 0, warning: 1, suggestion: 2 } as const

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`

async function reviewFile(file: DiffFile): Promise<RuleFinding[]> {
  if (file.binary || file.link || !file.lines.some(({ added }) => added)) return []
  const read: RuleFile = { file, lines: codeLines(shortened(file)) }
  const secrets = toFindings(file, SECRET, await findSecrets(file.file, read.lines))
  return [...secrets, ...RULES.flatMap((rule) => toFindings(file, rule, rule.find(read)))]
}

function shortened(file: DiffFile): DiffFile {
  let size = 0
  const end = file.lines.findIndex(({ text }) => (size += text.length) > MAX_FILE)
  return end === -1 ? file : { ...file, lines: file.lines.slice(0, end) }
}

/** One finding per title and file, at the first line; a file full of prints is one thing to fix. */
function toFindings(file: DiffFile, rule: Omit<Rule, 'find'>, hits: readonly Hit[]) {
  const { severity, why, fix } = rule
  return [...new Set(hits.map(({ title }) => title))].map((title) => {
    const [first = 0, ...more] = hits.filter((hit) => hit.title === title).map(({ line }) => line)
    const also = more.length === 0 ? '' : ` Also on line${more.length === 1 ? '' : 's'} ${listed(more)}.`
    return { file: file.file, line: first, severity, title, why: why + also, fix }
  })
}

const listed = (lines: readonly number[]): string =>
  lines.length > 5 ? `${lines.slice(0, 5).join(', ')} and ${lines.length - 5} more` : lines.join(', ')

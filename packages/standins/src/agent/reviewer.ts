// A small reviewer and triager that always says the same to the same prompt: enough for a demo to read, and for a test
// to know beforehand.
import { addedLines } from './prompt.ts'
import type { AddedLine, IssueText } from './prompt.ts'

export interface Finding {
  readonly file: string
  readonly line: number
  readonly severity: 'critical' | 'warning' | 'suggestion'
  readonly title: string
  readonly why: string
  readonly fix: string
}

type Rule = Omit<Finding, 'file' | 'line'> & { readonly pattern: RegExp }

const RULES: readonly Rule[] = [
  {
    pattern: /\beval\s*\(|\bnew Function\s*\(/,
    severity: 'critical',
    title: 'Runs text as code',
    why: 'Whoever controls the text controls the process.',
    fix: 'Parse the text instead, for example with `JSON.parse`, or map the allowed words to functions.',
  },
  {
    pattern: /(?:password|passwd|secret|api[_-]?key|token)['"]?\s*[:=]\s*['"][^'"\s]{4,}['"]/i,
    severity: 'critical',
    title: 'Hard-coded credential',
    why: 'It is in the history for good, and everybody who can read the repository has it.',
    fix: 'Read it from the environment or a secret store, and replace this one.',
  },
  {
    pattern: /\b(?:SELECT|INSERT|UPDATE|DELETE)\b[^;]*(?:\$\{|['"`]\s*\+)/i,
    severity: 'critical',
    title: 'SQL put together from text',
    why: 'A value with a quote in it changes the statement.',
    fix: 'Pass the values as parameters of the statement.',
  },
  {
    pattern: /\.innerHTML\s*=|dangerouslySetInnerHTML/,
    severity: 'warning',
    title: 'Writes HTML from a value',
    why: 'Markup inside of the value is run in the page.',
    fix: 'Use `textContent`, or clean the value first.',
  },
  {
    pattern: /\bcatch\s*(?:\([^)]*\))?\s*\{\s*\}|\bexcept\s*:\s*pass\b/,
    severity: 'warning',
    title: 'Swallows an error',
    why: 'What goes wrong here will be looked for somewhere else.',
    fix: 'Handle the error, or let it through.',
  },
  {
    pattern: /\bconsole\.log\s*\(|\bdebugger\b|\bprint\s*\(\s*['"]debug/i,
    severity: 'suggestion',
    title: 'Debugging output left in',
    why: 'It ends up in everybody’s logs, with whatever is in the value.',
    fix: 'Remove it, or use the logger with a level.',
  },
]

/** What the rules say of the added lines, the gravest first. */
export function reviewLines(lines: readonly AddedLine[]): Finding[] {
  const found = RULES.flatMap(({ pattern, ...rule }) =>
    lines.filter(({ text }) => pattern.test(text)).map(({ file, line }) => ({ file, line, ...rule })),
  )
  const grave = { critical: 0, warning: 1, suggestion: 2 }
  return found.sort((a, b) => grave[a.severity] - grave[b.severity] || a.line - b.line)
}

export interface Review {
  readonly summary: string
  readonly findings: readonly Finding[]
}

/** The review of the diff in the prompt. */
export function reviewPrompt(prompt: string): Review {
  const lines = addedLines(prompt)
  const findings = reviewLines(lines)
  const files = new Set(lines.map(({ file }) => file)).size
  const size = `The change adds ${counted(lines.length, 'line')} in ${counted(files, 'file')}`
  const verdict =
    findings.length === 0
      ? 'nothing to fix was found.'
      : `${counted(findings.length, 'place')} should be fixed.`
  return { summary: `${size}; ${verdict}`, findings }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** The review as Markdown, each finding with `file:line`. */
export function renderReview({ summary, findings }: Review): string {
  const items = findings.map(
    ({ file, line, severity, title, why, fix }) =>
      `- **${severity}** \`${file}:${line}\` ${title}. ${why} ${fix}`,
  )
  return [summary, ...(items.length > 0 ? ['', ...items] : [])].join('\n')
}

export interface Triage {
  readonly labels: readonly string[]
  readonly duplicate_of: number | null
  readonly related: readonly number[]
  readonly project: null
  readonly summary: string
  readonly priority: 'low' | 'medium' | 'high' | 'critical'
  readonly status: 'ready' | 'needs_info'
  readonly next_action: string
  readonly missing_info: readonly string[]
  readonly blocked_by: null
}

/** Label that is wanted -> what an issue says that deserves it. */
const KINDS: readonly (readonly [string, RegExp])[] = [
  ['bug', /\b(?:bug|crash\w*|broken|error|fails?|failing|exception|wrong|spelling|typo|regression)\b/i],
  ['documentation', /\b(?:docs?|documentation|readme|spelling|typo)\b/i],
  ['question', /\?\s*$|\b(?:how (?:do|can|to)|question)\b/im],
  ['enhancement', /\b(?:feature|add|support|would be (?:nice|great)|please|improve\w*|wish)\b/i],
]

/** The triage of an issue: labels that the repository has, a duplicate by title, and what is missing. */
export function triageIssue(issue: IssueText): Triage {
  const text = `${issue.title}\n${issue.body}`
  const fitting = KINDS.filter(([, pattern]) => pattern.test(text)).map(([label]) => label)
  const labels = issue.labels.filter((label) => fitting.includes(label.toLowerCase()))
  const duplicate = issue.candidates.find(({ title }) => alike(title, issue.title)) ?? null
  const vague = fitting.includes('bug') && issue.body.trim().length < 40
  const grave = /\b(?:data loss|security|vulnerab\w*|everybody|production)\b/i.test(text)
  return {
    labels,
    duplicate_of: duplicate?.number ?? null,
    related: issue.candidates.map(({ number }) => number).filter((number) => number !== duplicate?.number),
    project: null,
    summary: `The reporter writes about “${issue.title.trim() || 'something without a title'}”.`,
    priority: grave ? 'high' : fitting.includes('bug') ? 'medium' : 'low',
    status: vague ? 'needs_info' : 'ready',
    next_action: duplicate
      ? `Compare with #${duplicate.number}.`
      : vague
        ? 'Wait for the answers of the reporter.'
        : 'Decide whether to take it up.',
    missing_info: vague ? ['What did you do, what did you expect, and what happened instead?'] : [],
    blocked_by: null,
  }
}

/** More than two thirds of the words are the same. */
function alike(a: string, b: string): boolean {
  const words = (text: string) => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
  const [first, second] = [words(a), words(b)]
  const shared = [...first].filter((word) => second.has(word)).length
  const all = new Set([...first, ...second]).size
  return all > 0 && shared / all > 2 / 3
}

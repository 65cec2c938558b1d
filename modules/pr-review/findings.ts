// What the agent found, made certain: places that the diff has, no doubles, the gravest first, not too many.
import type { FittedDiff } from './fit-diff.ts'

export type Severity = 'critical' | 'warning' | 'suggestion'

export const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'suggestion']

export interface Finding {
  readonly file: string
  /** In the new version; null when the named line is not in the diff. */
  readonly line: number | null
  readonly severity: Severity
  readonly title: string
  readonly why: string
  readonly mend: string
}

export interface Review {
  readonly summary: string
  readonly findings: readonly Finding[]
  /** How many more there were than are shown. */
  readonly notShown: number
  /** How many named a file that the diff does not have. */
  readonly misplaced: number
}

const MAX_READ = 500

interface RawReview {
  readonly summary: string
  readonly findings: readonly Finding[]
}

/** Reads the agent's output, which its schema has checked already. */
export function readReview(output: unknown, diff: FittedDiff, maxFindings: number): Review {
  const raw = output as RawReview
  const order = new Map(diff.files.map((file, index) => [file.file, index]))
  const lines = new Map(diff.files.map((file) => [file.file, new Set(file.lines.map((line) => line.line))]))
  const placed: Finding[] = []
  // No reviewer finds more; a model that does is not worth the time.
  for (const finding of raw.findings.slice(0, MAX_READ)) {
    const file = order.has(finding.file) ? finding.file : finding.file.replace(/^(?:\.\/|[ab]\/)/, '')
    if (!order.has(file)) continue
    const line = finding.line !== null && lines.get(file)!.has(finding.line) ? finding.line : null
    placed.push({ ...finding, file, line })
  }
  const misplaced = Math.min(raw.findings.length, MAX_READ) - placed.length
  placed.sort(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      order.get(a.file)! - order.get(b.file)! ||
      (a.line ?? 0) - (b.line ?? 0),
  )
  // Of the same finding twice the graver one stays.
  const single = placed.filter(
    (finding, index) => placed.findIndex((other) => isSame(finding, other)) === index,
  )
  const findings = single.slice(0, maxFindings)
  return { summary: raw.summary, findings, notShown: single.length - findings.length, misplaced }
}

const isSame = (a: Finding, b: Finding): boolean =>
  a.file === b.file && a.line === b.line && a.title.trim().toLowerCase() === b.title.trim().toLowerCase()

/** `no findings`, `1 finding`, `2 findings (1 critical)`. */
export function tally(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'no findings'
  const critical = findings.filter((finding) => finding.severity === 'critical').length
  return `${count(findings.length, 'finding')}${critical > 0 ? ` (${critical} critical)` : ''}`
}

/** `1 file`, `2 files`. */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`

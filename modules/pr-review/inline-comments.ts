// A finding as a comment on its line, with a suggestion to commit where that is safe.
import { toBlock, type ReviewComment } from '@hookyard/sdk'
import type { Severity } from './findings.ts'
import { findingMark } from './earlier-findings.ts'
import { applicable, type Place } from './places.ts'
import type { Identified } from './identity.ts'
import { line } from './markdown.ts'

export const SEVERITY_NAMES: Readonly<Record<Severity, string>> = {
  critical: 'Critical',
  warning: 'Warning',
  suggestion: 'Suggestion',
}

/** The inline comment; null for a finding without a place. */
export function inlineComment(finding: Identified, id: string): ReviewComment | null {
  const { place, file } = finding
  if (place === null) return null
  const range = place.start === null ? {} : { start_line: place.start, start_side: 'RIGHT' as const }
  return {
    path: file,
    line: place.line,
    side: 'RIGHT',
    ...range,
    body: inlineBody(finding, place),
    mark: findingMark(id),
  }
}

function inlineBody(finding: Identified, place: Place): string {
  const replacement = applicable(finding.replacement, place, finding.endLine)
  return [
    `**${SEVERITY_NAMES[finding.severity]}: ${line(finding.title)}**`,
    ...explanation(finding),
    ...(replacement === null ? [] : [suggestion(replacement)]),
  ].join('\n\n')
}

/** Why it is wrong and how to fix it, as blocks. */
export function explanation({ why, fix: given }: Pick<Identified, 'why' | 'fix'>): string[] {
  const fix = toBlock(given, 2_000)
  return [
    toBlock(why, 1_500),
    // Several lines may begin with a code fence, which is one at the start of a line alone.
    fix === '' ? '' : fix.includes('\n') ? `**Fix:**\n\n${fix}` : `**Fix:** ${fix}`,
  ].filter((block) => block !== '')
}

const suggestion = (replacement: string): string => {
  const fence = fenceFor(replacement)
  return `${fence}suggestion\n${replacement}\n${fence}`
}

/** Longer than any fence within. */
const fenceFor = (text: string): string =>
  '`'.repeat(Math.max(3, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length + 1)))

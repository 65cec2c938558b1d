// A finding as a comment on its line, with a suggestion to commit where that is safe.
import { cleanMarkdown, findHosts, type KnownNames, type ReviewComment } from '@hookyard/sdk'
import type { Severity } from './findings.ts'
import { idMark } from './known.ts'
import { applicable, type Place } from './places.ts'
import type { Identified } from './identity.ts'
import { cleanLine, cleanText } from './words.ts'

export const SEVERITY_NAMES: Readonly<Record<Severity, string>> = {
  critical: 'Critical',
  warning: 'Warning',
  suggestion: 'Suggestion',
}

/** The inline comment; null for a finding without a place. */
export function inlineComment(finding: Identified, id: string, names: KnownNames): ReviewComment | null {
  const { place, file } = finding
  if (place === null) return null
  const range = place.start === null ? {} : { start_line: place.start, start_side: 'RIGHT' as const }
  return {
    path: file,
    line: place.line,
    side: 'RIGHT',
    ...range,
    body: inlineBody(finding, place, id, names),
  }
}

function inlineBody(finding: Identified, place: Place, id: string, names: KnownNames): string {
  const replacement = applicable(finding.replacement, place, finding.endLine)
  return [
    `**${SEVERITY_NAMES[finding.severity]}: ${cleanLine(finding.title, names)}**`,
    ...explanation(finding, names),
    ...(replacement !== null && isSafe(replacement, place, names) ? [suggestion(replacement)] : []),
    idMark(id),
  ].join('\n\n')
}

/** Why it is wrong and how to mend it, as blocks. */
export function explanation({ why, mend }: Pick<Identified, 'why' | 'mend'>, names: KnownNames): string[] {
  const mending = cleanText(mend, 2_000, names)
  return [
    cleanText(why, 1_500, names),
    // Several lines may begin with a code fence, which is one at the start of a line alone.
    mending === '' ? '' : mending.includes('\n') ? `**Mend:**\n\n${mending}` : `**Mend:** ${mending}`,
  ].filter((block) => block !== '')
}

/**
 * Somebody may commit it without reading closely: nothing hidden, no secret, no address that neither the input nor the
 * replaced lines name.
 */
function isSafe(replacement: string, place: Place, names: KnownNames): boolean {
  const fence = fenceFor(replacement)
  const fenced = `${fence}\n${replacement}\n${fence}`
  if (cleanMarkdown(fenced, names) !== fenced) return false
  const hosts = new Set([...names.knownHosts, ...findHosts(place.lines.map(({ text }) => text))])
  return [...findHosts([replacement])].every((host) => hosts.has(host))
}

const suggestion = (replacement: string): string => {
  const fence = fenceFor(replacement)
  return `${fence}suggestion\n${replacement}\n${fence}`
}

/** Longer than any fence within. */
const fenceFor = (text: string): string =>
  '`'.repeat(Math.max(3, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length + 1)))

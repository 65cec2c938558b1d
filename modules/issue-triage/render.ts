// A triage as a comment for the thread and as lines for the recipients. The model's words are cleaned for both.
import { cleanMarkdown, findHosts, type KnownNames, type Receipt } from '@hookyard/sdk'
import type { AppliedLabels } from './apply.ts'
import type { Triage } from './normalise.ts'

export const HEADER = '## Triage by Hookyard'

const MAX_LINE_CHARS = 1_000

/** The comment's whole text. */
export function renderComment(triage: Triage, labels: AppliedLabels, known: KnownNames): string {
  const line = (text: string): string => cleanLine(text, known)
  const { duplicateOf, related, blockedBy, project, missingInfo } = triage
  return [
    HEADER,
    '',
    `**Triage summary:** ${line(triage.summary)}`,
    '',
    `**Status:** ${triage.status}`,
    ...(blockedBy === null
      ? []
      : [`**Blocked by:** ${typeof blockedBy === 'number' ? `#${blockedBy}` : line(blockedBy)}`]),
    `**Priority:** ${triage.priority}`,
    `**Labels applied:** ${labels.applied.map((name) => cleanMarkdown(name, known)).join(', ') || '(none added)'}`,
    ...(duplicateOf === null ? [] : [`**Possible duplicate of:** #${duplicateOf}`]),
    ...(related.length === 0 ? [] : [`**Related issues:** ${references(related)}`]),
    ...(project === null ? [] : [`**Project skipped:** ${line(project)}`]),
    `**Next action:** ${line(triage.nextAction)}`,
    ...(missingInfo.length === 0
      ? []
      : ['**Missing information:**', ...missingInfo.map((question) => `- ${line(question)}`)]),
  ].join('\n')
}

export interface SummaryInput {
  readonly number: number
  readonly repository: string
  readonly triage: Triage
  readonly labels: AppliedLabels
  readonly comment: Receipt | null
  readonly known: KnownNames
}

/** The message, one fact per line; the issue's title and address are added by the service. */
export function renderSummary({ number, repository, triage, labels, comment, known }: SummaryInput): string {
  const line = (text: string): string => toPlain(cleanLine(text, known), known)
  const { duplicateOf, related, blockedBy, project, missingInfo } = triage
  const questions = missingInfo.length
  return [
    `Issue #${number} triaged in ${repository}`,
    `Status: ${triage.status}`,
    `Priority: ${triage.priority}`,
    `Labels: ${labels.applied.map((name) => toPlain(cleanMarkdown(name, known), known)).join(', ') || '(none added)'}`,
    `Next: ${line(triage.nextAction)}`,
    ...(questions === 0 ? [] : [`Needs info: ${questions} ${questions === 1 ? 'question' : 'questions'}`]),
    ...(duplicateOf === null ? [] : [`Possible duplicate of #${duplicateOf}`]),
    ...(related.length === 0 ? [] : [`Related: ${references(related)}`]),
    ...(blockedBy === null
      ? []
      : [`Blocked by: ${typeof blockedBy === 'number' ? `#${blockedBy}` : line(blockedBy)}`]),
    ...(labels.skipped.length === 0 ? [] : [`Skipped labels: ${labels.skipped.map(line).join(', ')}`]),
    ...(project === null ? [] : [`Skipped project: ${line(project)}`]),
    ...(comment === null ? ['The comment could not be written; the run says why.'] : []),
  ].join('\n')
}

const references = (numbers: readonly number[]): string => numbers.map((number) => `#${number}`).join(', ')

/** One line that starts no block: every text here stands after a label of ours or a list mark. */
const cleanLine = (text: string, known: KnownNames): string => {
  const flat = text.replace(/\s+/g, ' ').replace(/^(?:[#>\s*+-]|`{3,}|~{3,}|\d{1,9}[.)]\s)+/, '')
  return cleanMarkdown(
    flat.length > MAX_LINE_CHARS ? `${flat.slice(0, MAX_LINE_CHARS)} …` : flat,
    known,
  ).trim()
}

/**
 * Cleaned Markdown as plain text. The backticks that made an address or a mention harmless do not count there, so
 * unknown ones are taken out.
 */
function toPlain(markdown: string, known: KnownNames): string {
  const hosts = new Set(known.knownHosts)
  const logins = new Set([...known.knownLogins].map((login) => login.toLowerCase()))
  return markdown
    .replace(/(?<!\\)`/g, '')
    .replace(/\\([!-/:-@[-`{-~])/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&')
    .replace(/(?:[a-z][\w+.-]{0,30}:\/\/|www\.)\S+/gi, (address) => {
      const [host] = findHosts([address])
      return host !== undefined && hosts.has(host) ? address : '(link removed)'
    })
    .replace(/(?<!\w)@(\w[\w-]*)/g, (mention, login: string) =>
      logins.has(login.toLowerCase()) ? mention : login,
    )
}

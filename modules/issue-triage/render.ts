// A triage as a comment for the thread and as lines for the recipients. The model's words are cleaned for both.
import { cleanMarkdown, findHosts, wishesNote, type KnownNames } from '@hookyard/sdk'
import type { Applied } from './apply.ts'
import type { Triage } from './normalise.ts'
import type { Settings } from './settings.ts'

export const HEADER = '## Triage by Hookyard'

const MAX_LINE_CHARS = 1_000

export interface Told {
  readonly triage: Triage
  readonly applied: Applied
  readonly settings: Pick<Settings, 'wishes'>
  readonly known: KnownNames
}

/** The comment's whole text. */
export function renderComment({ triage, applied, settings, known }: Told): string {
  const line = (text: string): string => cleanLine(text, known)
  const { duplicateOf, related, blockedBy, missingInfo } = triage
  const { project, skippedProject } = applied
  const note = wishesNote(settings.wishes.problems)
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
    `**Labels applied:** ${applied.labels.map((name) => cleanMarkdown(name, known)).join(', ') || '(none added)'}`,
    ...(duplicateOf === null ? [] : [`**Possible duplicate of:** #${duplicateOf}`]),
    ...(related.length === 0 ? [] : [`**Related issues:** ${references(related)}`]),
    ...(project === null ? [] : [`**Added to project:** ${line(project)}`]),
    ...(skippedProject === null ? [] : [`**Project skipped:** ${line(skippedProject)}`]),
    `**Next action:** ${line(triage.nextAction)}`,
    ...(missingInfo.length === 0
      ? []
      : ['**Missing information:**', ...missingInfo.map((question) => `- ${line(question)}`)]),
    ...(note === null ? [] : ['', note]),
  ].join('\n')
}

export interface SummaryInput extends Told {
  readonly number: number
  readonly repository: string
  /** What GitHub refused, in words. */
  readonly refused: readonly string[]
}

/** The message, one fact per line; the issue's title and address are added by the service. */
export function renderSummary({ number, repository, triage, applied, refused, known }: SummaryInput): string {
  const line = (text: string): string => toPlain(cleanLine(text, known), known)
  const { duplicateOf, related, blockedBy, missingInfo } = triage
  const { labels, missingLabels, project, skippedProject } = applied
  const questions = missingInfo.length
  return [
    `Issue #${number} triaged in ${repository}`,
    `Status: ${triage.status}`,
    `Priority: ${triage.priority}`,
    `Labels: ${labels.map((name) => toPlain(cleanMarkdown(name, known), known)).join(', ') || '(none added)'}`,
    `Next: ${line(triage.nextAction)}`,
    ...(questions === 0 ? [] : [`Needs info: ${questions} ${questions === 1 ? 'question' : 'questions'}`]),
    ...(duplicateOf === null ? [] : [`Possible duplicate of #${duplicateOf}`]),
    ...(related.length === 0 ? [] : [`Related: ${references(related)}`]),
    ...(project === null ? [] : [`Project: ${line(project)}`]),
    ...(blockedBy === null
      ? []
      : [`Blocked by: ${typeof blockedBy === 'number' ? `#${blockedBy}` : line(blockedBy)}`]),
    ...(missingLabels.length === 0 ? [] : [`Skipped labels: ${missingLabels.map(line).join(', ')}`]),
    ...(skippedProject === null ? [] : [`Skipped project: ${line(skippedProject)}`]),
    ...refused.map((sentence) => `GitHub refused: ${sentence}`),
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

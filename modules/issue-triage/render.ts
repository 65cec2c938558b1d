// A triage as a comment for the thread and as lines for the recipients. What the model wrote freely is a block of its own:
// when the broker refuses one, the others stay.
import { toLine, settingsNote } from '@hookyard/sdk'
import type { Applied } from './apply.ts'
import type { Triage } from './normalise.ts'
import type { Settings } from './settings.ts'

export const HEADER = '## Triage by Hookyard'

const MAX_LINE_CHARS = 1_000

export interface Told {
  readonly triage: Triage
  readonly applied: Applied
  readonly settings: Pick<Settings, 'file'>
}

/** The comment's whole text. */
export function renderComment({ triage, applied, settings }: Told): string {
  const { duplicateOf, related, blockedBy, missingInfo } = triage
  const { project, skippedProject } = applied
  const note = settingsNote(settings.file.problems)
  return [
    HEADER,
    '',
    `**Triage summary:** ${line(triage.summary)}`,
    '',
    `**Status:** ${triage.status}`,
    ...(typeof blockedBy === 'number' ? [`**Blocked by:** #${blockedBy}`] : []),
    `**Priority:** ${triage.priority}`,
    `**Labels applied:** ${applied.labels.join(', ') || '(none added)'}`,
    ...(duplicateOf === null ? [] : [`**Possible duplicate of:** #${duplicateOf}`]),
    ...(related.length === 0 ? [] : [`**Related issues:** ${references(related)}`]),
    ...(project === null ? [] : [`**Added to project:** ${line(project)}`]),
    ...(typeof blockedBy === 'string' ? ['', `**Blocked by:** ${line(blockedBy)}`] : []),
    ...(skippedProject === null ? [] : ['', `**Project skipped:** ${line(skippedProject)}`]),
    '',
    `**Next action:** ${line(triage.nextAction)}`,
    ...(missingInfo.length === 0
      ? []
      : ['', '**Missing information:**', ...missingInfo.map((question) => `- ${line(question)}`)]),
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
export function renderSummary({ number, repository, triage, applied, refused }: SummaryInput): string {
  const { duplicateOf, related, blockedBy, missingInfo } = triage
  const { labels, missingLabels, project, skippedProject } = applied
  const questions = missingInfo.length
  return [
    `Issue #${number} triaged in ${repository}`,
    `Status: ${triage.status}`,
    `Priority: ${triage.priority}`,
    `Labels: ${labels.join(', ') || '(none added)'}`,
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

/** Stands behind a label of ours or a list mark. */
const line = (text: string): string => toLine(text, MAX_LINE_CHARS)

const references = (numbers: readonly number[]): string => numbers.map((number) => `#${number}`).join(', ')

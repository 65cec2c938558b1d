// The agent's answer in order: every field has its type, and the fields agree with each other.

export type Priority = 'low' | 'medium' | 'high' | 'critical'
export type Status = 'ready' | 'needs_info' | 'wontfix_candidate' | 'blocked'

export interface Triage {
  readonly labels: readonly string[]
  readonly duplicateOf: number | null
  readonly related: readonly number[]
  readonly project: string | null
  readonly summary: string
  readonly priority: Priority
  readonly status: Status
  readonly nextAction: string
  readonly missingInfo: readonly string[]
  /** An issue's number or a short text; set exactly when the status is `blocked`. */
  readonly blockedBy: number | string | null
}

const NO_SUMMARY = 'No summary provided.'
const PRIORITIES: readonly string[] = ['low', 'medium', 'high', 'critical'] satisfies Priority[]
const NEXT_ACTIONS: Readonly<Record<Status, string>> = {
  ready: 'Review the issue and assign or start work.',
  needs_info: 'Ask the reporter the questions in Missing information.',
  wontfix_candidate: 'Confirm the scope assessment and either close or apply a wontfix label.',
  blocked: 'Track the blocking dependency and revisit this issue when it resolves.',
}

/** More than anybody reads. */
const MAX_ITEMS = 10

/** Reads any value; what does not fit becomes its default. `problems` are sentences for the log. */
export function normalise(
  output: unknown,
  ownNumber: number,
): { triage: Triage; problems: readonly string[] } {
  const raw = isObject(output) ? output : {}
  const problems: string[] = []
  const summary = text(raw.summary)
  const missingInfo = texts(raw.missing_info)
  if (raw.missing_info != null && !Array.isArray(raw.missing_info)) {
    problems.push('the agent gave missing_info that is no list; taken as empty')
  }
  const handle = issueNumber(raw.blocked_by) ?? text(raw.blocked_by)
  const named = word(raw.status)
  const claimed = isStatus(named)
    ? named
    : summary !== null && missingInfo.length === 0
      ? 'ready'
      : 'needs_info'
  // Blocked by nothing is not blocked, and a handle without the status means nothing.
  const status = claimed === 'blocked' && handle === null ? 'ready' : claimed
  const priority = word(raw.priority)
  const duplicateOf = issueNumber(raw.duplicate_of)
  const triage: Triage = {
    labels: texts(raw.labels),
    duplicateOf: duplicateOf === ownNumber ? null : duplicateOf,
    related: numbers(raw.related).filter((number) => number !== ownNumber && number !== duplicateOf),
    project: text(raw.project),
    summary: summary ?? NO_SUMMARY,
    priority: isPriority(priority) ? priority : 'medium',
    status,
    nextAction: text(raw.next_action) ?? NEXT_ACTIONS[status],
    missingInfo,
    blockedBy: status === 'blocked' ? handle : null,
  }
  return { triage, problems }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const word = (value: unknown): string => text(value)?.toLowerCase() ?? ''

const isStatus = (value: string): value is Status => Object.hasOwn(NEXT_ACTIONS, value)

const isPriority = (value: string): value is Priority => PRIORITIES.includes(value)

/** An issue's number; `true` is none, though other languages count it as 1. */
const issueNumber = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null

const text = (value: unknown): string | null =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : null

const texts = (value: unknown): string[] =>
  unique((Array.isArray(value) ? value : []).map(text).filter((item) => item !== null)).slice(0, MAX_ITEMS)

const numbers = (value: unknown): number[] =>
  unique((Array.isArray(value) ? value : []).map(issueNumber).filter((item) => item !== null)).slice(
    0,
    MAX_ITEMS,
  )

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)]

// What is kept of a pull request between its reviews (ctx.state). Read as if a stranger had written it: an older
// version of this module may have.
import type { Severity } from './findings.ts'

export interface Remembered {
  readonly id: string
  readonly file: string
  readonly title: string
  readonly severity: Severity
  /** The normalised code that it was about; empty when that is not known. */
  readonly code: string
  readonly status: 'open' | 'fixed' | 'dismissed'
  /** Whether it was posted on a line. */
  readonly inline: boolean
}

export interface Memory {
  /** `/review pause`: pushes start no review. */
  readonly paused: boolean
  /** The summary comment is there. */
  readonly commented: boolean
  /** A review of ours requests changes. */
  readonly requested: boolean
  /** The head that was reviewed last. */
  readonly head: string | null
  readonly findings: readonly Remembered[]
}

const MAX_REMEMBERED = 200

/** The state of the last run; nothing remembered before the first. */
export function readMemory(state: unknown): Memory {
  const raw = object(state)
  const findings = Array.isArray(raw['findings']) ? raw['findings'] : []
  return {
    paused: raw['paused'] === true,
    commented: raw['commented'] === true,
    requested: raw['requested'] === true,
    head: typeof raw['head'] === 'string' ? raw['head'] : null,
    findings: findings.flatMap(remembered),
  }
}

/** What the next run gets; the newest findings when there are too many. */
export const writeMemory = (memory: Memory): Memory => ({
  ...memory,
  findings: memory.findings.slice(-MAX_REMEMBERED),
})

function remembered(value: unknown): Remembered[] {
  const { id, file, title, severity, code, status, inline } = object(value)
  const known = severity === 'critical' || severity === 'warning' || severity === 'suggestion'
  if (typeof id !== 'string' || typeof file !== 'string' || typeof title !== 'string' || !known) return []
  return [
    {
      ...{ id, file, title, severity, code: typeof code === 'string' ? code : '', inline: inline === true },
      status: status === 'fixed' || status === 'dismissed' ? status : 'open',
    },
  ]
}

const object = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}

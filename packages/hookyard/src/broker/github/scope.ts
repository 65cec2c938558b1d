// What one run may do on GitHub, and the checks that every write begins with.
import type { z } from 'zod'
import { PermanentError } from '../../lib/errors.ts'
import type { Grant } from '../../registry/manifest.ts'
import type { Allowances } from './markdown-rules.ts'

/** The thing a run is about, as far as the wall needs to know it. */
export interface ScopeSubject {
  readonly kind: 'pull_request' | 'issue' | 'repository'
  /** null for a repository. */
  readonly number: number | null
  /** A pull request's head as the run loaded it. */
  readonly headSha: string | null
}

/** One run's bounds; every call of the GitHub broker is held to them. */
export interface RunScope {
  readonly runId: string
  readonly module: string
  readonly entity: string
  /** `owner/name`. */
  readonly repository: string
  /** null until the subject is loaded, and for modules that have none. */
  readonly subject: ScopeSubject | null
  readonly may: readonly Grant[]
  /** The run is tainted: what it says is judged by these. Absent: it speaks as its author wrote it. */
  readonly judged?: Allowances | null
  readonly signal: AbortSignal
}

/** The two halves of `owner/name`. @throws PermanentError `wrong_subject` when it is none. */
export function ownerAndName(repository: string): { owner: string; repo: string } {
  const [, owner, repo] = /^([\w.-]+)\/([\w.-]+)$/.exec(repository) ?? []
  if (owner && repo && !isDots(owner) && !isDots(repo)) return { owner, repo }
  throw new PermanentError(`${JSON.stringify(repository)} is no repository; expected owner/name`, {
    reason: 'wrong_subject',
  })
}

/** `.` and `..` mean a way, not a name. */
export const isDots = (segment: string): boolean => segment === '.' || segment === '..'

/** The entity that markers and receipts of a numbered subject are bound to: `owner/name#42`, lower case. */
export const entityOf = (scope: RunScope, number: number): string =>
  `${scope.repository}#${number}`.toLowerCase()

/** A module's argument, checked. @throws PermanentError `invalid_argument`, naming what is wrong. */
export function checked<T>(shape: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = shape.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message }) => `${[what, ...path].join('.')}: ${message}`)
  throw new PermanentError(issues.join('; ').slice(0, 1_000), { reason: 'invalid_argument' })
}

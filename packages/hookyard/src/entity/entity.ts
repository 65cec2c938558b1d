// The key of what an event is about (contract section 3): `owner/repo#42` for a pull request or an issue,
// `owner/repo@ref` for push, create and delete, else `owner/repo`, else `-`. Windows, runs, journals and
// look-ups all meet under this key. Payloads come from outside: whatever is not what GitHub sends falls back
// to the wider key, and nothing here throws or recurses.
import { type Fields, fields as fieldsOf } from '../lib/fields.ts'

/** What a delivery is about. */
export interface Described {
  readonly action: string | null
  /** `owner/name` in lower case, or null. */
  readonly repository: string | null
  readonly entity: string
}

/** An entity key taken apart; neither `number` nor `ref`: the repository itself. */
export interface EntityParts {
  /** `owner/name` in lower case. */
  readonly repository: string
  readonly number?: number
  readonly ref?: string
}

/** The key of events that belong to no repository. */
export const NO_ENTITY = '-'

// `.` and `..` are no names; without the flag `u`, so that only ASCII letters count as such.
const REPOSITORY = /^(?!\.{1,2}\/)[a-z0-9_.-]{1,100}\/(?!\.{1,2}$)[a-z0-9_.-]{1,100}$/i
const ENTITY = /^([^#@\s]{3,201})(?:#([1-9]\d{0,15})|@(.+))?$/su
// Any text without control characters and half surrogates.
const ACTION = /^[^\p{Cc}\p{Cs}]{1,100}$/u
// Git itself forbids these in a ref; a longer one would be no ref of GitHub's.
const REF = /^[^\p{Cc}\p{Cs}\p{Z}~^:?*[\\]{1,512}$/u

/** Reads what an event is about from its payload. Never throws, whatever the payload holds. */
export function describeEvent(event: string, payload: unknown): Described {
  const fields = fieldsOf(payload)
  const action = typeof fields.action === 'string' && ACTION.test(fields.action) ? fields.action : null
  const repository = repositoryOf(fieldsOf(fields.repository).full_name)
  if (repository === null) return { action, repository, entity: NO_ENTITY }
  return { action, repository, entity: formatEntity({ repository, ...within(event, action, fields) }) }
}

/**
 * Reads an entity key as a person or a program writes it, in any case: `owner/repo#42`, `owner/repo@ref`,
 * `owner/repo`. Null when it is none of these (`-` included: it names nothing).
 */
export function parseEntity(text: string): EntityParts | null {
  const match = ENTITY.exec(text)
  const repository = repositoryOf(match?.[1])
  if (!match || repository === null) return null
  if (match[2] !== undefined) {
    const number = numberOf(Number(match[2]))
    return number === undefined ? null : { repository, number }
  }
  if (match[3] !== undefined) {
    const ref = refOf(match[3])
    return ref === undefined ? null : { repository, ref }
  }
  return { repository }
}

/** Writes the key of these parts. */
export function formatEntity(parts: EntityParts): string {
  if (parts.number !== undefined) return `${parts.repository}#${parts.number}`
  return parts.ref === undefined ? parts.repository : `${parts.repository}@${parts.ref}`
}

/** The pull request's or issue's number in an entity key, or null when it is about neither. */
export function subjectNumber(entity: string): number | null {
  return parseEntity(entity)?.number ?? null
}

/** The part inside the repository: a number, a ref, or nothing. */
function within(event: string, action: string | null, fields: Fields): { number?: number; ref?: string } {
  const number = numberOf(subjectOf(event, action, fields).number)
  if (number !== undefined) return { number }
  if (event === 'push' || event === 'create' || event === 'delete') {
    const ref = refOf(fields.ref)
    if (ref !== undefined) return { ref }
  }
  return {}
}

/** The object that carries the number, out of the payload's repository (others hold a stranger's number). */
function subjectOf(event: string, action: string | null, fields: Fields): Fields {
  if (event.startsWith('pull_request')) {
    const pull = fieldsOf(fields.pull_request)
    return numberOf(pull.number) === undefined ? fields : pull
  }
  // These tell of two issues, maybe in two repositories; the action says which end was told.
  if (event === 'sub_issues') {
    return fieldsOf(action?.startsWith('parent_issue') ? fields.sub_issue : fields.parent_issue)
  }
  if (event === 'issue_dependencies') {
    return fieldsOf(action?.startsWith('blocking') ? fields.blocking_issue : fields.blocked_issue)
  }
  return event.startsWith('issue') ? fieldsOf(fields.issue) : {}
}

function repositoryOf(name: unknown): string | null {
  return typeof name === 'string' && REPOSITORY.test(name) ? name.toLowerCase() : null
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined
}

function refOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 1_024) return undefined
  const ref = value.replace(/^refs\/(?:heads|tags)\//, '')
  return REF.test(ref) ? ref : undefined
}

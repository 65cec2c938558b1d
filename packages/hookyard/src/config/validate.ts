// Values against a zod schema, with problems that name the line. Three mercies, because YAML types by spelling:
// a number where text is wanted is taken as it was spelled, a value that is one variable becomes the number or
// boolean that the schema wants, and a key with nothing after it counts as absent (but never a secret).
import type { z } from 'zod'
import { declaredKeys, fixFor, unknownKeyHint } from './hints.ts'
import type { JsonSchema } from './hints.ts'
import { problemAt } from './problem.ts'
import type { Fault, Path, Problem } from './problem.ts'
import { isSecretKey, showValue } from './show.ts'
import { valueAt, withValue } from './value-path.ts'
import type { YamlSource } from './yaml-source.ts'

type Issue = z.core.$ZodIssue

export interface Validation<T> {
  /** Undefined when there are problems. */
  readonly data: T | undefined
  /** The value as validated last: interpolated and re-typed. */
  readonly value: unknown
  readonly problems: readonly Problem[]
}

export interface Subject {
  readonly source: YamlSource
  /** The schema as JSON Schema: which keys are known where. */
  readonly jsonSchema: JsonSchema
  /** The source's value, interpolated. */
  readonly value: unknown
  /** Paths (as JSON) of values that are one variable. */
  readonly wholly?: ReadonlySet<string>
}

/** Validates the subject's value. Never throws. */
export function validate<S extends z.ZodType>(schema: S, subject: Subject): Validation<z.output<S>> {
  let { value } = subject
  const fixed = new Set<string>()
  for (;;) {
    const result = schema.safeParse(value, { error: expectation })
    if (result.success) return { data: result.data, value, problems: [] }
    const better = fix(value, result.error.issues, fixed, subject)
    if (better === undefined) {
      const problems = result.error.issues.flatMap((issue) => problemsOf(issue, value, subject))
      return { data: undefined, value, problems }
    }
    value = better.value
  }
}

/** The value with every mercy that applies, or undefined when none is left. Each path is fixed once. */
function fix(value: unknown, issues: readonly Issue[], fixed: Set<string>, subject: Subject) {
  const before = fixed.size
  let better = value
  for (const issue of issues.flatMap(innermost)) {
    const path = issue.path as Path
    const key = JSON.stringify(path)
    const change = fixed.has(key) ? undefined : changeFor(issue, path, valueAt(value, path), subject)
    if (change === undefined) continue
    fixed.add(key)
    better = withValue(better, path, change.to)
  }
  return fixed.size > before ? { value: better } : undefined
}

function changeFor(issue: Issue, path: Path, value: unknown, subject: Subject): { to: unknown } | undefined {
  if (issue.code !== 'invalid_type' || path.length === 0) return undefined
  const last = path.at(-1)
  if (value === null && typeof last === 'string' && !isSecretKey(last)) {
    if (declaredKeys(subject.jsonSchema, path.slice(0, -1)).includes(last)) return { to: undefined }
    return issue.expected === 'object' ? { to: {} } : undefined
  }
  if (issue.expected === 'string' && typeof value === 'number') {
    return { to: subject.source.spelling(path) ?? String(value) }
  }
  if (typeof value !== 'string' || subject.wholly?.has(JSON.stringify(path)) !== true) return undefined
  if (issue.expected === 'boolean' && /^(true|false)$/.test(value)) return { to: value === 'true' }
  const wantsNumber = issue.expected === 'number' || issue.expected === 'int'
  return wantsNumber && /^[-+]?\d+(\.\d+)?$/.test(value) ? { to: Number(value) } : undefined
}

function problemsOf(issue: Issue, value: unknown, subject: Subject): Problem[] {
  const { source, jsonSchema } = subject
  const path = issue.path as Path
  if (issue.code === 'invalid_union') {
    const branch = likeliestBranch(issue)
    if (branch) return branch.flatMap((inner) => problemsOf(inner, value, subject))
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const hint = unknownKeyHint(jsonSchema, path, key)
      return problemAt(source.place([...path, key]), {
        found: 'an unknown key',
        expected: 'a known one',
        hint,
      })
    })
  }
  return [problemAt(source.place(path), faultOf(issue, valueAt(value, path)))]
}

/** For `safeParse(value, { error })`: what is expected, where the schema itself says nothing. */
function expectation(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return KINDS[issue.expected] ?? issue.expected
    case 'invalid_value':
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.join(', ')}`
    case 'too_small':
    case 'too_big':
      return bound(issue)
    case 'unrecognized_keys':
      return 'a known key'
    default:
      return 'something else'
  }
}

const KINDS: Partial<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of KEY: value lines',
  record: 'a map of KEY: value lines',
  array: 'a list',
}

function bound(issue: z.core.$ZodRawIssue): string {
  const { origin, minimum, maximum } = issue as { origin?: string; minimum?: number; maximum?: number }
  const limit = minimum === undefined ? `at most ${maximum}` : `at least ${minimum}`
  if (origin === 'string') return minimum === 1 ? 'text that is not empty' : `${limit} characters`
  return origin === 'array' || origin === 'set' ? `a list of ${limit}` : `a number of ${limit}`
}

/** Every issue inside an issue of a union, with whole paths; any other issue as it is. */
function innermost(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  return issue.errors.flat().flatMap((inner) => innermost({ ...inner, path: [...issue.path, ...inner.path] }))
}

/**
 * The issues of the union's branch that was most likely meant, with whole paths: of those that fit the value's
 * kind, the one with the least amiss. Undefined when no branch fits the kind.
 */
function likeliestBranch(issue: Extract<Issue, { code: 'invalid_union' }>): Issue[] | undefined {
  const fitting = issue.errors.filter(
    (branch) => !branch.some((inner) => inner.path.length === 0 && inner.code === 'invalid_type'),
  )
  const costs = fitting.map((branch) =>
    branch.reduce((sum, inner) => sum + (inner.code === 'unrecognized_keys' ? inner.keys.length : 1), 0),
  )
  const branch = fitting[costs.indexOf(Math.min(...costs))]
  return branch?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
}

/** What is wrong with the value that an issue (neither of a union nor of unknown keys) is about. */
function faultOf(issue: Issue, value: unknown): Fault {
  const [expected = '', fix] = issue.message.split('\n')
  const path = issue.path as Path
  // The value may be right; what is told is beside the key that is not.
  const found = issue.code === 'invalid_key' ? 'a key that cannot be one' : showValue(value, path)
  return { found, expected, hint: fix ?? fixFor(issue, value) }
}

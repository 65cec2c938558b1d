// Values against a zod schema, with problems that name the line. Three mercies, because YAML types by spelling:
// a number where text is wanted is taken as it was spelled, a value that is one variable becomes the number or
// boolean that the schema wants, and a key with nothing after it counts as absent (but never a secret).
import type { z } from 'zod'
import { expectation, faultOf, innermost, likeliestBranch } from './issues.ts'
import type { Issue } from './issues.ts'
import { problemAt } from './problem.ts'
import type { Path, Problem } from './problem.ts'
import { declaredKeys, unknownKeyHint } from './schema-keys.ts'
import type { JsonSchema } from './schema-keys.ts'
import { isSecretKey } from './show.ts'
import { valueAt, withValue } from './value-path.ts'
import type { YamlSource } from './yaml-source.ts'

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

// zod's issues in the words of a problem. Schemas say what they expect by `says()`; for the rest the words
// are made here.
import type { z } from 'zod'
import { nearest } from './nearest.ts'
import type { Fault, Path } from './problem.ts'
import { showValue } from './show.ts'

export type Issue = z.core.$ZodIssue

/** The `error` of a schema: what is expected, and how to fix it when that is not plain. */
export const says = (expected: string, fix?: string): string =>
  fix === undefined ? expected : `${expected}\n${fix}`

/** For `safeParse(value, { error })`: what is expected, where the schema itself says nothing. */
export function expectation(issue: z.core.$ZodRawIssue): string {
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
export function innermost(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  return issue.errors.flat().flatMap((inner) => innermost({ ...inner, path: [...issue.path, ...inner.path] }))
}

/**
 * The issues of the union's branch that was most likely meant, with whole paths: of those that fit the value's
 * kind, the one with the least amiss. Undefined when no branch fits the kind.
 */
export function likeliestBranch(issue: Extract<Issue, { code: 'invalid_union' }>): Issue[] | undefined {
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
export function faultOf(issue: Issue, value: unknown): Fault {
  const [expected = '', fix] = issue.message.split('\n')
  const path = issue.path as Path
  // The value may be right; what is told is beside the key that is not.
  const found = issue.code === 'invalid_key' ? 'a key that cannot be one' : showValue(value, path)
  return { found, expected, hint: fix ?? fixFor(issue, value) }
}

function fixFor(issue: Issue, value: unknown): string | null {
  if (issue.code !== 'invalid_type' && issue.code !== 'invalid_value') return null
  if (value === undefined || value === null) {
    const key = issue.path.at(-1)
    return typeof key === 'string' ? `write a value for ${key}` : null
  }
  if (issue.code === 'invalid_value') {
    const meant = typeof value === 'string' ? nearest(value, issue.values.map(String)) : null
    return meant && `write ${meant}`
  }
  if (issue.expected === 'boolean' && typeof value === 'string') {
    if (/^(yes|on|y|true)$/i.test(value)) return 'write true'
    if (/^(no|off|n|false)$/i.test(value)) return 'write false'
  }
  if (
    /^(number|int)$/.test(issue.expected) &&
    typeof value === 'string' &&
    value !== '' &&
    !Number.isNaN(Number(value))
  ) {
    return 'write it without quotes'
  }
  if (issue.expected === 'array' && typeof value !== 'object') return 'put it into brackets: [ … ]'
  if (/^(object|record)$/.test(issue.expected)) return 'write KEY: value lines, indented'
  return null
}

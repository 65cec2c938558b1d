// The hint of a problem, as an order: the nearest known word, the place where a key belongs, the shape that is wanted.
import { distance } from 'fastest-levenshtein'
import type { z } from 'zod'
import { formatPath } from './problem.ts'
import type { Path } from './problem.ts'
import { asList, asMap } from './value-path.ts'

/** The nearest candidate, or null when none is near enough to be meant. Ties go to the first. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const wanted = plain(word)
  if (wanted.length > 100) return null
  // Two letters that changed places are one slip.
  const swapped = [...wanted.slice(1)].map(
    (next, index) => wanted.slice(0, index) + next + wanted[index] + wanted.slice(index + 2),
  )
  let best: string | null = null
  let fewest = Infinity
  for (const candidate of candidates) {
    const other = plain(candidate)
    const allowed = Math.min(3, Math.floor(Math.max(wanted.length, other.length) / 3))
    if (Math.abs(wanted.length - other.length) > allowed) continue
    const slips = Math.min(distance(wanted, other), ...swapped.map((word) => 1 + distance(word, other)))
    if (slips <= allowed && slips < fewest) [best, fewest] = [candidate, slips]
  }
  return best
}

/** A hint for an unknown word: the near match, else what is known (when that fits a line). */
export function hintFor(word: string, known: readonly string[]): string | null {
  const match = nearest(word, known)
  if (match !== null) return `write ${match}`
  return known.length === 0 || known.length > 16 ? null : `known here: ${known.join(', ')}`
}

/** `chatId`, `chat-id` and `CHAT_ID` are one word. */
const plain = (word: string) => word.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

/** What to write instead of a value of the wrong kind. */
export function fixFor(issue: z.core.$ZodIssue, value: unknown): string | null {
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

export type JsonSchema = Readonly<Record<string, unknown>>

/** The keys that the schema declares for the map at this path. */
export function declaredKeys(schema: JsonSchema, path: Path): string[] {
  const found = path.reduce<JsonSchema[]>(
    (schemas, part) => schemas.flatMap((one) => step(one, part)),
    [schema],
  )
  return [...new Set(found.flatMap(alternatives).flatMap((one) => Object.keys(asMap(one['properties']))))]
}

/** What to write instead of an unknown key: its near match here, or the place where it is known. */
export function unknownKeyHint(schema: JsonSchema, path: Path, key: string): string {
  const known = declaredKeys(schema, path)
  const match = nearest(key, known)
  if (match !== null) return `write ${match}`
  const elsewhere = allPaths(schema).filter((one) => one.at(-1) === key)
  if (elsewhere.length === 1) return `${key} belongs into ${formatPath(elsewhere[0]?.slice(0, -1) ?? [])}`
  return known.length === 0 ? 'remove it' : `remove it; known here: ${known.join(', ')}`
}

function step(schema: JsonSchema, part: string | number): JsonSchema[] {
  return alternatives(schema).flatMap((one) => {
    if (typeof part === 'number') return [asMap(one['items'])]
    const properties = asMap(one['properties'])
    return [asMap(Object.hasOwn(properties, part) ? properties[part] : one['additionalProperties'])]
  })
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  const inner = [...asList(schema['anyOf']), ...asList(schema['oneOf']), ...asList(schema['allOf'])]
  return [schema, ...inner.map(asMap).flatMap(alternatives)]
}

function allPaths(schema: JsonSchema, path: Path = []): Path[] {
  return alternatives(schema).flatMap((one) =>
    Object.entries(asMap(one['properties'])).flatMap(([key, inner]) => [
      [...path, key],
      ...allPaths(asMap(inner), [...path, key]),
    ]),
  )
}

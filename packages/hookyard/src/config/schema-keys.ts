// Which keys a JSON Schema knows where; for hints about unknown ones.
import { nearest } from './nearest.ts'
import { formatPath } from './problem.ts'
import type { Path } from './problem.ts'
import { asList, asMap } from './value-path.ts'

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

// OpenAI guarantees an answer's form only for schemas of its strict dialect: every key required, no others, a
// type on each part. One that fits is sent as strict; another one is still sent, as a hint.

type Schema = Readonly<Record<string, unknown>>

const KEYWORDS = new Set([
  ...['type', 'properties', 'required', 'additionalProperties', 'items', 'enum', 'const', 'anyOf'],
  ...['$ref', '$defs', 'definitions', 'title', 'description'],
  ...['minItems', 'maxItems', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['pattern', 'format'],
])

/** The schema with its lists of words typed, and whether it is of the strict dialect. */
export function toStrict(schema: Schema): { readonly schema: Schema; readonly strict: boolean } {
  const typed = withTypes(schema) as Schema
  return { schema: typed, strict: typed['type'] === 'object' && isStrict(typed) }
}

/** `enum: [a, b]` says its type only by its words. */
function withTypes(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withTypes)
  if (!isObject(node)) return node
  const entries = Object.entries(node).map(([key, value]) => [
    key,
    LITERAL.has(key) ? value : withTypes(value),
  ])
  const inner = Object.fromEntries(entries) as Record<string, unknown>
  const words = inner['enum']
  if (inner['type'] !== undefined || !Array.isArray(words)) return inner
  return words.every((word) => typeof word === 'string') ? { ...inner, type: 'string' } : inner
}

/** Keywords whose value is data, not a schema. */
const LITERAL = new Set(['enum', 'const', 'default', 'examples', 'required'])

function isStrict(node: unknown): boolean {
  if (!isObject(node) || Object.keys(node).some((key) => !KEYWORDS.has(key))) return false
  if (node['type'] === undefined && node['anyOf'] === undefined && node['$ref'] === undefined) return false
  const { properties, items, anyOf, $defs, definitions } = node
  if (isObject(properties)) {
    const required = new Set(Array.isArray(node['required']) ? node['required'] : [])
    if (node['additionalProperties'] !== false) return false
    if (Object.keys(properties).some((key) => !required.has(key))) return false
  } else if (hasType(node, 'object')) return false
  if (hasType(node, 'array') && items === undefined) return false
  const parts = [properties, $defs, definitions].flatMap((part) =>
    isObject(part) ? Object.values(part) : [],
  )
  return [...parts, ...(Array.isArray(anyOf) ? anyOf : []), ...(items === undefined ? [] : [items])].every(
    isStrict,
  )
}

const hasType = (node: Schema, type: string): boolean =>
  node['type'] === type || (Array.isArray(node['type']) && node['type'].includes(type))

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

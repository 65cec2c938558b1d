// Brings what is known into the shape that a JSON Schema wants: by the names of its properties, and where nothing is
// known with the smallest value that is valid.
import { isObject } from '../is-object.ts'

type Schema = Readonly<Record<string, unknown>>

/** Other names under which a schema may ask for the same. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  file: ['path', 'filename'],
  why: ['body', 'message', 'description', 'text', 'comment', 'explanation'],
  title: ['name', 'heading'],
  fix: ['suggestion', 'recommendation', 'mend'],
  summary: ['overview', 'text', 'result', 'answer'],
  findings: ['comments', 'issues', 'problems'],
}

/** A value for the schema from `known`, whose entries are used wherever their names and types fit. */
export function fillSchema(schema: unknown, known: Readonly<Record<string, unknown>>): unknown {
  if (!isObject(schema)) return null
  const { properties } = schema
  if (!isObject(properties)) return smallest(schema)
  const required = Array.isArray(schema.required) ? schema.required.map(String) : []
  const filled: Record<string, unknown> = {}
  for (const [name, property] of Object.entries(properties)) {
    const value = fillProperty(property, lookUp(name, known))
    if (value !== undefined) filled[name] = value
    else if (required.includes(name)) filled[name] = smallest(property)
  }
  return filled
}

function lookUp(name: string, known: Readonly<Record<string, unknown>>): unknown {
  if (name in known) return known[name]
  const [other] = Object.entries(SYNONYMS).find(([own, names]) => names.includes(name) && own in known) ?? []
  return other === undefined ? undefined : known[other]
}

/** The known value in the property's shape; undefined when it does not fit. */
function fillProperty(property: unknown, value: unknown): unknown {
  if (value === undefined || !isObject(property)) return undefined
  if (Array.isArray(property.enum)) return property.enum.includes(value) ? value : undefined
  if (!typesOf(property).some((type) => isOf(type, value))) return undefined
  if (!Array.isArray(value)) return isObject(value) ? fillSchema(property, value) : value
  const { items } = property
  return value.map((entry: unknown) =>
    isObject(entry) && isObject(items) ? fillSchema(items, entry) : entry,
  )
}

const typesOf = ({ type }: Schema): readonly string[] =>
  Array.isArray(type) ? type.map(String) : typeof type === 'string' ? [type] : ['any']

function isOf(type: string, value: unknown): boolean {
  if (type === 'any') return true
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isObject(value)
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}

function smallest(schema: unknown): unknown {
  if (!isObject(schema)) return null
  if ('const' in schema) return schema.const
  if (Array.isArray(schema.enum)) return schema.enum[0] as unknown
  const [branch] = [schema.oneOf, schema.anyOf, schema.allOf].find(Array.isArray) ?? []
  if (branch !== undefined) return smallest(branch)
  const [type] = typesOf(schema)
  if (type === 'string') return 'x'.repeat(Number(schema.minLength ?? 0))
  if (type === 'integer' || type === 'number') return Number(schema.minimum ?? 0)
  if (type === 'boolean') return false
  if (type === 'array')
    return Array.from({ length: Number(schema.minItems ?? 0) }, () => smallest(schema.items))
  return type === 'object' ? fillSchema({ properties: {}, ...schema }, {}) : null
}

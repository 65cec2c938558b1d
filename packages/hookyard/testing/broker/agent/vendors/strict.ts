// What OpenAI refuses of a schema that is sent with `strict: true`.
import { isSchema, partsOf } from '../model-api.ts'

const REFUSED = [
  'allOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentRequired',
  'patternProperties',
  'default',
]

/** The problem in the vendor's words, or null. */
export function strictProblem(schema: unknown, path = 'root'): string | null {
  if (!isSchema(schema)) return `${path}: a schema is an object`
  if (path === 'root' && schema['type'] !== 'object') return 'schema must be a JSON Schema of type "object"'
  const keyword = REFUSED.find((name) => name in schema)
  if (keyword !== undefined) return `${path}: '${keyword}' is not permitted`
  if (!('type' in schema || 'anyOf' in schema || '$ref' in schema))
    return `${path}: schema must have a 'type' key`
  const types = [schema['type']].flat()
  if (types.includes('array') && !isSchema(schema['items'])) return `${path}: array schema missing items`
  if (types.includes('object')) {
    if (!isSchema(schema['properties'])) return `${path}: object schema missing properties`
    const keys = Object.keys(schema['properties'])
    const required = Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : []
    if (schema['additionalProperties'] !== false) return `${path}: 'additionalProperties' must be false`
    if (keys.some((key) => !required.includes(key))) {
      return `${path}: 'required' must include every key in properties`
    }
  }
  return (
    partsOf(schema)
      .map((part) => strictProblem(part, `${path}.part`))
      .find((problem) => problem !== null) ?? null
  )
}

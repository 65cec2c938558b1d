// The zod schemas as JSON Schema: for editors (schema/*.json) and for hints about unknown keys.
import { z } from 'zod'
import { configSchema } from './schema.ts'
import type { JsonSchema } from './hints.ts'

const VARIABLE = { $ref: '#/$defs/variable' }

/** What a file may say, as JSON Schema 2020-12. */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
}

/** `schema/hookyard.schema.json`: in it a variable (`${NAME}`) may stand for every single value. */
export const configJsonSchema: JsonSchema = {
  ...(orVariable(toJsonSchema(configSchema)) as JsonSchema),
  $defs: {
    variable: {
      type: 'string',
      pattern: String.raw`\$\{[A-Za-z_]`,
      description: 'From the environment or .env',
    },
  },
}

function orVariable(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(orVariable)
  if (typeof node !== 'object' || node === null) return node
  const { description, default: preset, ...rest } = node as Record<string, unknown>
  const notes = {
    ...(preset === undefined ? {} : { default: preset }),
    ...(description === undefined ? {} : { description }),
  }
  if (isNarrow(rest)) return { ...notes, anyOf: [rest, VARIABLE] }
  const inside = Object.entries(rest).map(([key, value]) => [
    key,
    key === 'propertyNames' ? value : orVariable(value),
  ])
  return { ...notes, ...(Object.fromEntries(inside) as object) }
}

/** A single value that takes less than any text does. */
function isNarrow(schema: Readonly<Record<string, unknown>>): boolean {
  const types = [schema['type']].flat()
  if (types.some((type) => type === 'boolean' || type === 'integer' || type === 'number')) return true
  return (
    types.includes('string') &&
    ['enum', 'const', 'pattern', 'format'].some((key) => Object.hasOwn(schema, key))
  )
}

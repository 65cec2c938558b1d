// What came in, as an operation's schema wants it, or a sentence that names the key and what is wanted there.
import { z } from 'zod'
import { UserError } from '../lib/errors.ts'

/**
 * The value as the schema makes it. `what` names it in the sentence: the body, the query.
 * @throws UserError invalid_input
 */
export function readInput<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new UserError('invalid_input', problemOf(parsed.error.issues[0], schema, what))
}

function problemOf(issue: z.core.$ZodIssue | undefined, schema: z.ZodType, what: string): string {
  if (issue?.code === 'unrecognized_keys') {
    const unknown = issue.keys.map((key) => JSON.stringify(key.slice(0, 100))).join(', ')
    const known = schema instanceof z.ZodObject ? `; it takes ${Object.keys(schema.shape).join(', ')}` : ''
    return `${what} has no key ${unknown}${known}`
  }
  return `${issue?.path.join('.') || what}: ${issue?.message ?? 'not what is wanted'}`
}

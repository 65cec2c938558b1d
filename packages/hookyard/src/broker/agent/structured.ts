// Structured answers: found in the text when the back-end gave none, and checked against the request's schema.
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { toError } from '../../lib/errors.ts'
import { PermanentAgentError } from './agent-error.ts'
import type { BackendAnswer } from './backend.ts'

type Checked =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problems: string }

const MAX_PROBLEMS = 10

/** By JSON Schema of draft 2020-12 or 07. @throws PermanentAgentError `invalid_input` when the schema is none. */
export function createCheck(schema: Readonly<Record<string, unknown>>): (answer: BackendAnswer) => Checked {
  const validate = compile(schema)
  return (answer) => {
    const value = answer.output ?? findJson(answer.text)
    if (value === undefined) return { ok: false, problems: 'the answer holds no JSON' }
    if (validate(value)) return { ok: true, value }
    return { ok: false, problems: (validate.errors ?? []).slice(0, MAX_PROBLEMS).map(tellProblem).join('\n') }
  }
}

function compile(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  const { $schema: _draft, ...rest } = schema
  try {
    // A new one each time: it would keep every schema that it ever saw.
    return new Ajv2020({ strict: false, allErrors: true, logger: false }).compile(rest)
  } catch (error) {
    const why = `The module's agent schema is no valid JSON Schema: ${toError(error).message}`
    throw new PermanentAgentError(why, { reason: 'invalid_input' })
  }
}

/** Paths hold names that the model chose: only harmless characters of them are repeated. */
const tellProblem = (problem: ErrorObject): string =>
  `- ${problem.instancePath.replace(/[^\w/.-]/g, '_').slice(0, 100) || '/'} ${problem.message ?? problem.keyword}`

/** JSON within a text: alone, in a code fence, or after a preface. */
function findJson(text: string): unknown {
  const body = text
    .trim()
    .replace(/^```[a-z]*\s*\n?/i, '')
    .replace(/\n?```\s*$/, '')
  const whole = parse(body)
  if (whole !== undefined) return whole
  const end = body.lastIndexOf('}') + 1
  let start = body.indexOf('{')
  for (let tries = 0; start !== -1 && start < end && tries < 50; tries++) {
    const value = parse(body.slice(start, end))
    if (value !== undefined) return value
    start = body.indexOf('{', start + 1)
  }
  return undefined
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** What is said to the model when its answer did not fit; the answer itself goes along as outside text. */
export const fixPrompt = (prompt: string, problems: string): string =>
  [
    prompt,
    'You answered this before; the answer is in the box "previous answer". It does not fit the JSON Schema:',
    problems,
    'Answer again: the same content as JSON that fits the schema, and nothing else.',
  ].join('\n\n')

/** The form of the answer in words, for a model that takes no schema; before all outside text. */
export const schemaPrompt = (prompt: string, schema: Readonly<Record<string, unknown>>): string =>
  `Answer with one JSON value that fits this JSON Schema, and with nothing else:\n${JSON.stringify(schema)}\n\n${prompt}`

// The part of the `claude` command line that a program uses. Anything else is refused as the CLI refuses it: a flag
// that we made up must not go unnoticed.
import { parseArgs } from 'node:util'

export interface AgentArguments {
  readonly print: boolean
  readonly version: boolean
  readonly outputFormat: 'text' | 'json'
  readonly schema: Readonly<Record<string, unknown>> | null
  readonly model: string
  /** USD; null: no cap. */
  readonly maxBudget: number | null
  /** From the command line; null: it comes on stdin. */
  readonly prompt: string | null
}

/** The caller's mistake: goes to stderr, exit code 1. */
export class UsageError extends Error {}

/** As of 2.1: those that a one-shot call may carry. Some have no effect here. */
const OPTIONS = {
  print: { type: 'boolean', short: 'p' },
  version: { type: 'boolean', short: 'v' },
  verbose: { type: 'boolean' },
  bare: { type: 'boolean' },
  'safe-mode': { type: 'boolean' },
  'strict-mcp-config': { type: 'boolean' },
  'no-session-persistence': { type: 'boolean' },
  'output-format': { type: 'string' },
  'input-format': { type: 'string' },
  'json-schema': { type: 'string' },
  'max-budget-usd': { type: 'string' },
  'max-turns': { type: 'string' },
  model: { type: 'string' },
  'fallback-model': { type: 'string' },
  effort: { type: 'string' },
  tools: { type: 'string' },
  allowedTools: { type: 'string' },
  disallowedTools: { type: 'string' },
  'permission-mode': { type: 'string' },
  'mcp-config': { type: 'string' },
  settings: { type: 'string' },
  'setting-sources': { type: 'string' },
  'session-id': { type: 'string' },
  'system-prompt': { type: 'string' },
  'append-system-prompt': { type: 'string' },
  'add-dir': { type: 'string' },
} as const

/**
 * Reads the command line.
 * @throws UsageError in the CLI's words.
 */
export function readArguments(argv: readonly string[]): AgentArguments {
  const { values, positionals } = parse(argv)
  const format = values['output-format'] ?? 'text'
  if (format !== 'text' && format !== 'json') {
    throw new UsageError(
      `error: option '--output-format <format>' argument '${format}' is invalid. Allowed choices are text, json.`,
    )
  }
  const budget = values['max-budget-usd']
  if (budget !== undefined && !(Number(budget) > 0)) {
    throw new UsageError(
      "error: option '--max-budget-usd <amount>' argument is invalid. --max-budget-usd must be a positive number greater than 0",
    )
  }
  return {
    print: values.print ?? false,
    version: values.version ?? false,
    outputFormat: format,
    schema: values['json-schema'] === undefined ? null : readSchema(values['json-schema']),
    model: values.model ?? 'sonnet',
    maxBudget: budget === undefined ? null : Number(budget),
    prompt: positionals.length > 0 ? positionals.join(' ') : null,
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true })
  } catch (error) {
    const [, flag = String(error)] = /'(-[^' ]*)/.exec(String(error)) ?? []
    const missing = /argument missing|ambiguous/.test(String(error))
    throw new UsageError(
      missing ? `error: option '${flag}' argument missing` : `error: unknown option '${flag}'`,
      { cause: error },
    )
  }
}

function readSchema(text: string): Readonly<Record<string, unknown>> {
  try {
    const schema: unknown = JSON.parse(text)
    if (typeof schema === 'object' && schema !== null && !Array.isArray(schema))
      return schema as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw new UsageError('Error: --json-schema must be a valid JSON object')
}

// The JSON of `claude -p --output-format json`. Versions differ in `is_error`: the subtype is asked first.
import { z } from 'zod'
import type { BackendAnswer } from './backend.ts'
import { AgentBusy, AgentError, PermanentAgentError } from './agent-error.ts'

const count = z.number().nonnegative().catch(0)

const resultSchema = z.object({
  type: z.literal('result').optional(),
  subtype: z.string().catch(''),
  is_error: z.boolean().catch(false),
  result: z.string().catch(''),
  structured_output: z.unknown().optional(),
  total_cost_usd: count,
  usage: z
    .object({
      input_tokens: count,
      output_tokens: count,
      cache_creation_input_tokens: count,
      cache_read_input_tokens: count,
    })
    .nullish()
    .catch(null),
  modelUsage: z.record(z.string(), z.unknown()).nullish().catch(null),
  api_error_status: z.number().nullish().catch(null),
})

type CliResult = z.infer<typeof resultSchema>

/** Statuses of the model's API that another try will not change: the account, and the question. */
const NO_ACCESS = new Set([401, 402, 403])
const REFUSED_QUESTION = new Set([400, 404, 413, 422])
/** The program tells that it was limited, not until when, and has waited a while by itself. */
const RATE_LIMITED_MS = 60_000

/**
 * Reads the CLI's standard output.
 * @throws PermanentAgentError `budget`, `agent_malformed`, `agent_unavailable` or `agent_failed` when no retry can help,
 * AgentBusy when a limit is reached; else AgentError.
 */
export function parseClaudeAnswer(stdout: string, describeFailure: (said: string) => string): BackendAnswer {
  const result = findResult(stdout)
  if (result === null) {
    throw new AgentError(describeFailure('printed no result as JSON'), { reason: 'agent_failed' })
  }
  const costUsd = result.total_cost_usd
  if (result.subtype === 'error_max_budget_usd') {
    const told = `The agent stopped at its budget after ${costUsd.toFixed(4)} USD.`
    throw new PermanentAgentError(told, { reason: 'budget', costUsd })
  }
  if (result.subtype === 'error_max_structured_output_retries') {
    const told = describeFailure('gave no answer that fits the JSON Schema')
    throw new PermanentAgentError(told, { reason: 'agent_malformed', costUsd })
  }
  if (result.is_error || result.subtype.startsWith('error')) {
    throw errorOf(result, describeFailure(`answered with an error: ${result.result || result.subtype}`))
  }
  return {
    text: result.result,
    output: result.structured_output,
    costUsd,
    model: Object.keys(result.modelUsage ?? {})[0] ?? null,
    usage: usageOf(result),
    backend: 'claude-cli',
  }
}

function errorOf(result: CliResult, told: string): AgentError | PermanentAgentError | AgentBusy {
  const costUsd = result.total_cost_usd
  const status = result.api_error_status ?? 0
  if (NO_ACCESS.has(status) || /^(Not logged in|Invalid API key)/i.test(result.result)) {
    const fix = 'Log in once with the program as the user that runs this service, or set ANTHROPIC_API_KEY.'
    return new PermanentAgentError(`${told}. ${fix}`, { reason: 'agent_unavailable', costUsd })
  }
  if (status === 429) return new AgentBusy(told, RATE_LIMITED_MS, { costUsd })
  return REFUSED_QUESTION.has(status)
    ? new PermanentAgentError(told, { reason: 'agent_failed', costUsd })
    : new AgentError(told, { reason: 'agent_failed', costUsd })
}

function usageOf({ usage }: CliResult): BackendAnswer['usage'] {
  if (usage == null) return null
  const inputTokens = usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens
  return { inputTokens, outputTokens: usage.output_tokens }
}

/** One object; with `verbose` set in the user's own settings a list of events; perhaps warnings before it. */
function findResult(stdout: string): CliResult | null {
  const lines = stdout.trim().split('\n')
  for (const candidate of [stdout, ...lines.toReversed().slice(0, 50)]) {
    const json = parseJson(candidate)
    for (const event of Array.isArray(json) ? json.toReversed() : [json]) {
      const result = resultSchema.safeParse(event)
      if (result.success && isResult(event)) return result.data
    }
  }
  return null
}

/** By its type; a wrapper of the program may leave that out, and an answer is still one. */
const isResult = (event: unknown): boolean =>
  typeof event === 'object' &&
  event !== null &&
  ['type', 'result', 'structured_output'].some((key) => Object.hasOwn(event, key))

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

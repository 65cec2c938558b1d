// What an API's refusal means: who can fix it, whether another try helps, and when.
import { APICallError } from 'ai'
import { toError } from '../../../lib/errors.ts'
import { AgentBusy, AgentError, PermanentAgentError, isAgentError } from '../agent-error.ts'
import { errorExcerpt } from '../error-excerpt.ts'
import { retryDelayMs } from './retry-delay.ts'

export interface Asked {
  readonly address: string
  readonly model: string
  /** Never repeated in an error. */
  readonly secrets: readonly string[]
  /** ms since the epoch */
  readonly now: number
}

/** Whatever the AI SDK or the network threw, as one of ours. */
export function agentFailure(thrown: unknown, asked: Asked): AgentError | PermanentAgentError | AgentBusy {
  if (isAgentError(thrown)) return thrown
  const error = toError(thrown)
  const host = URL.canParse(asked.address) ? new URL(asked.address).host : asked.address
  const code = networkCode(error)
  if (code !== null) {
    return new AgentError(`${host} could not be reached (${code}). Check agent.base_url and the network.`, {
      reason: 'agent_unavailable',
      cause: error,
    })
  }
  const said = errorExcerpt(error.message, asked.secrets)
  if (!APICallError.isInstance(error) || error.statusCode === undefined) {
    return new AgentError(`${host} could not be asked: ${said}`, { reason: 'agent_failed', cause: error })
  }
  return refusal(error, `${host} answered ${error.statusCode}: ${said}`, asked)
}

function refusal(
  error: APICallError,
  told: string,
  asked: Asked,
): AgentError | PermanentAgentError | AgentBusy {
  const status = error.statusCode ?? 0
  const headers = error.responseHeaders ?? {}
  const final = (reason: 'agent_unavailable' | 'agent_failed', fix: string) =>
    new PermanentAgentError(`${told}. ${fix}`, { reason, cause: error })
  if (isOutOfCredit(error)) return final('agent_unavailable', 'Top up the account behind agent.api_key.')
  if (status === 401 || status === 403) {
    return final('agent_unavailable', `Check agent.api_key, and that its account may use ${asked.model}.`)
  }
  if (status === 404) return final('agent_failed', `Check agent.model (${asked.model}) and agent.base_url.`)
  if (status === 429 || ((status === 503 || status === 529) && headers['retry-after'] !== undefined)) {
    return new AgentBusy(told, retryDelayMs(headers, asked.now), { cause: error })
  }
  // 408, 409 and 425 pass by themselves; a redirect or a 200 that is not understood is another server.
  if (status >= 500 || [408, 409, 425].includes(status)) {
    return new AgentError(told, { reason: 'agent_failed', cause: error })
  }
  if (status < 400)
    return final('agent_failed', 'That is not the protocol of this back-end: check agent.base_url.')
  return final('agent_failed', 'The same question would be refused again.')
}

/** OpenAI says it with 429, Anthropic with 400. */
const isOutOfCredit = (error: APICallError): boolean =>
  error.statusCode === 402 ||
  /insufficient_quota|billing_hard_limit|credit balance is too low/i.test(error.responseBody ?? '')

/** A server refused the question because of the answer's form. */
export const isSchemaRefusal = (thrown: unknown): boolean =>
  APICallError.isInstance(thrown) &&
  [400, 415, 422, 501].includes(thrown.statusCode ?? 0) &&
  /response_format|json_schema|structured output|grammar/i.test(thrown.responseBody ?? '')

/** `ECONNREFUSED` and the like, wherever the SDK has wrapped it. */
function networkCode(error: Error): string | null {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code } = at as { code?: unknown }
    if (
      typeof code === 'string' &&
      /^(E[A-Z]{3,}|CERT_|UNABLE_|DEPTH_|SELF_SIGNED|ERR_TLS|ERR_SSL|HPE_)/.test(code)
    )
      return code
  }
  return null
}

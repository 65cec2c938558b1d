// What can go wrong with an agent. The reason is the word kept with the run; the cost is what was spent anyway.
import { PermanentError, RetryAfterError } from '../../lib/errors.ts'

export type AgentReason =
  | 'agent_missing'
  | 'agent_unavailable'
  | 'agent_timeout'
  | 'agent_rate_limited'
  | 'agent_failed'
  | 'agent_malformed'
  | 'budget'
  | 'invalid_input'

interface AgentErrorOptions {
  readonly reason: AgentReason
  readonly costUsd?: number
  readonly cause?: unknown
}

/** The agent failed in a way that may pass: worth another try. */
export class AgentError extends Error {
  readonly reason: AgentReason
  /** USD spent before it failed, as far as known. */
  costUsd: number

  constructor(message: string, options: AgentErrorOptions) {
    super(message, { cause: options.cause })
    this.name = 'AgentError'
    this.reason = options.reason
    this.costUsd = options.costUsd ?? 0
  }
}

/** Another try would end alike: nothing installed, budget spent, an answer that cannot be corrected. */
export class PermanentAgentError extends PermanentError {
  declare readonly reason: AgentReason
  costUsd: number

  constructor(message: string, options: AgentErrorOptions) {
    super(message, options)
    this.name = 'PermanentAgentError'
    this.costUsd = options.costUsd ?? 0
  }
}

/** The vendor asks to wait: worth another try, but not before `delayMs`. */
export class AgentBusy extends RetryAfterError {
  readonly reason = 'agent_rate_limited'
  costUsd: number

  constructor(message: string, delayMs: number, options: { costUsd?: number; cause?: unknown } = {}) {
    super(message, delayMs, { cause: options.cause })
    this.name = 'AgentBusy'
    this.costUsd = options.costUsd ?? 0
  }
}

/** Whether `error` came from an agent, whichever of the three it is. */
export const isAgentError = (error: unknown): error is AgentError | PermanentAgentError | AgentBusy =>
  error instanceof AgentError || error instanceof PermanentAgentError || error instanceof AgentBusy

/** USD that were spent although it failed; 0 for any other error. */
export const spentUsd = (error: unknown): number => (isAgentError(error) ? error.costUsd : 0)

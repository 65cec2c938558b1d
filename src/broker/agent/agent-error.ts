// What can go wrong with an agent. The reason is the word kept with the run; the cost is what was spent anyway.
import { PermanentError } from '../../errors.ts'

export type AgentReason =
  | 'agent_missing'
  | 'agent_unavailable'
  | 'agent_timeout'
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

/** Another try would end alike: nothing installed, budget spent, an answer that cannot be mended. */
export class AgentRefusal extends PermanentError {
  declare readonly reason: AgentReason
  /** USD spent before it failed, as far as known. */
  costUsd: number

  constructor(message: string, options: AgentErrorOptions) {
    super(message, options)
    this.name = 'AgentRefusal'
    this.costUsd = options.costUsd ?? 0
  }
}

/** Whether `error` came from an agent, whichever of the two it is. */
export const isAgentError = (error: unknown): error is AgentError | AgentRefusal =>
  error instanceof AgentError || error instanceof AgentRefusal

/** USD that were spent although it failed; 0 for any other error. */
export const spentUsd = (error: unknown): number => (isAgentError(error) ? error.costUsd : 0)

// The port behind `ctx.agent`: one prompt in, one answer out. Back-ends hold no state.
import type { AgentTask } from '@hookyard/sdk/host'

export interface AgentBackend {
  readonly name: string
  /** Throws AgentError, PermanentAgentError, or the signal's reason when it aborts. */
  run(request: BackendRequest): Promise<BackendAnswer>
}

export interface BackendRequest {
  /** Whole: outside text is boxed in it already. */
  readonly prompt: string
  /** JSON Schema that the structured answer should follow. */
  readonly schema: Readonly<Record<string, unknown>> | null
  /** The same work as data, for back-ends that read no prompts. */
  readonly task: AgentTask | null
  readonly model: string
  readonly timeoutMs: number
  /** What this one call may cost; null = no cap. */
  readonly maxUsd: number | null
  readonly signal: AbortSignal
}

export interface BackendAnswer {
  readonly text: string
  /** The structured answer as the back-end gave it, unchecked; undefined when there is none. */
  readonly output: unknown
  readonly costUsd: number
  /** The model that answered, when known. */
  readonly model: string | null
  readonly usage: Usage | null
  readonly backend: string
}

export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
}

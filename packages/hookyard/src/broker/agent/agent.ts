// What `ctx.agent` reaches: boxes outside text, asks the back-end, checks the answer, has it corrected once, and falls
// back to the rules when that is configured. Money spent is told in every case.
import { z } from 'zod'
import type { Config } from '../../config/config.ts'
import { parseDuration } from '../../lib/duration.ts'
import type { AgentRequest } from '@hookyard/sdk/host'
import { type AgentReason, PermanentAgentError, isAgentError, spentUsd } from './agent-error.ts'
import type { AgentBackend, BackendAnswer, BackendRequest, Usage } from './backend.ts'
import { createOffline } from './offline.ts'
import { selectBackend } from './select-backend.ts'
import { createCheck, fixPrompt } from './structured.ts'
import { composePrompt } from './untrusted.ts'

export interface Agent {
  /** Which back-end answers, and why this one. */
  describe(): { readonly backend: string; readonly why: string }
  /** @throws AgentError or AgentBusy (worth a retry), PermanentAgentError (final); the signal's reason when it aborts. */
  run(request: AgentRequest, limits: AgentLimits): Promise<AgentResult>
}

export interface AgentLimits {
  /** What this request may cost at most, the second try included; null = no cap. */
  readonly maxUsd: number | null
  /** Which cap leaves nothing, for the error when `maxUsd` is 0. */
  readonly spent?: string
  readonly signal: AbortSignal
}

/** `output`: the checked structured answer; null when no schema was given. */
export interface AgentResult extends BackendAnswer {
  /** The rules answered instead of the back-end, which failed for this reason. */
  readonly instead?: AgentReason
}

/** `environment`: the process's, as configuration read it. */
export type AgentOptions = Parameters<typeof selectBackend>[1]

/** @throws PermanentAgentError `agent_unavailable` when the named back-end lacks a key, an address or a user. */
export function createAgent(config: Config['agent'], options: AgentOptions): Agent {
  const { backend, why } = selectBackend(config, options)
  const rules = config.fallback === 'offline' && backend.name !== 'offline' ? createOffline(why) : null
  return {
    describe: () => ({ backend: backend.name, why }),
    async run(raw, limits) {
      const request = parseRequest(raw)
      limits.signal.throwIfAborted()
      try {
        return await answer(backend, request, limits, config, options)
      } catch (error) {
        if (rules === null || request.task === undefined || !isAgentError(error)) throw error
        if (error.reason === 'invalid_input') throw error
        options.log.warn(
          { backend: backend.name, reason: error.reason, error: error.message },
          'the agent could not answer; the offline rules take over',
        )
        const result = await answer(rules, request, { ...limits, maxUsd: null }, config, options)
        return { ...result, costUsd: result.costUsd + spentUsd(error), instead: error.reason }
      }
    },
  }
}

async function answer(
  backend: AgentBackend,
  request: AgentRequest,
  limits: AgentLimits,
  config: Config['agent'],
  { clock, log }: AgentOptions,
): Promise<AgentResult> {
  if (backend.name !== 'offline' && limits.maxUsd !== null && limits.maxUsd <= 0) {
    throw new PermanentAgentError(limits.spent ?? 'Nothing is left of the budget.', { reason: 'budget' })
  }
  const check = request.schema === undefined ? null : createCheck(request.schema)
  const composed = composePrompt(request.prompt, request.untrusted)
  if (composed.removed.invisible + composed.removed.comments > 0) {
    log.info(composed.removed, 'took hidden text out of what outsiders wrote')
  }
  const deadline = clock() + timeoutOf(request, config)
  const call: BackendRequest = {
    prompt: composed.text,
    schema: request.schema ?? null,
    task: request.task ?? null,
    model: request.model ?? config.model,
    timeoutMs: deadline - clock(),
    maxUsd: limits.maxUsd,
    signal: limits.signal,
  }
  const first = await backend.run(call)
  if (check === null) return { ...first, output: null }
  const checked = check(first)
  if (checked.ok) return { ...first, output: checked.value }
  log.info(
    { backend: backend.name, problems: checked.problems },
    'the answer does not fit its schema; asking again',
  )
  return askAgain(backend, request, call, first, checked.problems, check, deadline - clock())
}

async function askAgain(
  backend: AgentBackend,
  request: AgentRequest,
  call: BackendRequest,
  first: BackendAnswer,
  problems: string,
  check: ReturnType<typeof createCheck>,
  timeLeftMs: number,
): Promise<AgentResult> {
  const moneyLeft = call.maxUsd === null ? null : call.maxUsd - first.costUsd
  const giveUp = (why: string, costUsd: number): PermanentAgentError =>
    new PermanentAgentError(`The agent's answer does not fit the schema${why}:\n${problems}`, {
      reason: 'agent_malformed',
      costUsd,
    })
  if (timeLeftMs <= 0) throw giveUp(', and no time is left to ask again', first.costUsd)
  if (moneyLeft !== null && moneyLeft <= 0)
    throw giveUp(', and no budget is left to ask again', first.costUsd)
  const previous = first.output === undefined ? first.text : JSON.stringify(first.output)
  const again = composePrompt(fixPrompt(request.prompt, problems), {
    ...request.untrusted,
    'previous answer': previous.slice(0, 20_000),
  })
  try {
    const left = { timeoutMs: timeLeftMs, maxUsd: moneyLeft }
    const second = await backend.run({ ...call, prompt: again.text, ...left })
    const checked = check(second)
    const costUsd = first.costUsd + second.costUsd
    if (!checked.ok) throw giveUp(', also after it was asked to fix it', second.costUsd)
    return { ...second, output: checked.value, costUsd, usage: sum(first.usage, second.usage) }
  } catch (error) {
    if (!isAgentError(error)) throw error
    error.costUsd += first.costUsd
    // Refused before it was asked: what is wrong is still the first answer.
    if (error.reason === 'budget' && error.costUsd === first.costUsd)
      throw giveUp(', and no budget is left to ask again', first.costUsd)
    throw error
  }
}

const sum = (a: Usage | null, b: Usage | null): Usage | null =>
  a === null || b === null
    ? (a ?? b)
    : { inputTokens: a.inputTokens + b.inputTokens, outputTokens: a.outputTokens + b.outputTokens }

/** The module may ask for less time than the installation allows, never for more. */
function timeoutOf(request: AgentRequest, config: Config['agent']): number {
  if (request.timeout === undefined) return config.timeoutMs
  try {
    return Math.min(config.timeoutMs, Math.max(1, parseDuration(request.timeout)))
  } catch (error) {
    throw new PermanentAgentError(`The module's agent request: timeout ${String(error)}`, {
      reason: 'invalid_input',
    })
  }
}

const MAX_PROMPT_CHARS = 2_000_000

const text = z.string().max(MAX_PROMPT_CHARS)

// It crossed from a module's process: nothing about it is known.
const requestSchema = z.object({
  prompt: text.min(1),
  untrusted: z.record(z.string(), text).optional(),
  schema: z.record(z.string(), z.unknown()).optional(),
  model: z
    .string()
    .regex(/^[A-Za-z0-9][\w.:/@[\]-]{0,127}$/)
    .optional(),
  timeout: z.union([z.string(), z.number()]).optional(),
  task: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('review'), diff: text }),
      z.object({
        kind: z.literal('triage'),
        title: text,
        body: text,
        labels: z.array(text),
        candidates: z.array(z.object({ number: z.number().int(), title: text })),
      }),
    ])
    .optional(),
})

function parseRequest(raw: unknown): AgentRequest {
  const parsed = requestSchema.safeParse(raw)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new PermanentAgentError(`The module's agent request is malformed: ${problems.join('; ')}`, {
      reason: 'invalid_input',
    })
  }
  const { prompt, untrusted = {} } = parsed.data
  const size = [prompt, ...Object.values(untrusted)].join('').length
  if (size > MAX_PROMPT_CHARS) {
    const why = `The module's agent request has ${size} characters; at most ${MAX_PROMPT_CHARS} go.`
    throw new PermanentAgentError(why, { reason: 'invalid_input' })
  }
  // zod writes absent keys as absent, which exactOptionalPropertyTypes cannot see.
  return parsed.data as AgentRequest
}

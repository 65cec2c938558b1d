// What the service and a module process say to each other over IPC. A module is not trusted: the service
// checks every message from it (parseFromChild), and nothing that it sends here is a credential.
import { z } from 'zod'
import type { SubjectKind } from '../sdk/context.ts'
import { cut } from '../send/outside-text.ts'
import type { RunTrigger } from '../store/store.ts'

/** All that a handler starts from; JSON alone. */
export interface RunInit {
  readonly runId: string
  readonly module: string
  readonly attempt: number
  readonly trigger: Omit<RunTrigger, 'data'> & { readonly data: unknown }
  readonly input: unknown
  readonly config: unknown
  readonly entity: string
  readonly recipients: readonly string[]
  readonly state: unknown
  readonly subject: {
    readonly kind: SubjectKind
    readonly pr: Record<string, unknown> | null
    readonly issue: Record<string, unknown> | null
    readonly repo: Record<string, unknown> | null
  }
  readonly repository: string | null
  readonly githubApiUrl: string
}

export type ToChild =
  | { readonly t: 'run'; readonly init: RunInit }
  | { readonly t: 'inspect' }
  | { readonly t: 'validate'; readonly what: 'config' | 'input'; readonly value: unknown }
  | { readonly t: 'abort'; readonly reason: string }
  | { readonly t: 'answer'; readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly t: 'answer'; readonly id: number; readonly ok: false; readonly error: WireError }

const wireError = z.object({
  name: z.string().max(200).catch('Error'),
  message: z.string().catch(''),
  stack: z.string().optional(),
  kind: z.enum(['permanent', 'retry_after']).optional(),
  reason: z.string().max(200).optional(),
  delayMs: z.number().nonnegative().optional(),
})

/** An error that crosses the boundary. */
export type WireError = z.infer<typeof wireError>

const duration = z.union([z.string(), z.number()])

const outcome = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('done'),
    summary: z.string(),
    details: z.unknown().optional(),
    state: z.unknown().optional(),
  }),
  z.object({
    status: z.literal('failed'),
    summary: z.string(),
    reason: z.string().optional(),
    details: z.unknown().optional(),
  }),
  z.object({ status: z.literal('skipped'), reason: z.string(), details: z.unknown().optional() }),
  z.object({
    status: z.literal('paused'),
    question: z.string(),
    options: z
      .array(z.union([z.string(), z.object({ value: z.string(), label: z.string().optional() })]))
      .optional(),
    expires: duration.optional(),
    default: z.string().optional(),
    state: z.unknown().optional(),
  }),
])

/** What a handler returned, checked. */
export type CheckedOutcome = z.infer<typeof outcome>

const fromChild = z.discriminatedUnion('t', [
  z.object({ t: z.literal('begin') }),
  z.object({
    t: z.literal('call'),
    id: z.number().int(),
    method: z.string(),
    params: z.unknown().optional(),
  }),
  z.object({
    t: z.literal('log'),
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: z.string(),
    fields: z.record(z.string(), z.unknown()).optional(),
  }),
  z.object({ t: z.literal('outcome'), outcome: z.unknown().optional(), leftovers: z.number().catch(0) }),
  z.object({ t: z.literal('threw'), error: wireError, leftovers: z.number().catch(0) }),
  z.object({
    t: z.literal('inspected'),
    subject: z.enum(['pull_request', 'issue', 'repository', 'none']).nullable().catch(null),
    events: z.array(z.string()).nullable(),
    config: z.boolean(),
    input: z.boolean(),
  }),
  z.object({
    t: z.literal('validated'),
    value: z.unknown().optional(),
    issues: z.array(z.string()).nullable(),
  }),
])

export type FromChild = z.infer<typeof fromChild>

/** The message, or null when it is none of ours. */
export function parseFromChild(message: unknown): FromChild | null {
  const parsed = fromChild.safeParse(message)
  return parsed.success ? parsed.data : null
}

/** What an outcome may hold, in characters of JSON: it is stored, journaled and shown. */
const MAX_OUTCOME = 1_048_576
const MAX_SUMMARY = 65_536
/** A reason is cut and no fault: what the run has done stands, and its reason is a word or a sentence. */
const MAX_REASON = 1_000

/** The outcome, or the sentence that says what is wrong with it. */
export function parseOutcome(value: unknown): CheckedOutcome | string {
  const parsed = outcome.safeParse(value)
  if (parsed.success) {
    const checked = withShortReason(parsed.data)
    return tooLarge(checked) ?? checked
  }
  const found = JSON.stringify(value)?.slice(0, 120) ?? String(value)
  return `the handler returned ${found}; expected done(summary), failed(summary), skipped(reason) or paused(question)`
}

function withShortReason(given: CheckedOutcome): CheckedOutcome {
  if (!('reason' in given) || given.reason === undefined) return given
  const reason = given.reason.trim()
  // The mark of the cut is among the characters.
  return { ...given, reason: reason.length > MAX_REASON ? cut(reason, MAX_REASON - 3) : reason }
}

function tooLarge(value: CheckedOutcome): string | null {
  const { summary } = value as { summary?: string }
  if ((summary?.length ?? 0) > MAX_SUMMARY) {
    return `the handler's summary has ${summary?.length} characters; at most ${MAX_SUMMARY} go`
  }
  const size = JSON.stringify(value).length
  return size > MAX_OUTCOME
    ? `the handler's outcome has ${size} characters of JSON; at most ${MAX_OUTCOME} go`
    : null
}

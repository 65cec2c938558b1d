// What the service and a module process say to each other over IPC. Every message carries the nonce of the session
// (a run, an inspection, a validation) that it belongs to. A module is not trusted: the service checks every message
// from it (message-limits.ts, parseFromChild), and nothing that it sends here is a credential.
import { z } from 'zod'
import type { SubjectKind } from '@hookyard/sdk/host'
import { cut } from '../send/untrusted-text.ts'
import type { RunTrigger } from '../store/store.ts'
import type { KeptFile } from './child/kept-files.ts'
import { keptFiles } from './kept-files.ts'

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

/** `nonce` is random and of one session alone; the service makes it. */
export type ToChild =
  | ({ readonly nonce: string } & ToSession)
  /** Before any session: what is to be loaded, instead of what is on the disk. */
  | { readonly t: 'files'; readonly files: readonly KeptFile[] }

/** What begins a session. */
export type Begin =
  | { readonly t: 'run'; readonly init: RunInit }
  | { readonly t: 'inspect' }
  | { readonly t: 'validate'; readonly what: 'config' | 'input'; readonly value: unknown }

export type ToSession =
  | Begin
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

const nonce = z.string()

const fromChild = z.discriminatedUnion('t', [
  z.object({ t: z.literal('begin'), nonce }),
  z.object({
    t: z.literal('call'),
    nonce,
    id: z.number().int(),
    method: z.string(),
    params: z.unknown().optional(),
  }),
  z.object({
    t: z.literal('log'),
    nonce,
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: z.string(),
    fields: z.record(z.string(), z.unknown()).optional(),
  }),
  z.object({ t: z.literal('outcome'), nonce, outcome: z.unknown().optional() }),
  z.object({ t: z.literal('threw'), nonce, error: wireError }),
  z.object({
    t: z.literal('inspected'),
    nonce,
    subject: z.enum(['pull_request', 'issue', 'repository', 'none']).nullable().catch(null),
    events: z.array(z.string()).nullable(),
    config: z.boolean(),
    input: z.boolean(),
    files: keptFiles,
  }),
  z.object({
    t: z.literal('validated'),
    nonce,
    issues: z.array(z.string()).nullable(),
  }),
  // The last message of a session: what it has left open in the process, and how many calls had no answer.
  z.object({
    t: z.literal('idle'),
    nonce,
    resources: z.array(z.string().max(100)).max(100),
    calls: z.number().int().nonnegative(),
  }),
])

export type FromChild = z.infer<typeof fromChild>

/** The message, or null when it is none of ours. */
export function parseFromChild(message: unknown): FromChild | null {
  const parsed = fromChild.safeParse(message)
  return parsed.success ? parsed.data : null
}

const MAX_SUMMARY = 65_536
/** A reason is cut and no fault: what the run has done stands, and its reason is a word or a sentence. */
const MAX_REASON = 1_000

/** The outcome, or the sentence that says what is wrong with it. */
export function parseOutcome(value: unknown): CheckedOutcome | string {
  const parsed = outcome.safeParse(value)
  if (parsed.success) return tooLong(parsed.data) ?? withShortReason(parsed.data)
  const found = JSON.stringify(value)?.slice(0, 120) ?? String(value)
  return `the handler returned ${found}; expected done(summary), failed(summary), skipped(reason) or paused(question)`
}

function withShortReason(given: CheckedOutcome): CheckedOutcome {
  if (!('reason' in given) || given.reason === undefined) return given
  const reason = given.reason.trim()
  // The mark of the cut is among the characters.
  return { ...given, reason: reason.length > MAX_REASON ? cut(reason, MAX_REASON - 3) : reason }
}

function tooLong(value: CheckedOutcome): string | null {
  const { summary } = value as { summary?: string }
  if ((summary?.length ?? 0) <= MAX_SUMMARY) return null
  return `the handler's summary has ${summary?.length} characters; at most ${MAX_SUMMARY} go`
}

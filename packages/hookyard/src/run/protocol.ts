// What the service and a module process say to each other over IPC. Every message carries the nonce of the session
// (a run, an inspection, a validation) that it belongs to. A module is not trusted: the service checks every message
// from it (message-limits.ts, parseFromChild), and nothing that it sends here is a credential.
import { z } from 'zod'
import { type SubjectKind, reasonOf } from '@hookyard/sdk/host'
import { PermanentError, RetryAfterError, toError } from '../lib/errors.ts'
import { cut } from '../send/untrusted-text.ts'
import type { ClaimedRun, RunTrigger } from '../store/store.ts'
import { type KeptFile, MAX_KEPT_CHARACTERS, MAX_KEPT_FILES } from './child/kept-files.ts'

type OfRun = 'module' | 'attempt' | 'input' | 'entity' | 'recipients' | 'state' | 'repository'

/** All that a handler starts from; JSON alone. */
export interface RunInit extends Pick<ClaimedRun, OfRun> {
  readonly runId: string
  readonly trigger: Omit<RunTrigger, 'data'> & { readonly data: unknown }
  readonly config: unknown
  readonly subject: {
    readonly kind: SubjectKind
    readonly pr: Record<string, unknown> | null
    readonly issue: Record<string, unknown> | null
    readonly repo: Record<string, unknown> | null
  }
  readonly githubApiUrl: string
}

/** `nonce` is random and of one session alone; the service makes it. */
export type ToChild =
  | ({ readonly nonce: string } & ToSession)
  /** Before any session: what is to be loaded, instead of what is on the disk. */
  | { readonly t: 'files'; readonly files: readonly KeptFile[] }

export type ToSession =
  // What begins a session: one of three.
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

/** An error of the service; where it was thrown is nothing to a module. */
export function toWire(thrown: unknown): WireError {
  const error = toError(thrown)
  const reason = reasonOf(error)
  const base = { name: error.name, message: error.message, ...(reason !== null && { reason }) }
  if (error instanceof PermanentError) return { ...base, kind: 'permanent', reason: error.reason }
  if (error instanceof RetryAfterError) return { ...base, kind: 'retry_after', delayMs: error.delayMs }
  return base
}

const text = z.string()
const anything = z.unknown().optional()
const outcome = z.discriminatedUnion('status', [
  z.object({ status: z.literal('done'), summary: text, details: anything, state: anything }),
  z.object({ status: z.literal('failed'), summary: text, reason: text.optional(), details: anything }),
  z.object({ status: z.literal('skipped'), reason: text, details: anything }),
  z.object({
    status: z.literal('paused'),
    question: text,
    options: z.array(z.union([text, z.object({ value: text, label: text.optional() })])).optional(),
    expires: z.union([text, z.number()]).optional(),
    default: text.optional(),
    state: anything,
  }),
])

/** All that was loaded; null: too much to be kept. Processes start from it until a reload takes newer files in. */
const keptFiles = z
  .array(z.object({ url: text, format: text.nullable(), source: text }))
  .max(MAX_KEPT_FILES)
  .refine((files) => files.reduce((sum, { source }) => sum + source.length, 0) <= MAX_KEPT_CHARACTERS)
  .nullable()
  .catch(null)

const nonce = text
const fromChild = z.discriminatedUnion('t', [
  z.object({ t: z.literal('begin'), nonce }),
  z.object({ t: z.literal('call'), nonce, id: z.number().int(), method: text, params: anything }),
  z.object({
    t: z.literal('log'),
    nonce,
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: text,
    fields: z.record(text, z.unknown()).optional(),
  }),
  z.object({ t: z.literal('outcome'), nonce, outcome: anything }),
  z.object({ t: z.literal('threw'), nonce, error: wireError }),
  z.object({
    t: z.literal('inspected'),
    nonce,
    subject: z.enum(['pull_request', 'issue', 'repository', 'none']).nullable().catch(null),
    events: z.array(text).nullable(),
    config: z.boolean(),
    input: z.boolean(),
    files: keptFiles,
  }),
  z.object({ t: z.literal('validated'), nonce, issues: z.array(text).nullable() }),
  // The last message of a session: what it has left open in the process, and how many calls had no answer.
  z.object({
    t: z.literal('idle'),
    nonce,
    resources: z.array(text.max(100)).max(100),
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
export function parseOutcome(value: unknown): z.output<typeof outcome> | string {
  const { data, success } = outcome.safeParse(value)
  if (!success) {
    const found = JSON.stringify(value)?.slice(0, 120) ?? String(value)
    return `the handler returned ${found}; expected done(summary), failed(summary), skipped(reason) or paused(question)`
  }
  if ('summary' in data && data.summary.length > MAX_SUMMARY)
    return `the handler's summary has ${data.summary.length} characters; at most ${MAX_SUMMARY} go`
  if (!('reason' in data) || data.reason === undefined) return data
  const reason = data.reason.trim()
  // The mark of the cut is among the characters.
  return { ...data, reason: reason.length > MAX_REASON ? cut(reason, MAX_REASON - 3) : reason }
}

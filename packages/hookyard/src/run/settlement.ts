// What a module process did -> how the attempt is settled. One table of who is told and whether to try again
// (design section 3.11); nothing here touches the store.
import { questionMessage } from '../ask/question-message.ts'
import { type PausedOutcome, readQuestion } from '../ask/read-question.ts'
import { PermanentError, RetryAfterError } from '../lib/errors.ts'
import { mapStrings, withoutControls } from '../lib/controls.ts'
import type { Redactor } from '../lib/redactor.ts'
import type { Module } from '../registry/manifest.ts'
import { reasonOf, redactSecrets } from '@hookyard/sdk/host'
import type { Message } from '../send/message.ts'
import { crashNotice, heard, runMessage } from '../send/run-message.ts'
import type { ClaimedRun, NewMessage, Settlement } from '../store/store.ts'
import { latenessOf } from './lateness.ts'
import type { ProcessResult } from './module-process.ts'
import { withNextStep } from './next-step.ts'
import { parseOutcome } from './protocol.ts'

/** Backoff never grows beyond this, in ms. */
const MAX_BACKOFF_MS = 3_600_000
/** After a failure of the store a run goes on after so long, in ms, doubled with each attempt up to the second. */
const STORE_PAUSE_MS = 2_000
const MAX_STORE_PAUSE_MS = 300_000

/** Why the service itself ended an attempt. */
export type Interruption =
  | { readonly kind: 'timeout'; readonly afterMs: number }
  | { readonly kind: 'cancelled'; readonly reason: string }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'over_limit'; readonly says: string }
  /** What the module asked for could not be stored, by no fault of its own. */
  | { readonly kind: 'store_failed'; readonly message: string }
  | { readonly kind: 'shutdown' }

export type AttemptResult =
  | ProcessResult
  | { readonly kind: 'refused'; readonly error: Error }
  | { readonly kind: 'interrupted'; readonly by: Interruption }

export interface SettleInput {
  readonly run: ClaimedRun
  readonly module: Module
  readonly subject: { readonly number: number; readonly title: string; readonly url: string } | null
  /** What the store does not know of yet, in USD. */
  readonly costUsd: number
  /** The recipients have heard already that a cap per day is spent. */
  readonly told?: boolean
  readonly records: Readonly<Record<string, unknown>>
  /** What the run says may come from an agent. */
  readonly tainted: boolean
  readonly addressOf: (user: string) => string | null
  /** Users who do not want to be told of this entity now. A question is asked all the same. */
  readonly isMuted?: (user: string, entity: string) => boolean
  /** ms since the epoch */
  readonly now: number
  /** 0..1 */
  readonly random: () => number
}

/** What an end needs that no module had a part in. */
type EndInput = Omit<SettleInput, 'module'>

/** Turns the result of an attempt into what is written and who is told; what an agent may have said, without secrets. */
export function settlementOf(result: AttemptResult, input: SettleInput): Settlement {
  const settlement = settle(result, input)
  if (!input.tainted) return settlement
  const details = mapStrings(settlement.details, redactSecrets)
  if (settlement.kind !== 'finished') return { ...settlement, details }
  return { ...settlement, details, summary: mapStrings(settlement.summary, redactSecrets) }
}

function settle(result: AttemptResult, input: SettleInput): Settlement {
  switch (result.kind) {
    case 'returned':
      return settleOutcome(result.outcome, input)
    case 'threw': {
      const { kind, message, reason, delayMs } = result.error
      if (kind === 'permanent') return give(input, reason ?? 'permanent', message)
      return tryAgain(input, message, kind === 'retry_after' ? (delayMs ?? 0) : null, reason)
    }
    case 'exceeded':
      return give(input, result.reason, result.says)
    case 'died':
      return tryAgain(input, `the module process ${result.how}`, null)
    case 'refused':
      return settleRefusal(result.error, input)
    case 'interrupted':
      return settleInterruption(result.by, input)
  }
}

/** The module was taken out of the installation while its run waited; its people are told, for it had taken the event. */
export function settleGone(input: Omit<EndInput, 'subject' | 'costUsd' | 'records' | 'tainted'>): Settlement {
  const error = `the module ${input.run.module} is no longer installed`
  return give({ ...input, subject: null, costUsd: 0, records: {}, tainted: false }, 'unknown_module', error)
}

/** What the module said cannot be written, now or later: the run ends without it. */
export function settleUnwritable(
  error: Error,
  input: Omit<EndInput, 'subject' | 'costUsd' | 'records' | 'tainted'>,
): Settlement {
  const says = `what the run ended with cannot be stored: ${error.message.slice(0, 500)}`
  const run = { ...input.run, details: null }
  return give(
    { ...input, run, subject: null, costUsd: 0, records: {}, tainted: false },
    'invalid_outcome',
    says,
  )
}

/**
 * The settlement as it may be stored, journaled and sent: what a module said goes without the service's secrets and without
 * control characters.
 */
export function withoutSecrets(settlement: Settlement, redact: Redactor): Settlement {
  const { error, details, messages } = settlement
  const clean = <T>(value: T): T => withoutControls(redact(value))
  const said = {
    error: clean(error),
    details: clean(details),
    // The address may be a secret itself, and must stay what it is.
    messages: messages.map((row) => ({ ...row, message: redact(row.message) })),
  }
  switch (settlement.kind) {
    case 'finished':
      return { ...settlement, ...said, reason: clean(settlement.reason), summary: clean(settlement.summary) }
    case 'paused': {
      // What the handler gets back is shown to nobody.
      const { state, ...shown } = settlement.question
      return { ...settlement, ...said, question: { ...clean(shown), state } }
    }
    case 'again':
      return { ...settlement, ...said }
  }
}

/** What a module said, before anything is cut: of a secret that is cut no redactor finds the rest. */
export function saidWithoutSecrets(result: AttemptResult, redact: Redactor): AttemptResult {
  if (result.kind === 'threw') return { ...result, error: redact(result.error) }
  if (result.kind !== 'returned' || !isObject(result.outcome)) return result
  // What the module keeps is its own, and shown to nobody.
  const { state, ...said } = result.outcome
  return { ...result, outcome: { ...redact(said), ...(state !== undefined && { state }) } }
}

function settleOutcome(value: unknown, input: SettleInput): Settlement {
  const outcome = parseOutcome(value)
  if (typeof outcome === 'string') return give(input, 'invalid_outcome', outcome)
  switch (outcome.status) {
    case 'done':
      return {
        ...base(input, null, outcome.details),
        kind: 'finished',
        status: 'done',
        reason: null,
        summary: outcome.summary,
        messages: messages(input, result(input, outcome.status, outcome.summary)),
        ...(outcome.state === undefined ? {} : { state: outcome.state }),
      }
    case 'failed':
      return {
        ...base(input, null, outcome.details),
        kind: 'finished',
        status: 'failed',
        reason: outcome.reason || DECLARED,
        summary: outcome.summary,
        messages: messages(input, result(input, outcome.status, outcome.summary)),
      }
    case 'skipped':
      return {
        ...base(input, null, outcome.details),
        kind: 'finished',
        status: 'skipped',
        reason: outcome.reason || DECLARED,
        summary: null,
      }
    case 'paused':
      return settlePause(outcome, input)
  }
}

/** The reason when a handler gives none of its own. */
const DECLARED = 'declared'

/** More questions than this are no conversation: a handler that always pauses would go on for ever. */
const MAX_QUESTIONS = 50

function settlePause(outcome: PausedOutcome, input: SettleInput): Settlement {
  const { id: runId, entity, questions } = input.run
  const ordinal = questions.length + 1
  if (ordinal > MAX_QUESTIONS)
    return give(input, 'too_many_questions', `it has asked ${MAX_QUESTIONS} questions already`)
  const question = readQuestion(outcome, input.now)
  if (typeof question === 'string') return give(input, 'invalid_outcome', question)
  const { tainted, subject } = input
  const by = { module: input.module.name, entity, runId, ordinal, tainted, subject }
  return {
    ...base(input, null),
    kind: 'paused',
    question,
    messages: messages({ ...input, isMuted: () => false }, questionMessage(question, by)),
  }
}

/** Before the handler started: the subject could not be loaded, the module is gone … */
function settleRefusal(error: Error, input: SettleInput): Settlement {
  if (error instanceof PermanentError) return give(input, error.reason, error.message)
  const delayMs = error instanceof RetryAfterError ? error.delayMs : null
  return tryAgain(input, error.message, delayMs, reasonOf(error))
}

function settleInterruption(by: Interruption, input: SettleInput): Settlement {
  switch (by.kind) {
    case 'timeout':
      return give(input, 'timeout', `it took longer than ${by.afterMs / 1_000} s`)
    case 'over_limit':
      return give(input, 'over_limit', by.says)
    case 'superseded':
      return {
        ...base(input, null),
        kind: 'finished',
        status: 'skipped',
        reason: 'superseded',
        summary: null,
      }
    case 'cancelled':
      return { ...base(input, null), kind: 'finished', status: 'cancelled', reason: by.reason, summary: null }
    case 'store_failed': {
      const wait = Math.min(STORE_PAUSE_MS * 2 ** Math.min(input.run.attempt - 1, 10), MAX_STORE_PAUSE_MS)
      return { ...base(input, by.message), kind: 'again', runAt: input.now + wait, counted: false }
    }
    case 'shutdown':
      return { ...base(input, 'the service was stopped'), kind: 'again', runAt: input.now, counted: false }
  }
}

/** Again after a delay; when the policy's repeats are spent, the end: by the error's own reason, else `exhausted`. */
function tryAgain(
  input: SettleInput,
  error: string,
  delayMs: number | null,
  reason: string | null = null,
): Settlement {
  const { max, backoffMs } = input.module.manifest.retries
  if (input.run.failures >= max) return give(input, reason ?? 'exhausted', error)
  const exponential = Math.min(backoffMs * 2 ** input.run.failures, MAX_BACKOFF_MS)
  // Jitter keeps runs that failed together from coming back together.
  const wait = Math.max(delayMs ?? 0, exponential * (0.75 + input.random() * 0.5))
  return { ...base(input, error), kind: 'again', runAt: input.now + Math.round(wait), counted: true }
}

/** The end, with the crash notice to the recipients. A spent budget is no failure of the module: it is skipped. */
function give(input: EndInput, reason: string, error: string): Settlement {
  const status = reason === 'budget' ? 'skipped' : 'failed'
  const how = status === 'skipped' ? 'was skipped' : 'failed'
  const notice = crashNotice(
    input.run.module,
    input.run.entity,
    withNextStep(heard(error, input.tainted), reason),
    input.run.id,
    how,
  )
  return {
    ...base(input, error),
    kind: 'finished',
    status,
    reason,
    summary: null,
    messages: reason === 'budget' && input.told === true ? [] : messages(input, notice),
  }
}

function base(input: EndInput, error: string | null, details: unknown = null) {
  // What the run recorded before it asked stands beside what it says now.
  const records = { ...(isObject(input.run.details) ? input.run.details : {}), ...input.records }
  const said = isObject(details) ? details : details == null ? {} : { value: details }
  const merged = Object.keys(records).length > 0 ? { ...records, ...said, ...input.records } : details
  return {
    runId: input.run.id,
    attempt: input.run.attempt,
    at: input.now,
    error,
    details: merged ?? null,
    costUsd: input.costUsd,
    messages: [] as NewMessage[],
  }
}

function result(input: SettleInput, status: string, summary: string): Message {
  const { entity, id } = input.run
  return runMessage({
    module: input.module.name,
    entity,
    runId: id,
    outcome: { status, summary: [summary, latenessOf(input.run.trigger) ?? []].flat().join('\n') },
    tainted: input.tainted,
    subject: input.subject,
  })
}

/** One message per address, however many recipients share it. */
function messages(input: EndInput, message: Message): NewMessage[] {
  const told = input.run.recipients.filter((user) => !input.isMuted?.(user, input.run.entity))
  const addresses = new Set(told.map((user) => input.addressOf(user) ?? 'log:'))
  return [...addresses].map((address) => ({
    address,
    message,
    dedupeKey: `run:${input.run.id}:${input.run.attempt}:${address}`,
    runId: input.run.id,
    delivery: input.run.delivery,
    createdAt: input.now,
  }))
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

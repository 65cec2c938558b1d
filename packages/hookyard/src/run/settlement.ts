// What a module process did -> how the attempt is settled. One table of who is told and whether to try again
// (design section 3.11); nothing here touches the store.
import { type PausedOutcome, questionMessage, readQuestion } from '../ask/question.ts'
import { formatDuration } from '../lib/duration.ts'
import { mapStrings, withoutControls } from '../lib/controls.ts'
import type { Redactor } from '../lib/redactor.ts'
import type { Module } from '../registry/manifest.ts'
import { redactSecrets } from '@hookyard/sdk/host'
import type { Message } from '../send/message.ts'
import { oneLine } from '../send/untrusted-text.ts'
import { crashNotice, heard, runMessage } from '../send/run-message.ts'
import type { ClaimedRun, NewMessage, RunTrigger, Settlement } from '../store/store.ts'
import { parseOutcome } from './protocol.ts'
import type { ProcessResult } from './session.ts'

/** Backoff never grows beyond this, in ms. */
const MAX_BACKOFF_MS = 3_600_000
/** After a failure of the store a run goes on after so long, in ms, doubled with each attempt up to the second. */
const STORE_PAUSE_MS = 2_000
const MAX_STORE_PAUSE_MS = 300_000
/** The reason when a handler gives none of its own. */
const DECLARED = 'declared'
/** A handler that always pauses would go on for ever. */
const MAX_QUESTIONS = 50
/** A scheduled run that starts later than this says so, in seconds. */
const LATE_S = 60
/** Room for the error within a notice, in code points. */
const MAX_ERROR = 800
/** What people can do next, by reason, where the error tells only what happened. */
const STEPS = new Map([
  ['agent_malformed', 'Start the run again, or take a stronger agent.model.'],
  ['github_limited', 'Start the run again when the limit has passed.'],
  ['github_unavailable', 'Start the run again when GitHub answers.'],
])

/** Why the service itself ended an attempt. */
export type Interruption =
  | { readonly kind: 'timeout'; readonly afterMs: number }
  | { readonly kind: 'cancelled'; readonly reason: string }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'over_limit'; readonly says: string }
  /** What the module asked for could not be stored, by no fault of its own. */
  | { readonly kind: 'store_failed'; readonly message: string }
  | { readonly kind: 'shutdown' }

export type AttemptResult = ProcessResult | { readonly kind: 'interrupted'; readonly by: Interruption }

/** What an end needs that no module had a part in. */
interface Unrun {
  readonly run: ClaimedRun
  readonly addressOf: (user: string) => string | null
  /** Users who do not want to be told of this entity now. A question is asked all the same. */
  readonly isMuted?: (user: string, entity: string) => boolean
  /** ms since the epoch */
  readonly now: number
  /** 0..1 */
  readonly random: () => number
}

interface EndInput extends Unrun {
  readonly subject: { readonly number: number; readonly title: string; readonly url: string } | null
  /** What the store does not know of yet, in USD. */
  readonly costUsd: number
  /** The recipients have heard already that a cap per day is spent. */
  readonly told?: boolean
  readonly records: Readonly<Record<string, unknown>>
  /** What the run says may come from an agent. */
  readonly tainted: boolean
}

export interface SettleInput extends EndInput {
  readonly module: Module
}

type Finished = Extract<Settlement, { kind: 'finished' }>

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
      if (kind === 'permanent') return giveUp(input, reason ?? 'permanent', message)
      return tryAgain(input, message, kind === 'retry_after' ? delayMs : 0, reason)
    }
    case 'exceeded':
      return giveUp(input, result.reason, result.says)
    case 'died':
      return tryAgain(input, `the module process ${result.how}`)
    case 'interrupted':
      return settleInterruption(result.by, input)
  }
}

/** The module was taken out of the installation while its run waited; its people are told, for it had taken the event. */
export const settleGone = (input: Unrun): Settlement =>
  giveUp(
    { ...input, ...NOTHING_DONE },
    'unknown_module',
    `the module ${input.run.module} is no longer installed`,
  )

/** What the module said cannot be written, now or later: the run ends without it. */
export function settleUnwritable(error: Error, input: Unrun): Settlement {
  const says = `what the run ended with cannot be stored: ${error.message.slice(0, 500)}`
  return giveUp({ ...input, ...NOTHING_DONE, run: { ...input.run, details: null } }, 'invalid_outcome', says)
}

const NOTHING_DONE = { subject: null, costUsd: 0, records: {}, tainted: false }

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
  if (typeof outcome === 'string') return giveUp(input, 'invalid_outcome', outcome)
  if (outcome.status === 'paused') return settlePause(outcome, input)
  const { status, details } = outcome
  if (status === 'skipped')
    return { ...finished(input, status, outcome.reason || DECLARED), details: detailsOf(input, details) }
  const { summary } = outcome
  return {
    ...finished(input, status, status === 'failed' ? outcome.reason || DECLARED : null),
    details: detailsOf(input, details),
    summary,
    messages: messages(input, resultMessage(input, status, summary)),
    ...(status === 'done' && outcome.state !== undefined && { state: outcome.state }),
  }
}

function settlePause(outcome: PausedOutcome, input: SettleInput): Settlement {
  const { id: runId, entity, questions } = input.run
  const ordinal = questions.length + 1
  if (ordinal > MAX_QUESTIONS)
    return giveUp(input, 'too_many_questions', `it has asked ${MAX_QUESTIONS} questions already`)
  const question = readQuestion(outcome, input.now)
  if (typeof question === 'string') return giveUp(input, 'invalid_outcome', question)
  const { tainted, subject } = input
  const by = { module: input.module.name, entity, runId, ordinal, tainted, subject }
  return {
    ...base(input, null),
    kind: 'paused',
    question,
    messages: messages({ ...input, isMuted: () => false }, questionMessage(question, by)),
  }
}

function settleInterruption(by: Interruption, input: SettleInput): Settlement {
  switch (by.kind) {
    case 'timeout':
      return giveUp(input, 'timeout', `it took longer than ${by.afterMs / 1_000} s`)
    case 'over_limit':
      return giveUp(input, 'over_limit', by.says)
    case 'superseded':
      return finished(input, 'skipped', 'superseded')
    case 'cancelled':
      return finished(input, 'cancelled', by.reason)
    case 'store_failed': {
      const wait = Math.min(STORE_PAUSE_MS * 2 ** Math.min(input.run.attempt - 1, 10), MAX_STORE_PAUSE_MS)
      return { ...base(input, by.message), kind: 'again', runAt: input.now + wait, counted: false }
    }
    case 'shutdown':
      return { ...base(input, 'the service was stopped'), kind: 'again', runAt: input.now, counted: false }
  }
}

/** Again after a delay; when the policy's repeats are spent, the end: by the error's own reason, else `exhausted`. */
function tryAgain(input: SettleInput, error: string, delayMs = 0, reason = 'exhausted'): Settlement {
  const { max, backoffMs } = input.module.manifest.retries
  if (input.run.failures >= max) return giveUp(input, reason, error)
  const exponential = Math.min(backoffMs * 2 ** input.run.failures, MAX_BACKOFF_MS)
  // Jitter keeps runs that failed together from coming back together.
  const wait = Math.max(delayMs, exponential * (0.75 + input.random() * 0.5))
  return { ...base(input, error), kind: 'again', runAt: input.now + Math.round(wait), counted: true }
}

/** The end, with the crash notice to the recipients. A spent budget is no failure of the module: it is skipped. */
function giveUp(input: EndInput, reason: string, error: string): Settlement {
  const isBudget = reason === 'budget'
  const { module, entity, id } = input.run
  const why = withNextStep(heard(error, input.tainted), reason)
  const notice = crashNotice(module, entity, why, id, isBudget ? 'was skipped' : 'failed')
  return {
    ...finished(input, isBudget ? 'skipped' : 'failed', reason, error),
    messages: isBudget && input.told === true ? [] : messages(input, notice),
  }
}

const finished = (
  input: EndInput,
  status: Finished['status'],
  reason: string | null,
  error: string | null = null,
): Finished => ({ ...base(input, error), kind: 'finished', status, reason, summary: null })

const base = (input: EndInput, error: string | null) => ({
  runId: input.run.id,
  attempt: input.run.attempt,
  at: input.now,
  error,
  details: detailsOf(input),
  costUsd: input.costUsd,
  messages: [] as NewMessage[],
})

/** What the run recorded before it asked stands beside what it says now. */
function detailsOf({ run, records }: EndInput, details: unknown = null): unknown {
  const recorded = { ...(isObject(run.details) && run.details), ...records }
  if (Object.keys(recorded).length === 0) return details
  const said = isObject(details) ? details : details === null ? {} : { value: details }
  return { ...recorded, ...said, ...records }
}

function resultMessage({ run, module, tainted, subject }: SettleInput, status: string, said: string) {
  const summary = [said, latenessOf(run.trigger) ?? []].flat().join('\n')
  const { entity, id: runId } = run
  return runMessage({ module: module.name, entity, runId, outcome: { status, summary }, tainted, subject })
}

/** What the message of a scheduled run that starts late ends with, or null. */
function latenessOf({ type, at, data }: RunTrigger): string | null {
  const late = type === 'schedule' ? data?.['late_by_seconds'] : undefined
  if (typeof late !== 'number' || late < LATE_S) return null
  const planned = `${at.slice(0, 16).replace('T', ' ')} UTC`
  return `(late by ${formatDuration(late * 1_000)}: it was planned for ${planned})`
}

/** The error for people, with what they can do next when it does not say so itself. */
export function withNextStep(error: string, reason: string): string {
  const step = STEPS.get(reason)
  const told = oneLine(error, MAX_ERROR)
  return step === undefined ? told : `${told}${/[.!?]$/.test(told) ? '' : '.'} ${step}`
}

/** One message per address, however many recipients share it. */
function messages({ run, isMuted, addressOf, now }: EndInput, message: Message): NewMessage[] {
  const told = run.recipients.filter((user) => !isMuted?.(user, run.entity))
  const addresses = new Set(told.map((user) => addressOf(user) ?? 'log:'))
  return [...addresses].map((address) => ({
    address,
    message,
    dedupeKey: `run:${run.id}:${run.attempt}:${address}`,
    runId: run.id,
    delivery: run.delivery,
    createdAt: now,
  }))
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

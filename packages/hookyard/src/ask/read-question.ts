// `paused(question, …)` as a handler returned it -> the question that is kept, or what is wrong with it.
import { toError } from '../lib/errors.ts'
import { parseDuration } from '../lib/duration.ts'
import type { NewQuestion, QuestionChoice } from '../store/store.ts'

/** What `paused()` brings, its shape already checked. */
export interface PausedOutcome {
  readonly question: string
  readonly options?:
    readonly (string | { readonly value: string; readonly label?: string | undefined })[] | undefined
  readonly expires?: string | number | undefined
  readonly default?: string | undefined
  readonly state?: unknown
}

const MAX_TEXT = 10_000
const MAX_OPTIONS = 20
const MAX_VALUE = 200

/** `now` in ms since the epoch. A string is the sentence that says what does not fit. */
export function readQuestion(outcome: PausedOutcome, now: number): NewQuestion | string {
  const text = outcome.question.trim()
  if (text === '' || text.length > MAX_TEXT) {
    return `paused(question): the question has ${text.length} characters; expected 1 to ${MAX_TEXT}`
  }
  const options = (outcome.options ?? []).map(toChoice)
  const fault = faultOf(options) ?? faultOfDefault(options, outcome.default)
  if (fault !== null) return `paused(question, …): ${fault}`
  let expiresAt: number | null = null
  try {
    if (outcome.expires !== undefined) expiresAt = now + parseDuration(outcome.expires)
  } catch (thrown) {
    return `paused(question, { expires }): ${toError(thrown).message}`
  }
  const fallback = outcome.default ?? null
  return { text, options, fallback, askedAt: now, expiresAt, state: outcome.state ?? null }
}

function toChoice(option: NonNullable<PausedOutcome['options']>[number]): QuestionChoice {
  const { value, label } = typeof option === 'string' ? { value: option, label: option } : option
  return { value, label: label?.trim() || value }
}

function faultOf(options: readonly QuestionChoice[]): string | null {
  if (options.length > MAX_OPTIONS) return `there are ${options.length} options; at most ${MAX_OPTIONS} fit`
  const values = options.map(({ value }) => value)
  if (new Set(values).size < values.length) return `two options are the same: ${values.join(', ')}`
  const unfit = values.find((value) => value.trim() === '' || value.length > MAX_VALUE)
  if (unfit === undefined) return null
  return `an option has ${unfit.trim().length} characters; expected 1 to ${MAX_VALUE}`
}

function faultOfDefault(options: readonly QuestionChoice[], fallback: string | undefined): string | null {
  if (fallback === undefined || options.length === 0) return null
  if (options.some(({ value }) => value === fallback)) return null
  return `the default ${JSON.stringify(fallback)} is none of the options ${options.map(({ value }) => value).join(', ')}`
}

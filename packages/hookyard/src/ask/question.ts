// A question of a run: `paused(question, …)` as a handler returned it -> the question that is kept, its message and
// the buttons below it.
import { toError } from '../lib/errors.ts'
import { parseDuration } from '../lib/duration.ts'
import type { Line, Message } from '../send/message.ts'
import { oneLine } from '../send/untrusted-text.ts'
import { heard, runMessage } from '../send/run-message.ts'
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
  const fallback = outcome.default ?? null
  const options = (outcome.options ?? []).map((option) => {
    const { value, label } = typeof option === 'string' ? { value: option, label: option } : option
    return { value, label: label?.trim() || value }
  })
  const fault = faultOf(
    options.map(({ value }) => value),
    fallback,
  )
  if (fault !== null) return `paused(question, …): ${fault}`
  try {
    const expiresAt = outcome.expires === undefined ? null : now + parseDuration(outcome.expires)
    return { text, options, fallback, askedAt: now, expiresAt, state: outcome.state ?? null }
  } catch (thrown) {
    return `paused(question, { expires }): ${toError(thrown).message}`
  }
}

function faultOf(values: readonly string[], fallback: string | null): string | null {
  if (values.length > MAX_OPTIONS) return `there are ${values.length} options; at most ${MAX_OPTIONS} fit`
  if (new Set(values).size < values.length) return `two options are the same: ${values.join(', ')}`
  const unfit = values.find((value) => value.trim() === '' || value.length > MAX_VALUE)
  if (unfit !== undefined)
    return `an option has ${unfit.trim().length} characters; expected 1 to ${MAX_VALUE}`
  if (fallback === null || values.length === 0 || values.includes(fallback)) return null
  return `the default ${JSON.stringify(fallback)} is none of the options ${values.join(', ')}`
}

export interface AskedBy {
  readonly module: string
  readonly entity: string
  readonly runId: string
  /** The question's ordinal in its run. */
  readonly ordinal: number
  /** What the run says may come from an agent. */
  readonly tainted: boolean
  readonly subject: { readonly number: number; readonly title: string; readonly url: string } | null
}

const LABEL_MAX = 60
/** As many characters of buttons fit side by side on a telephone. */
const ROW_MAX = 24

/** The question as its recipients read it, with a button per option. */
export function questionMessage(question: NewQuestion, by: AskedBy): Message {
  const asked = runMessage({ ...by, outcome: { status: 'paused', summary: question.text } })
  const tail = asked.tail ?? 0
  const hints = hintsOf(question, by)
  return {
    lines: asked.lines.toSpliced(asked.lines.length - tail, 0, ...hints),
    tail: tail + hints.length,
    ...(question.options.length > 0 && { buttons: buttonsOf(question.options, by) }),
  }
}

/** What may be answered, and until when. */
function hintsOf({ options, expiresAt, fallback }: NewQuestion, { runId, tainted }: AskedBy): Line[] {
  const shown = (label: string) => heard(oneLine(label, LABEL_MAX), tainted)
  const choices = options.map(({ label }) => shown(label)).join(' · ')
  const how = options.length === 0 ? 'Answer with a text' : `Answer: ${choices}`
  const hints: Line[] = [[`${how} (run ${runId})`]]
  if (expiresAt === null) return hints
  const by = `${new Date(expiresAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const label = options.find(({ value }) => value === fallback)?.label ?? fallback
  return [...hints, [`Without an answer by ${by}: ${label === null ? 'the run ends' : shown(label)}`]]
}

function buttonsOf(options: readonly QuestionChoice[], { runId, ordinal }: AskedBy) {
  const buttons = options.map(({ label }, option) => ({
    text: oneLine(label, LABEL_MAX),
    data: buttonData({ runId, question: ordinal, option }),
  }))
  const width = buttons.reduce((sum, { text }) => sum + text.length, 0)
  return width <= ROW_MAX && buttons.length <= 4 ? [buttons] : buttons.map((button) => [button])
}

export interface ButtonAnswer {
  readonly runId: string
  /** The question's ordinal: a button under an older question never answers a newer one. */
  readonly question: number
  /** The option's place, from 0: its text may be longer than the 64 bytes that the Bot API takes. */
  readonly option: number
}

/** The data of a button. */
export function buttonData({ runId, question, option }: ButtonAnswer): string {
  return `answer:${runId}:${question}:${option}`
}

/** What a pressed button means; null when it is none of a question's. */
export function readButton(data: string): ButtonAnswer | null {
  const button = /^answer:([0-9a-z-]{1,40}):([1-9]\d{0,5}):(\d{1,2})$/
  const [, runId, question, option] = button.exec(data) ?? []
  return runId === undefined ? null : { runId, question: Number(question), option: Number(option) }
}

// A question as its recipients read it: the question, what may be answered and until when, and what it is about.
import type { Line, Message } from '../send/message.ts'
import { oneLine } from '../send/untrusted-text.ts'
import { heard, runMessage } from '../send/run-message.ts'
import type { NewQuestion, QuestionChoice } from '../store/store.ts'
import { buttonData } from './answer-button.ts'

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

/** The message, with a button per option. */
export function questionMessage(question: NewQuestion, by: AskedBy): Message {
  const asked = runMessage({ ...by, outcome: { status: 'paused', summary: question.text } })
  const tail = asked.tail ?? 0
  const hints = hintsOf(question, by)
  const split = asked.lines.length - tail
  return {
    lines: [...asked.lines.slice(0, split), ...hints, ...asked.lines.slice(split)],
    tail: tail + hints.length,
    ...(question.options.length === 0 ? {} : { buttons: buttonsOf(question.options, by) }),
  }
}

function hintsOf({ options, expiresAt, fallback }: NewQuestion, { runId, tainted }: AskedBy): Line[] {
  const shown = (label: string) => heard(oneLine(label, LABEL_MAX), tainted)
  const how =
    options.length === 0
      ? 'Answer with a text'
      : `Answer: ${options.map(({ label }) => shown(label)).join(' · ')}`
  const hints: Line[] = [[`${how} (run ${runId})`]]
  if (expiresAt !== null) {
    const otherwise = fallback === null ? 'the run ends' : shown(labelOf(options, fallback))
    hints.push([`Without an answer by ${minuteOf(expiresAt)}: ${otherwise}`])
  }
  return hints
}

const labelOf = (options: readonly QuestionChoice[], value: string): string =>
  options.find((option) => option.value === value)?.label ?? value

/** `2026-11-22 14:00 UTC` */
const minuteOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

function buttonsOf(options: readonly QuestionChoice[], { runId, ordinal }: AskedBy) {
  const buttons = options.map(({ label }, option) => ({
    text: oneLine(label, LABEL_MAX),
    data: buttonData({ runId, question: ordinal, option }),
  }))
  const width = buttons.reduce((sum, { text }) => sum + text.length, 0)
  return width <= ROW_MAX && buttons.length <= 4 ? [buttons] : buttons.map((button) => [button])
}

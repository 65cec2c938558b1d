// Answers to the questions of paused runs: a button pressed, or a text. Who may answer is the question's own matter
// (src/ask/answer.ts): this finds out who speaks, which question is meant, and says what became of it.
import { readButton } from '../ask/answer-button.ts'
import { type Answered, type AnswerRequest, openQuestion } from '../ask/answer.ts'
import type { User } from '../config/config.ts'
import { UserError } from '../lib/errors.ts'
import type { Line } from '../send/message.ts'
import { oneLine } from '../send/untrusted-text.ts'
import { heard } from '../send/run-message.ts'
import type { RunRecord, RunStore } from '../store/store.ts'
import { unfit } from './read-args.ts'

export interface AnsweringDeps {
  readonly store: { readonly runs: Pick<RunStore, 'get' | 'list'> }
  /** @throws UserError unknown_run, not_authorized, wrong_state, invalid_input */
  readonly answer: (request: Omit<AnswerRequest, 'at'>) => Promise<Answered>
}

/** What became of a pressed button: a word to who pressed it, and a line for the chat when it was an answer. */
export interface Pressed {
  readonly toast: string
  readonly lines: readonly Line[]
  /** The question is closed: its buttons answer nothing any more. */
  readonly closed: boolean
}

const VIA = 'telegram'
const OPEN_SHOWN = 5

/**
 * Takes a button that this user has pressed; undefined: nobody knows who it was.
 * @throws whatever is no refusal
 */
export async function pressButton(
  deps: AnsweringDeps,
  data: string,
  user: User | undefined,
): Promise<Pressed> {
  const button = readButton(data)
  if (!button) return { toast: 'This button has no meaning any more.', lines: [], closed: true }
  if (!user) return { toast: 'This question is not for you.', lines: [], closed: false }
  const run = await deps.store.runs.get(button.runId)
  const { runId, question, option } = button
  try {
    const { answer } = await deps.answer({
      runId,
      question,
      answer: { option },
      by: speakerName(user),
      via: VIA,
    })
    return told(run, user, question, answer)
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown
    const now = await deps.store.runs.get(runId)
    const closed = now?.questions.find((one) => one.ordinal === question)?.status !== 'open'
    // This very press was taken before, and its telling was lost in a crash.
    const own = ownAnswer(now, question, user, (one) => one.options[option]?.value)
    if (own !== null) return told(now, user, question, own)
    return { toast: thrown.message, lines: [], closed }
  }
}

/**
 * Takes a text as the answer to a question: the one of the message that it replies to, else the only open one.
 * Null: no question is meant.
 * @throws UserError whose text is the answer
 */
export async function answerByText(
  deps: AnsweringDeps,
  text: string,
  repliesTo: string | null,
  user: User,
): Promise<readonly Line[] | null> {
  const runId = repliesTo === null ? await onlyOpen(deps, user) : runIdIn(repliesTo)
  if (runId === null) return null
  try {
    const { answer } = await deps.answer({ runId, answer: text, by: speakerName(user), via: VIA })
    return told(await deps.store.runs.get(runId), user, null, answer).lines
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown
    const run = await deps.store.runs.get(runId)
    const last = run?.questions.at(-1)
    const own = last ? ownAnswer(run, last.ordinal, user, () => last.answer ?? undefined) : null
    if (own !== null && own.toLowerCase() === text.trim().toLowerCase())
      return told(run, user, null, own).lines
    // A refusal names the options, and a model may have named those.
    throw run?.tainted === true ? new UserError(thrown.code, heard(thrown.message, true)) : thrown
  }
}

/**
 * The run that a message asks for. Above the line that says so stands the question, which may quote a stranger's
 * words with another run's name in them; below it no line begins like that (src/ask/question-message.ts).
 */
const runIdIn = (text: string): string | null =>
  [...text.matchAll(/^Answer.* \(run ([0-9a-z-]{1,40})\)$/gm)].at(-1)?.[1] ?? null

/** @throws UserError when several are open */
async function onlyOpen({ store }: AnsweringDeps, user: User): Promise<string | null> {
  const paused = await store.runs.list({ status: 'paused', recipient: user.name, limit: OPEN_SHOWN + 1 })
  const open = paused.filter((run) => openQuestion(run) !== null)
  if (open.length <= 1) return open[0]?.id ?? null
  const names = open
    .slice(0, OPEN_SHOWN)
    .map(
      (run) =>
        `${run.module} on ${run.entity}: ${oneLine(heard(openQuestion(run)?.text ?? '', run.tainted), 60)}`,
    )
  throw unfit(`Several questions are open. Reply to the one that you mean.\n${names.join('\n')}`)
}

const speakerName = (user: User) => ({ name: user.name, isAdmin: user.role === 'admin' })

/** A refusal is for people; a store that does not answer is not. */
const isRefusal = (thrown: unknown): thrown is UserError =>
  thrown instanceof UserError && thrown.code !== 'storage_unavailable'

/** What this user has answered here already, when that is what is being said again. */
function ownAnswer(
  run: RunRecord | null,
  ordinal: number,
  user: User,
  given: (question: RunRecord['questions'][number]) => string | undefined,
): string | null {
  const question = run?.questions.find((one) => one.ordinal === ordinal)
  if (question?.status !== 'answered' || question.answeredBy !== user.name) return null
  return question.answeredVia === VIA && question.answer === given(question) ? question.answer : null
}

function told(run: RunRecord | null, user: User, ordinal: number | null, answer: string): Pressed {
  const question = run?.questions.find((one) => one.ordinal === ordinal) ?? run?.questions.at(-1)
  const label = question?.options.find(({ value }) => value === answer)?.label ?? answer
  const shown = oneLine(heard(label, run?.tainted === true), 100)
  const about =
    run === null ? '' : `, and ${run.module}${run.entity === '-' ? '' : ` on ${run.entity}`} goes on`
  return {
    toast: `You answered: ${shown}`,
    lines: [[`${user.name} answered: `, { bold: shown }, `${about}.`]],
    closed: true,
  }
}

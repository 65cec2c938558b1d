// Answers to the questions of paused runs: a button pressed, or a text. Who may answer is the question's own matter
// (src/ask/answer.ts): this finds out who speaks, which question is meant, and says what became of it.
import { readButton } from '../ask/question.ts'
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

/** What became of a pressed button: a note for who pressed it, and a line for the chat when it was an answer. */
interface Pressed {
  readonly toast: string
  readonly lines: readonly Line[]
  /** The question is closed: its buttons answer nothing any more. */
  readonly closed: boolean
}

const VIA = 'telegram'
const OPEN_SHOWN = 5

/** Takes a button that this user has pressed; undefined: nobody knows who it was. @throws what is no refusal */
export async function pressButton(
  { store, answer }: AnsweringDeps,
  data: string,
  user: User | undefined,
): Promise<Pressed> {
  const button = readButton(data)
  if (!button) return { toast: 'This button has no meaning any more.', lines: [], closed: true }
  if (!user) return { toast: 'This question is not for you.', lines: [], closed: false }
  const { runId, question: ordinal, option } = button
  const find = async () => {
    const run = await store.runs.get(runId)
    return { run, question: run?.questions.find((one) => one.ordinal === ordinal) }
  }
  try {
    const request = { runId, question: ordinal, answer: { option }, by: speakerName(user), via: VIA }
    return answered({ ...(await answer(request)), ...(await find()) }, user)
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown
    const { run, question } = await find()
    // This very press was taken before, and its reply was lost in a crash.
    const own = ownAnswer(question, user)
    if (own !== null && own === question?.options[option]?.value)
      return answered({ run, question, answer: own }, user)
    return { toast: thrown.message, lines: [], closed: question?.status !== 'open' }
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
  const find = async () => {
    const run = await deps.store.runs.get(runId)
    return { run, question: run?.questions.at(-1) }
  }
  try {
    const { answer } = await deps.answer({ runId, answer: text, by: speakerName(user), via: VIA })
    return answered({ ...(await find()), answer }, user).lines
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown
    const found = await find()
    const own = ownAnswer(found.question, user)
    if (own?.toLowerCase() === text.trim().toLowerCase())
      return answered({ ...found, answer: own }, user).lines
    // A refusal names the options, and a model may have named those.
    throw found.run?.tainted === true ? new UserError(thrown.code, heard(thrown.message, true)) : thrown
  }
}

/**
 * The run that a message asks for. Above the line that says so stands the question, which may quote a stranger's
 * words with another run's name in them; below it no line begins like that (ask/question.ts).
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

type Question = RunRecord['questions'][number]

/** What this user has answered here already. */
const ownAnswer = (question: Question | undefined, user: User): string | null =>
  question?.status === 'answered' && question.answeredBy === user.name && question.answeredVia === VIA
    ? question.answer
    : null

function answered(
  { run, question, answer }: { run: RunRecord | null; question: Question | undefined; answer: string },
  user: User,
): Pressed {
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

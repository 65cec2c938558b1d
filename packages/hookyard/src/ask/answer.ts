// An answer to the question of a paused run, wherever it comes from: a button, a reply, HTTP, the command line, an
// agent. Enters: who says what about which run. Leaves: the same run, queued again, once; or a polite refusal.
import { UserError } from '../lib/errors.ts'
import type { Question, RunRecord, RunStore } from '../store/store.ts'

export interface AnswerRequest {
  readonly runId: string
  /** An option's value or label, any text where there are no options, or an option by its place. */
  readonly answer: string | { readonly option: number }
  /** The question that is meant, by its ordinal (a button knows); absent: the one that is open. */
  readonly question?: number
  readonly by: { readonly name: string; readonly isAdmin: boolean }
  /** Where it was said, for the record: `api` (the command line asks it), `telegram`, `mcp`. */
  readonly via: string
  /** ms since the epoch */
  readonly at: number
}

export interface Answered {
  readonly runId: string
  readonly question: string
  /** The option's value, or the text. */
  readonly answer: string
}

const MAX_ANSWER = 4_096

/**
 * Takes the answer and queues the run again, with the trigger `resume`. Of several at once one is taken. `maySee`:
 * whether who answers may still be told of the run's repository.
 * @throws UserError `unknown_run`, `not_authorized` for one who does not hear of the run, `wrong_state` when
 * nothing is asked (any more), `invalid_input` when it is none of the options.
 */
export async function answerQuestion(
  store: Pick<RunStore, 'get' | 'answer'>,
  request: AnswerRequest,
  maySee: (run: RunRecord) => Promise<boolean> = () => Promise.resolve(true),
): Promise<Answered> {
  const run = await store.get(request.runId)
  if (!run) throw new UserError('unknown_run', `there is no run ${request.runId.slice(0, 40)}`)
  requireMayAnswer(run, request.by)
  if (!(await maySee(run))) {
    throw new UserError('not_authorized', `${request.by.name} may not be told of this repository any more`)
  }
  const { at, via } = request
  const question = meantQuestion(run, request.question)
  if (question?.status !== 'open' || isLate(question, at)) throw refusal(run, request.question, at)
  const { ordinal, text } = question
  const answer = readAnswer(question, request.answer)
  const taken = await store.answer({ runId: run.id, ordinal, answer, by: request.by.name, via, at })
  if (taken) return { runId: run.id, question: text, answer }
  // Another answer, a cancellation or the clock was first.
  throw refusal((await store.get(run.id)) ?? run, ordinal, at)
}

/** The question that a paused run asks, or null. */
export function openQuestion(run: Pick<RunRecord, 'questions'>): Question | null {
  const last = run.questions.at(-1)
  return last?.status === 'open' ? last : null
}

function requireMayAnswer(run: RunRecord, by: AnswerRequest['by']): void {
  if (by.isAdmin || run.recipients.includes(by.name)) return
  const people = run.recipients.length > 0 ? `${run.recipients.join(', ')} or an admin` : 'an admin'
  throw new UserError('not_authorized', `this question is for ${people}; ${by.name} may not answer it`)
}

const meantQuestion = ({ questions }: RunRecord, ordinal = questions.at(-1)?.ordinal): Question | undefined =>
  questions.find((question) => question.ordinal === ordinal)

const isLate = ({ expiresAt }: Question, at: number) => expiresAt !== null && expiresAt <= at

function readAnswer(question: Question, given: AnswerRequest['answer']): string {
  const { options } = question
  const text = typeof given === 'object' ? '' : given.trim()
  const chosen =
    typeof given === 'object'
      ? options[given.option]
      : (options.find(({ value }) => value === given || value === text) ??
        options.find(({ value, label }) => isAlike(value, text) || isAlike(label, text)))
  if (chosen) return chosen.value
  if (options.length === 0 && text !== '' && text.length <= MAX_ANSWER) return text
  const expected =
    options.length > 0
      ? `choose one of: ${options.map(({ value }) => value).join(', ')}`
      : `write a text of 1 to ${MAX_ANSWER} characters`
  const shown = typeof given === 'object' ? `option ${given.option + 1}` : JSON.stringify(given.slice(0, 100))
  throw new UserError('invalid_input', `${shown} is no answer to this question; ${expected}`)
}

const isAlike = (a: string, b: string) => a.trim().toLowerCase() === b.toLowerCase()

function refusal(run: RunRecord, ordinal: number | undefined, at: number): UserError {
  const question = meantQuestion(run, ordinal)
  const why = question ? whyClosed(question, at) : `run ${run.id} is ${run.status} and asks nothing`
  return new UserError('wrong_state', why)
}

function whyClosed(question: Question, at: number): string {
  const { status, answer, answeredBy, closedAt, expiresAt, fallback } = question
  if (status === 'answered') {
    return `this question is answered already: ${JSON.stringify(answer)} by ${answeredBy} at ${timeOf(closedAt)}`
  }
  if (status === 'withdrawn')
    return `the run was cancelled at ${timeOf(closedAt)}; its question is open no more`
  if (status === 'expired' || isLate(question, at)) {
    const taken = fallback === null ? 'the run has ended' : `${JSON.stringify(fallback)} was taken`
    return `the time for an answer was up at ${timeOf(expiresAt)}: ${taken}`
  }
  return 'this question is open no more'
}

const timeOf = (ms: number | null) => (ms === null ? 'an unknown time' : new Date(ms).toISOString())

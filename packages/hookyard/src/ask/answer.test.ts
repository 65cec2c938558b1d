// One answer counts: from the right people, in time, one of those that were offered; all others hear why not.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { claimedRun } from '../../../../test/builders.ts'
import type { GivenAnswer, Question, RunRecord } from '../store/store.ts'
import { type AnswerRequest, answerQuestion, openQuestion } from './answer.ts'

const question = (more: Partial<Question> = {}): Question => ({
  ordinal: 1,
  text: 'Merge it?',
  options: [
    { value: 'yes', label: 'Yes, now' },
    { value: 'no', label: 'No' },
  ],
  fallback: null,
  askedAt: 0,
  expiresAt: null,
  status: 'open',
  answer: null,
  answeredBy: null,
  answeredVia: null,
  closedAt: null,
  ...more,
})

const run = (questions: readonly Question[], more: Partial<RunRecord> = {}): RunRecord =>
  claimedRun({
    module: 'm',
    status: questions.at(-1)?.status === 'open' ? 'paused' : 'queued',
    questions,
    ...more,
  })

async function answer(
  of: RunRecord | null,
  request: Partial<AnswerRequest> = {},
  later: RunRecord | null = of,
) {
  const given: GivenAnswer[] = []
  let asked = 0
  const store = {
    get: () => Promise.resolve(asked++ === 0 ? of : later),
    answer: (answer: GivenAnswer) => {
      given.push(answer)
      return Promise.resolve(later === of)
    },
  }
  const by = { name: 'alice', isAdmin: false }
  const answered = await answerQuestion(store, {
    runId: 'run1',
    answer: 'yes',
    by,
    via: 'api',
    at: 1_000,
    ...request,
  })
  return { answered, given }
}

test('an option is taken, with who said it, where and when', async () => {
  expect(await answer(run([question()]))).toEqual({
    answered: { runId: 'run1', question: 'Merge it?', answer: 'yes' },
    given: [{ runId: 'run1', ordinal: 1, answer: 'yes', by: 'alice', via: 'api', at: 1_000 }],
  })
})

test.each<[string, AnswerRequest['answer'], string]>([
  ['its value', 'no', 'no'],
  ['its value in another case', ' NO ', 'no'],
  ['its label', 'yes, now', 'yes'],
  ['its place', { option: 1 }, 'no'],
])('an option is known by %s', async (_how, said, value) => {
  expect((await answer(run([question()]), { answer: said })).answered.answer).toBe(value)
})

test.each<[AnswerRequest['answer'], string]>([
  ['maybe', '"maybe" is no answer to this question; choose one of: yes, no'],
  ['', '"" is no answer to this question; choose one of: yes, no'],
  [{ option: 2 }, 'option 3 is no answer to this question; choose one of: yes, no'],
])('%j is refused with what may be said', async (said, message) => {
  await expect(answer(run([question()]), { answer: said })).rejects.toMatchObject({
    code: 'invalid_input',
    message,
  })
})

test('without options any text answers, trimmed, and an empty or endless one does not', async () => {
  const open = run([question({ options: [] })])
  expect((await answer(open, { answer: '  tomorrow\n' })).answered.answer).toBe('tomorrow')
  for (const said of [' ', 'x'.repeat(4_097), { option: 0 }])
    await expect(answer(open, { answer: said })).rejects.toMatchObject({ code: 'invalid_input' })
})

test('recipients and admins may answer, a stranger hears who may', async () => {
  await answer(run([question()]), { by: { name: 'root', isAdmin: true } })
  await expect(answer(run([question()]), { by: { name: 'mallory', isAdmin: false } })).rejects.toMatchObject({
    code: 'not_authorized',
    message: 'this question is for alice, bob or an admin; mallory may not answer it',
  })
})

test.each<[string, RunRecord, Partial<AnswerRequest>, string]>([
  [
    'answered',
    run([question({ status: 'answered', answer: 'no', answeredBy: 'bob', closedAt: 500 })]),
    {},
    'this question is answered already: "no" by bob at 1970-01-01T00:00:00.500Z',
  ],
  [
    'expired, its default taken',
    run([question({ status: 'expired', answer: 'no', fallback: 'no', expiresAt: 900, closedAt: 950 })]),
    {},
    'the time for an answer was up at 1970-01-01T00:00:00.900Z: "no" was taken',
  ],
  [
    'late by the clock, before anybody noticed',
    run([question({ expiresAt: 1_000 })]),
    {},
    'the time for an answer was up at 1970-01-01T00:00:01.000Z: the run has ended',
  ],
  [
    'withdrawn',
    run([question({ status: 'withdrawn', closedAt: 0 })]),
    {},
    'the run was cancelled at 1970-01-01T00:00:00.000Z; its question is open no more',
  ],
  ['never asked', run([], { status: 'running' }), {}, 'run run1 is running and asks nothing'],
  [
    'an older question than the open one',
    run([
      question({ status: 'answered', answer: 'yes', answeredBy: 'bob', closedAt: 0 }),
      question({ ordinal: 2 }),
    ]),
    { question: 1 },
    'this question is answered already: "yes" by bob at 1970-01-01T00:00:00.000Z',
  ],
  ['a question that is not there', run([question()]), { question: 9 }, 'run run1 is paused and asks nothing'],
])('%s: refused politely', async (_name, of, request, message) => {
  await expect(answer(of, request)).rejects.toMatchObject({ code: 'wrong_state', message })
})

test('who comes second in a race hears who was first', async () => {
  const later = run([question({ status: 'answered', answer: 'no', answeredBy: 'bob', closedAt: 999 })])
  await expect(answer(run([question()]), {}, later)).rejects.toThrow('answered already: "no" by bob')
})

test('a run that is not there is unknown', async () => {
  await expect(answer(null)).rejects.toMatchObject({ code: 'unknown_run' })
})

test('the open question is the last one, while it is open', () => {
  expect(openQuestion(run([question({ status: 'answered' }), question({ ordinal: 2 })]))?.ordinal).toBe(2)
  expect(openQuestion(run([question({ status: 'expired' })]))).toBeNull()
  expect(openQuestion(run([]))).toBeNull()
})

test('whatever is said, what is taken is one of the options', async () => {
  const option = fc.string({ minLength: 1, maxLength: 8 }).filter((text) => text.trim() !== '')
  const options = fc.uniqueArray(option, { minLength: 1, maxLength: 5 })
  const said = fc.oneof(fc.string(), fc.record({ option: fc.integer() }))
  await fc.assert(
    fc.asyncProperty(options, said, async (values, text) => {
      const of = run([question({ options: values.map((value) => ({ value, label: value })) })])
      const taken = await answer(of, { answer: text }).catch((error: unknown) => error)
      if (taken instanceof Error) expect(taken).toMatchObject({ code: 'invalid_input' })
      else expect(values).toContain((taken as { answered: { answer: string } }).answered.answer)
    }),
  )
})

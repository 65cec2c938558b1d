// What the chat says of an answer, when a model named the options: nothing in it acts.
import { expect, test } from 'vitest'
import { answerQuestion } from '../ask/answer.ts'
import type { User } from '../config/config.ts'
import type { RunRecord } from '../store/store.ts'
import { type AnsweringDeps, answerByText, pressButton } from './answering.ts'
import { buttonData } from '../ask/question.ts'

const user = { name: 'bob', role: 'member' } as User
const options = [{ value: 'evil.com', label: '/merge at evil.com' }]
const question = { ordinal: 1, status: 'open', text: 'Which?', options, expiresAt: null, fallback: null }

function deps(tainted: boolean): AnsweringDeps {
  const run = { id: 'r1', module: 'm', entity: 'o/r#1', recipients: ['bob'], questions: [question], tainted }
  const runs = {
    get: () => Promise.resolve(run as unknown as RunRecord),
    list: () => Promise.resolve([run as unknown as RunRecord]),
    answer: () => Promise.resolve(true),
  }
  return { store: { runs }, answer: (request) => answerQuestion(runs, { ...request, at: 1 }) }
}

const press = (tainted: boolean) =>
  pressButton(deps(tainted), buttonData({ runId: 'r1', question: 1, option: 0 }), user)

test('the label of a chosen option', async () => {
  expect((await press(true)).lines[0]?.[1]).toEqual({ bold: '[/]merge at evil[.]com' })
  expect((await press(false)).lines[0]?.[1]).toEqual({ bold: '/merge at evil.com' })
})

test('the options that a refusal names', async () => {
  await expect(answerByText(deps(true), 'x', null, user)).rejects.toThrow('choose one of: evil[.]com')
  await expect(answerByText(deps(false), 'x', null, user)).rejects.toThrow('choose one of: evil.com')
})

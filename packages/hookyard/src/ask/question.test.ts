// A handler's paused(…) becomes a question that fits its people, its buttons and its time, or says what does not.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toPlainText } from '../send/message.ts'
import { type PausedOutcome, buttonData, questionMessage, readButton, readQuestion } from './question.ts'

const read = (outcome: PausedOutcome) => readQuestion(outcome, 1_000)
const asked = (outcome: PausedOutcome, subject = true, tainted = false) => {
  const question = read(outcome)
  if (typeof question === 'string') throw new Error(question)
  return questionMessage(question, {
    module: 'releaser',
    entity: 'octocat/hello-world#42',
    runId: '01hzy3gq3m5c8k2f7e9w4x6y1z',
    ordinal: 2,
    tainted,
    subject: subject
      ? { number: 42, title: 'Fix <it>', url: 'https://github.com/octocat/Hello-World/pull/42' }
      : null,
  })
}

test('a question keeps its options, default, time and state', () => {
  const options = ['yes', { value: 'no', label: ' Not now ' }, { value: 'never' }]
  expect(read({ question: ' Merge it? ', options, expires: '2h', default: 'no', state: { a: 1 } })).toEqual({
    text: 'Merge it?',
    options: [
      { value: 'yes', label: 'yes' },
      { value: 'no', label: 'Not now' },
      { value: 'never', label: 'never' },
    ],
    fallback: 'no',
    askedAt: 1_000,
    expiresAt: 7_201_000,
    state: { a: 1 },
  })
})

test('a bare question takes any text, for as long as it takes', () => {
  expect(read({ question: 'What now?' })).toMatchObject({
    options: [],
    fallback: null,
    expiresAt: null,
    state: null,
  })
})

test.each<[string, PausedOutcome, RegExp]>([
  ['an empty question', { question: ' \n' }, /has 0 characters; expected 1 to 10000/],
  ['an endless question', { question: 'x'.repeat(10_001) }, /10001 characters/],
  ['an empty option', { question: 'q', options: ['a', ' '] }, /an option has 0 characters/],
  ['a long option', { question: 'q', options: ['x'.repeat(201)] }, /201 characters/],
  ['twice the same option', { question: 'q', options: ['a', { value: 'a', label: 'b' }] }, /the same: a, a/],
  [
    'many options',
    { question: 'q', options: Array.from({ length: 21 }, (_, n) => `${n}`) },
    /21 options; at most 20/,
  ],
  [
    'a default that is no option',
    { question: 'q', options: ['a'], default: 'b' },
    /default "b" is none of the options a/,
  ],
  ['a time that is none', { question: 'q', expires: 'soon' }, /expires.*"soon" is no duration/],
])('%s is named', (_name, outcome, message) => {
  expect(read(outcome)).toMatch(message)
})

test('the message says what is asked, what may be answered, until when, and what it is about', () => {
  const message = asked({
    question: 'Merge it?\nAll checks pass.',
    options: ['yes', 'no'],
    expires: '2h',
    default: 'no',
  })
  expect(toPlainText(message)).toBe(
    [
      'Merge it?',
      'All checks pass.',
      'Answer: yes · no (run 01hzy3gq3m5c8k2f7e9w4x6y1z)',
      'Without an answer by 1970-01-01 02:00 UTC: no',
      '#42 Fix <it>',
      'https://github.com/octocat/Hello-World/pull/42',
    ].join('\n'),
  )
  expect(message.tail).toBe(4)
  expect(message.buttons).toEqual([
    [
      { text: 'yes', data: 'answer:01hzy3gq3m5c8k2f7e9w4x6y1z:2:0' },
      { text: 'no', data: 'answer:01hzy3gq3m5c8k2f7e9w4x6y1z:2:1' },
    ],
  ])
})

test('a question without options has no buttons, and one without a subject names its entity', () => {
  const message = asked({ question: 'Why?', expires: '30s' }, false)
  expect(message.buttons).toBeUndefined()
  expect(toPlainText(message)).toBe(
    'Why?\nAnswer with a text (run 01hzy3gq3m5c8k2f7e9w4x6y1z)\nWithout an answer by 1970-01-01 00:00 UTC: the run ends\noctocat/hello-world#42',
  )
})

test('long labels stand one below the other', () => {
  const { buttons } = asked({
    question: 'q',
    options: ['merge at once', 'merge after review', 'x'.repeat(99)],
  })
  expect(buttons?.map((row) => row.map(({ text }) => text))).toEqual([
    ['merge at once'],
    ['merge after review'],
    [`${'x'.repeat(60)}...`],
  ])
})

test('what a button carries comes back, within the 64 bytes that Telegram allows', () => {
  const runId = fc.stringMatching(/^[0-9a-z]{26}$/)
  const answers = fc.record({
    runId,
    question: fc.integer({ min: 1, max: 999_999 }),
    option: fc.integer({ min: 0, max: 19 }),
  })
  fc.assert(
    fc.property(answers, (answer) => {
      expect(Buffer.byteLength(buttonData(answer))).toBeLessThanOrEqual(64)
      expect(readButton(buttonData(answer))).toEqual(answer)
    }),
  )
})

test.each([
  '',
  'answer:',
  'answer:x:0:1',
  'answer:x:1:-1',
  'answer:x:1:1:1',
  'mute:x:1:1',
  'answer:../x:1:1',
])('%j is no button of a question', (data) => {
  expect(readButton(data)).toBeNull()
})

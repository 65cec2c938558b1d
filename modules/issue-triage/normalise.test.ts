// Whatever an agent answers, a triage has every field in its type, and its fields agree.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { normalise } from './normalise.ts'

const of = (output: unknown) => normalise(output, 7).triage

test('keeps a whole answer', () => {
  expect(
    of({
      ...{
        labels: ['bug', ' docs '],
        duplicate_of: 3,
        related: [4, 5],
        project: 'Board',
        summary: ' It breaks. ',
      },
      ...{
        priority: 'high',
        status: 'needs_info',
        next_action: 'Ask.',
        missing_info: ['Which?'],
        blocked_by: null,
      },
    }),
  ).toEqual({
    ...{ labels: ['bug', 'docs'], duplicateOf: 3, related: [4, 5], project: 'Board', summary: 'It breaks.' },
    ...{
      priority: 'high',
      status: 'needs_info',
      nextAction: 'Ask.',
      missingInfo: ['Which?'],
      blockedBy: null,
    },
  })
})

test('an empty answer becomes the defaults', () => {
  expect(of({})).toEqual({
    ...{ labels: [], duplicateOf: null, related: [], project: null, summary: 'No summary provided.' },
    ...{ priority: 'medium', status: 'needs_info', missingInfo: [], blockedBy: null },
    nextAction: 'Ask the reporter the questions in Missing information.',
  })
})

test.each([
  ['labels that are no list', { labels: 'bug' }, { labels: [] }],
  ['labels that are no strings, or blank', { labels: ['bug', 1, null, ' ', true] }, { labels: ['bug'] }],
  ['a duplicate that is true', { duplicate_of: true }, { duplicateOf: null }],
  ['a duplicate in words', { duplicate_of: '3' }, { duplicateOf: null }],
  ['the issue itself as its duplicate', { duplicate_of: 7 }, { duplicateOf: null }],
  [
    'related ones with booleans and fractions',
    { related: [1, true, false, 2.5, 2, 2, 7] },
    { related: [1, 2] },
  ],
  ['the duplicate among the related', { duplicate_of: 1, related: [1, 2] }, { related: [2] }],
  ['a project that is no text', { project: 5 }, { project: null }],
  ['an unknown priority', { priority: 'urgent' }, { priority: 'medium' }],
  ['a priority in capitals', { priority: 'High' }, { priority: 'high' }],
  [
    'missing information that is no list',
    { summary: 's', missing_info: 'What?' },
    { missingInfo: [], status: 'ready' },
  ],
])('corrects %s', (_name, output, expected) => expect(of(output)).toMatchObject(expected))

test.each([
  [
    'no status, a summary, no questions',
    { summary: 's' },
    'ready',
    'Review the issue and assign or start work.',
  ],
  [
    'no status, a summary and a question',
    { summary: 's', missing_info: ['q'] },
    'needs_info',
    'Ask the reporter the questions in Missing information.',
  ],
  [
    'an unknown status without a summary',
    { status: 'done' },
    'needs_info',
    'Ask the reporter the questions in Missing information.',
  ],
  [
    'a name that every object has',
    { summary: 's', status: 'constructor' },
    'ready',
    'Review the issue and assign or start work.',
  ],
  [
    'wontfix',
    { status: 'wontfix_candidate' },
    'wontfix_candidate',
    'Confirm the scope assessment and either close or apply a wontfix label.',
  ],
  [
    'blocked by a number',
    { status: 'blocked', blocked_by: 4 },
    'blocked',
    'Track the blocking dependency and revisit this issue when it resolves.',
  ],
  ['blocked by nothing', { status: 'blocked' }, 'ready', 'Review the issue and assign or start work.'],
  [
    'blocked by true',
    { status: 'blocked', blocked_by: true },
    'ready',
    'Review the issue and assign or start work.',
  ],
])('status: %s', (_name, output, status, nextAction) => {
  expect(of(output)).toMatchObject({ status, nextAction })
})

test('what blocks counts for a blocked issue alone', () => {
  expect(of({ status: 'blocked', blocked_by: ' the new API ' }).blockedBy).toBe('the new API')
  expect(of({ status: 'ready', blocked_by: 4 }).blockedBy).toBeNull()
})

test('a list that is none is told to the log', () => {
  expect(normalise({ missing_info: 'x' }, 1).problems).toHaveLength(1)
  expect(normalise({ missing_info: null }, 1).problems).toHaveLength(0)
})

test('any value at all gives a triage', () => {
  const field = fc.anything()
  const keys = [
    'labels',
    'duplicate_of',
    'related',
    'project',
    'summary',
    'priority',
    'status',
    'next_action',
    'missing_info',
    'blocked_by',
  ]
  const answer = fc.oneof(fc.anything(), fc.record(Object.fromEntries(keys.map((key) => [key, field]))))
  fc.assert(
    fc.property(answer, (output) => {
      const triage = of(output)
      expect(triage.related.every((number) => Number.isInteger(number) && number > 0)).toBe(true)
      expect(
        [triage.summary, triage.nextAction, ...triage.labels, ...triage.missingInfo].every(
          (text) => text.trim() !== '',
        ),
      ).toBe(true)
      expect(triage.blockedBy !== null).toBe(triage.status === 'blocked')
    }),
  )
})

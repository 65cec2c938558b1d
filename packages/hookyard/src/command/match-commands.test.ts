// Which modules a new comment means: those whose command it is and whose subject it stands under, each once.
import { expect, test } from 'vitest'
import { module } from '../../../../test/builders.ts'
import type { Module } from '../registry/manifest.ts'
import { type Commented, matchCommands } from './match-commands.ts'
import { writingOf } from './writing.ts'

const modules: Readonly<Record<string, readonly Module[]>> = {
  review: [
    module('reviewer'),
    module('issue-reviewer', { subject: 'issue' }),
    module('sweeper', { subject: 'repository' }),
  ],
  again: [module('reviewer')],
}
const registry = { commandsFor: (name: string) => modules[name] ?? [] }

const comment = (
  body: unknown,
  more: Partial<Commented> = {},
  issue: Record<string, unknown> = { pull_request: {} },
): Commented => ({
  event: 'issue_comment',
  action: 'created',
  repository: 'o/r',
  payload: { comment: { id: 7, body, html_url: 'https://x/7', user: { login: 'alice' } }, issue },
  ...more,
})
const matched = (of: Commented) =>
  matchCommands(of, registry).map(({ module: { name }, command, args }) => [name, command, args])

test('under a pull request: modules about pull requests, and those about the repository', () => {
  expect(matched(comment('/review the tests'))).toEqual([
    ['reviewer', 'review', 'the tests'],
    ['sweeper', 'review', 'the tests'],
  ])
  expect(matchCommands(comment('/review'), registry)[0]?.comment).toEqual({
    id: 7,
    url: 'https://x/7',
    login: 'alice',
  })
})

test('under an issue: modules about issues', () => {
  expect(matched(comment('/review', {}, {})).map(([name]) => name)).toEqual(['issue-reviewer', 'sweeper'])
})

test('each module is named once', () => {
  expect(matched(comment('/again 1\n/review 2'))).toEqual([
    ['reviewer', 'again', '1'],
    ['sweeper', 'review', '2'],
  ])
})

test('of two commands of one module the first in its manifest counts, and of one command the first line', () => {
  const named = (command: string) => ({ type: 'command', command }) as const
  const of = module('both', { triggers: [named('deploy'), named('stage'), named('test')] })
  const matching = (body: string) =>
    matchCommands(comment(body), { commandsFor: () => [of] }).map(({ command, args }) => [command, args])
  expect(matching('/test 1\n/stage 2\n/test 3')).toEqual([['stage', '2']])
  expect(matching('/deploy 1\n/test 2\n/deploy 3')).toEqual([['deploy', '1']])
})

test.each<[string, Commented]>([
  ['edited', comment('/review', { action: 'edited' })],
  ['of another event', comment('/review', { event: 'commit_comment' })],
  ['without a repository', comment('/review', { repository: null })],
  ['without a text', comment(null)],
  ['without an author', comment('/review', { payload: { comment: { body: '/review' }, issue: {} } })],
  ['that is no object', comment('/review', { payload: [1] })],
  ['with a command that nobody has', comment('/deploy')],
])('a comment %s commands nothing', (_what, of) => {
  expect(matched(of)).toEqual([])
})

const told = (payload: unknown) => writingOf({ repository: 'o/r', entity: 'o/r#1', payload })

test.each([
  [
    'a comment',
    { comment: { id: 7, body: 'x', user: { login: 'a' } }, issue: {} },
    { kind: 'comment', id: 7, text: 'x', author: 'a', entities: ['o/r#1'], reviewId: null },
  ],
  [
    'an inline comment',
    { comment: { id: 7, pull_request_review_id: 9, body: null } },
    { kind: 'review_comment', id: 7, text: '', author: null, reviewId: 9 },
  ],
  ['a review', { review: { id: 9, body: 'y', user: { login: 'a' } } }, { kind: 'review', id: 9, text: 'y' }],
  [
    'a check',
    { check_run: { id: 5, external_id: 'hookyard:v1:m:k:s', pull_requests: [{ number: 3 }, { number: 4 }] } },
    { kind: 'check', id: 5, text: '<!-- hookyard:v1:m:k:s -->', entities: ['o/r#3', 'o/r#4'] },
  ],
])('%s is something written', (_what, payload, writing) => {
  expect(told(payload)).toMatchObject({ repository: 'o/r', ...writing })
})

test.each([
  {},
  null,
  'x',
  { comment: {} },
  { comment: { id: 'x' } },
  { review: { id: -1 } },
  { issue: { id: 1 } },
])('%j tells of nothing written', (payload) => {
  expect(told(payload)).toBeNull()
})

test('what belongs to no repository was not written in one', () => {
  expect(writingOf({ repository: null, entity: '-', payload: { comment: { id: 7 } } })).toBeNull()
})

// `hear: mine`: author, assignee, requested reviewer or mentioned, by GitHub login; and nobody by accident.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { officialPayload } from '@hookyard/standins/payloads'
import { concerns } from './who-hears.ts'

const alice = { login: 'Alice', type: 'User' }
const stranger = { login: 'mallory', type: 'User' }
const pr = (more: Record<string, unknown>) => ({
  pull_request: { user: stranger, title: 'x', body: null, ...more },
})

test.each<[string, unknown]>([
  ['author of a pull request', pr({ user: alice })],
  [
    'author of an issue, told of a comment',
    { issue: { user: alice }, comment: { body: 'hi', user: stranger } },
  ],
  ['author of a discussion', { discussion: { user: alice } }],
  ['author of a release', { release: { author: alice } }],
  ['assignee', pr({ assignee: alice })],
  ['one of the assignees', pr({ assignees: [stranger, alice] })],
  ['assignee of this action', { issue: { user: stranger }, assignee: alice }],
  ['one of the requested reviewers', pr({ requested_reviewers: [stranger, alice] })],
  ['requested reviewer of this action', { ...pr({}), requested_reviewer: alice }],
  ['who pushed', { pusher: { name: 'alice' }, commits: [] }],
  ['who wrote a commit of a push', { pusher: { name: 'x' }, commits: [{ author: { username: 'alice' } }] }],
  ['mentioned in a title', pr({ title: 'for @alice' })],
  ['mentioned in a body', pr({ body: 'Hello,\n\n@ALICE: please look.' })],
  ['mentioned in a comment', { issue: { user: stranger }, comment: { body: '(@alice)' } }],
  ['mentioned in a review', { ...pr({}), review: { body: 'cc @alice.' } }],
  ['mentioned in a commit message', { commits: [{ message: 'fix\n\nThanks to @alice' }] }],
])('%s is concerned', (_role, payload) => {
  expect(concerns('alice', payload)).toBe(true)
  expect(concerns('ALICE', payload)).toBe(true)
  expect(concerns('bob', payload)).toBe(false)
})

test.each<[string, string]>([
  ['a longer name', '@alice-bot and @alicexyz and @alice_corp'],
  ['an e-mail address', 'mail me at me@alice.example or x.@alice'],
  ['a team', '@alice/reviewers'],
  ['a path', 'packages/@alice is a folder'],
  ['code', 'write `@alice` there'],
  ['code between longer quotes', 'write ``a ` @alice`` there'],
  ['a code block', 'see\n```ts\n@alice()\n```\nend'],
  ['a code block with tildes', '~~~\n@alice\n~~~'],
  ['a code block that is never closed', '```\n@alice'],
  ['no mention', 'alice'],
])('%s mentions nobody', (_what, body) => {
  expect(concerns('alice', pr({ body }))).toBe(false)
})

test('a mention beside code counts', () => {
  expect(concerns('alice', pr({ body: '```\ncode\n```\n@alice `x` ' }))).toBe(true)
  expect(concerns('alice', pr({ body: '`code` @alice `more`' }))).toBe(true)
})

test('a user without a login is concerned by nothing', () => {
  expect(concerns(null, pr({ user: alice }))).toBe(false)
})

test('official payloads concern their authors', () => {
  expect(concerns('codertocat', officialPayload('pull_request', 'opened'))).toBe(true)
  expect(concerns('codertocat', officialPayload('issue_comment', 'created'))).toBe(true)
  expect(concerns('codertocat', officialPayload('push', null))).toBe(true)
  expect(concerns('somebody-else', officialPayload('push', null))).toBe(false)
})

test('no payload, however mangled, makes it throw', () => {
  fc.assert(fc.property(fc.anything(), (payload) => void concerns('alice', payload)))
})

// A pattern that goes back and forth over these would take minutes, and the test would end by its time-out.
test.each(['@', '`', '```\n', '`a', '~~~', '@a-', '` ', '``a`', '~~~\na\n'])(
  'a long text of %j is read to its end',
  (part) => {
    const body = `@${part.repeat(Math.ceil(262_144 / part.length))} (@bob)`
    expect(concerns('alice', pr({ body }))).toBe(false)
  },
)

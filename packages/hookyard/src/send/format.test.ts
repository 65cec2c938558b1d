// The five messages of contract section 5, to the letter, from payloads that may hold anything.
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readMessageText } from '@hookyard/standins/telegram/message-text'
import { formatEvent } from './format.ts'
import { toPlainText } from './message.ts'
import type { Message } from './message.ts'
import { toTelegram } from './telegram-html.ts'

const repository = { full_name: 'octocat/Hello-World' }
const user = { login: 'octocat' }
const commit = (n: number) => ({ id: `${n}`.padStart(40, 'abcdef0'), message: `commit ${n}\n\nlong story` })
const push = (more: object = {}) => ({
  ref: 'refs/heads/main',
  repository,
  pusher: { name: 'hubot' },
  compare: 'https://github.com/octocat/Hello-World/compare/a...b',
  commits: [commit(1)],
  ...more,
})
const url = 'https://github.com/octocat/Hello-World/pull/42'
const thread = (more: object = {}) => ({ number: 42, title: 'Fix it', user, html_url: url, ...more })
const pull = (more: object = {}) => ({ repository, pull_request: thread(more) })
const comment = (body: unknown) => ({
  repository,
  issue: { number: 42 },
  comment: { user, body, html_url: url },
})
const review = (state: unknown) => ({
  repository,
  pull_request: { number: 42 },
  review: { user, state, html_url: url },
})

/** Bold as `**`, code as backticks: the contract's own spelling. */
const marked = (message: Message | null): string | null =>
  message &&
  message.lines
    .map((line) =>
      line
        .map((span) => {
          if (typeof span === 'string') return span
          if ('bold' in span) return `**${span.bold}**`
          return 'code' in span ? `\`${span.code}\`` : `[${span.text}](${span.link})`
        })
        .join(''),
    )
    .join('\n')

test('push: heading, commits by short sha and first line, and the compare link', () => {
  expect(marked(formatEvent('push', null, push()))).toBe(
    '**Push** to `octocat/Hello-World:main` by hubot\n' +
      `  \`${commit(1).id.slice(0, 7)}\` commit 1\n` +
      '[Compare](https://github.com/octocat/Hello-World/compare/a...b)',
  )
  expect(toPlainText(formatEvent('push', null, push())!)).toContain(
    '\nCompare: https://github.com/octocat/Hello-World/compare/a...b',
  )
})

test('push: of more than five commits the first five and a count', () => {
  const text = marked(formatEvent('push', null, push({ commits: [1, 2, 3, 4, 5, 6, 7].map(commit) })))!
  expect(text.split('\n')).toHaveLength(8)
  expect(text).toContain('commit 5\n  ... and 2 more\n[Compare]')
  const five = marked(formatEvent('push', null, push({ commits: [1, 2, 3, 4, 5].map(commit) })))
  expect(five).not.toContain('more')
})

test.each([
  ['a branch with slashes', { ref: 'refs/heads/feature/x' }, 'octocat/Hello-World:feature/x` by hubot'],
  ['a tag, without refs/tags/', { ref: 'refs/tags/v1.0' }, 'octocat/Hello-World:v1.0` by hubot'],
  ['nobody named', { pusher: null }, 'octocat/Hello-World:main` by Someone'],
  ['a pusher of a wrong type', { pusher: { name: 7 } }, 'octocat/Hello-World:main` by Someone'],
])('push: %s', (_name, more, heading) => {
  expect(marked(formatEvent('push', null, push(more)))).toContain(heading)
})

test('push: without a compare URL there is no link', () => {
  expect(marked(formatEvent('push', null, push({ compare: '' })))).not.toContain('Compare')
})

test.each([
  ['a deleted branch', push({ deleted: true })],
  ['no commits', push({ commits: [] })],
  ['commits of a wrong type', push({ commits: 'many' })],
  ['no repository', push({ repository: null })],
])('push: %s gives no message', (_name, payload) => {
  expect(formatEvent('push', null, payload)).toBeNull()
})

test.each([
  ['opened', {}, 'opened'],
  ['closed', { merged: false }, 'closed'],
  ['closed', { merged: true }, 'merged'],
  ['closed', { merged: 'true' }, 'closed'],
  ['reopened', { merged: true }, 'reopened'],
])('pull_request %s %j is told as %s', (action, more, verb) => {
  expect(marked(formatEvent('pull_request', action, pull(more)))).toBe(
    `**PR #42 ${verb}** in \`octocat/Hello-World\`\nFix it\nby octocat\n${url}`,
  )
})

test.each(['opened', 'closed', 'reopened'])('issues %s is told', (action) => {
  expect(marked(formatEvent('issues', action, { repository, issue: thread() }))).toBe(
    `**Issue #42 ${action}** in \`octocat/Hello-World\`\nFix it\nby octocat\n${url}`,
  )
})

test('issue_comment created: author, body and URL', () => {
  expect(marked(formatEvent('issue_comment', 'created', comment('one\r\ntwo')))).toBe(
    `**Comment** on #42 in \`octocat/Hello-World\` by octocat\none\ntwo\n${url}`,
  )
})

test.each([
  ['200 characters stay', 'x'.repeat(200), 'x'.repeat(200)],
  ['201 are cut', 'x'.repeat(201), `${'x'.repeat(200)}...`],
  ['an emoji counts once and stays whole', `${'x'.repeat(199)}😀😀`, `${'x'.repeat(199)}😀...`],
  ['200 emoji stay', '😀'.repeat(200), '😀'.repeat(200)],
  ['half an emoji is replaced', 'a\ud83d', 'a\ufffd'],
  ['a missing body is empty', null, ''],
])('issue_comment: %s', (_name, body, shown) => {
  const lines = marked(formatEvent('issue_comment', 'created', comment(body)))!.split('\n')
  expect(lines.slice(1, -1).join('\n')).toBe(shown)
})

test.each([
  ['approved', 'approved'],
  ['changes_requested', 'requested changes on'],
])('pull_request_review submitted as %s is told', (state, verb) => {
  expect(marked(formatEvent('pull_request_review', 'submitted', review(state)))).toBe(
    `**octocat** ${verb} PR #42 in \`octocat/Hello-World\`\n${url}`,
  )
})

test.each([
  ['pull_request', 'synchronize', pull()],
  ['pull_request', null, pull()],
  ['pull_request', 'opened', pull({ number: '42' })],
  ['pull_request', 'opened', { ...pull(), repository: { full_name: 3 } }],
  ['issues', 'labeled', { repository, issue: thread() }],
  ['issues', 'opened', pull()],
  ['issue_comment', 'deleted', comment('x')],
  ['issue_comment', 'edited', comment('x')],
  ['pull_request_review', 'submitted', review('commented')],
  ['pull_request_review', 'submitted', review(null)],
  ['pull_request_review', 'dismissed', review('approved')],
  ['pull_request_review', 'edited', review('approved')],
  ['star', 'created', { repository }],
  ['constructor', 'opened', pull()],
])('no message: %s %s', (event, action, payload) => {
  expect(formatEvent(event, action, payload)).toBeNull()
})

test('a title cannot forge a line or turn the text around', () => {
  const title = `a\nby root\r\u2028b\u0000\u202egnp.exe`
  const lines = toPlainText(formatEvent('pull_request', 'opened', pull({ title }))!).split('\n')
  expect(lines.slice(1)).toEqual(['a by root b gnp.exe', 'by octocat', url])
})

/** The lines that Telegram gets. */
const told = (event: string, action: string | null, payload: unknown) =>
  toTelegram(formatEvent(event, action, payload)!)!.text.split('\n')

test('what fits a message is told whole: titles, refs, first lines of commits', () => {
  const title = 't'.repeat(3_900)
  expect(told('pull_request', 'opened', pull({ title }))[1]).toBe(title)
  expect(told('issues', 'opened', { repository, issue: thread({ title }) })[1]).toBe(title)
  const ref = 'r'.repeat(900)
  const compare = `https://github.com/octocat/Hello-World/compare/${ref}`
  const commits = [{ id: 'abcdef0', message: `${'m'.repeat(400)}\n\nstory` }]
  expect(told('push', null, push({ ref: `refs/heads/${ref}`, compare, commits }))).toEqual([
    `Push to octocat/Hello-World:${ref} by hubot`,
    `  abcdef0 ${'m'.repeat(400)}`,
    `Compare: ${compare}`,
  ])
})

test.each([6_000, 4_096, 4_000])('a title of %d characters is cut within, and the rest stays', (length) => {
  const lines = told('pull_request', 'opened', pull({ title: '&'.repeat(length) }))
  expect(lines).toEqual([
    'PR #42 opened in octocat/Hello-World',
    expect.stringMatching(/^&{700,}\.\.\.$/),
    'by octocat',
    url,
  ])
})

test('a first line of 6,000 characters is cut within: the other commits and the link stay', () => {
  const long = (n: number) => ({ ...commit(n), message: 'm'.repeat(6_000) })
  const shortOf = (n: number) => expect.stringMatching(new RegExp(`commit ${n}$`))
  const lines = told(
    'push',
    null,
    push({ commits: [1, 2, 3, 4, 5, 6].map((n) => (n === 2 ? long(n) : commit(n))) }),
  )
  expect(lines.slice(1, 3)).toEqual([shortOf(1), expect.stringMatching(/ m{3000,}\.\.\.$/)])
  expect(lines.slice(3)).toEqual([
    ...[3, 4, 5].map(shortOf),
    '  ... and 1 more',
    'Compare: https://github.com/octocat/Hello-World/compare/a...b',
  ])
  // Several of them share what there is.
  const all = told('push', null, push({ commits: [1, 2, 3, 4, 5].map(long) }))
  expect(all.slice(1, -1)).toEqual(Array.from({ length: 5 }, () => expect.stringMatching(/ m{700,}\.\.\.$/)))
  expect(all.at(-1)).toMatch(/^Compare: /)
})

test('lines that fit one by one and not together are cut between, above the link', () => {
  const commits = [1, 2, 3, 4, 5].map((n) => ({ ...commit(n), message: `${n}`.repeat(1_500) }))
  const lines = told('push', null, push({ commits }))
  expect(lines.slice(1)).toEqual([
    expect.stringMatching(/ 1{1500}$/),
    expect.stringMatching(/ 2{1500}$/),
    '...',
    'Compare: https://github.com/octocat/Hello-World/compare/a...b',
  ])
})

test.each([
  [{ title: null }, ['', 'by octocat', url]],
  [{ title: {}, user: null }, ['', 'by ', url]],
  [{ user: { login: [] }, html_url: 5 }, ['Fix it', 'by ', '']],
])('missing and wrong-typed fields %j are empty', (more, rest) => {
  expect(
    toPlainText(formatEvent('pull_request', 'opened', pull(more))!)
      .split('\n')
      .slice(1),
  ).toEqual(rest)
})

interface Example {
  readonly name: string
  readonly examples: { readonly action?: string; readonly repository: { readonly full_name: string } }[]
}
// Its types are those of an ES module, but it is a JSON file.
const examples = createRequire(import.meta.url)('@octokit/webhooks-examples') as Example[]
const official = examples.flatMap(({ name, examples: payloads }) =>
  payloads.map((payload) => ({ name, payload })),
)
const actionOf = (payload: { action?: string }) => payload.action ?? null

test('every official payload is told by the table or not at all', () => {
  const told = new Map<string, number>()
  for (const { name, payload } of official) {
    const message = formatEvent(name, actionOf(payload), payload)
    if (message === null) continue
    const key = `${name}.${actionOf(payload) ?? ''}`
    told.set(key, (told.get(key) ?? 0) + 1)
    expect(toPlainText(message)).not.toMatch(/undefined|null|\[object/)
    expect(toPlainText(message)).toContain(payload.repository.full_name)
    expect(() => readMessageText(toTelegram(message)!.html!, 'HTML', undefined)).not.toThrow()
  }
  expect(official).toHaveLength(329)
  expect(Object.fromEntries(told)).toMatchInlineSnapshot(`
    {
      "issue_comment.created": 5,
      "issues.opened": 4,
      "issues.reopened": 1,
      "pull_request.closed": 2,
      "pull_request.opened": 4,
      "pull_request.reopened": 2,
      "push.": 2,
    }
  `)
})

const events = ['push', 'pull_request', 'issues', 'issue_comment', 'pull_request_review']
const read =
  `action ref deleted compare commits commits.0 commits.0.id commits.0.message pusher pusher.name repository
repository.full_name pull_request pull_request.number pull_request.merged issue issue.number issue.title issue.user
issue.user.login pull_request.title pull_request.html_url comment comment.body comment.user review review.state
review.user.login`.split(/\s+/)

test('no payload, however mangled, makes a formatter throw or leaves broken text', () => {
  const actions = fc.constantFrom(null, 'opened', 'closed', 'created', 'submitted')
  const seeds = fc.constantFrom(...official.filter(({ name }) => events.includes(name)))
  const values = fc.oneof(
    fc.anything(),
    fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
  )
  const changes = fc.array(fc.tuple(fc.constantFrom(...read), values), { maxLength: 4 })
  const neverThrows = fc.property(seeds, actions, changes, ({ name, payload }, action, changed) => {
    const message = formatEvent(name, action ?? actionOf(payload), mangle(payload, changed))
    if (message !== null) expect(toPlainText(message).isWellFormed()).toBe(true)
  })
  fc.assert(neverThrows, { numRuns: 1_000 })
  fc.assert(
    fc.property(fc.constantFrom(...events), actions, fc.anything(), (event, action, payload) => {
      formatEvent(event, action, payload)
    }),
  )
})

test('of a payload of megabytes no more than the lines of a message are kept', () => {
  const huge = 'x\u0000'.repeat(2_000_000)
  const message = formatEvent(
    'push',
    null,
    push({ ref: huge, pusher: { name: huge }, commits: [{ id: huge, message: huge }] }),
  )
  expect(toPlainText(message!).length).toBeLessThan(5 * 4_096)
  expect(toTelegram(message!)!.text).toMatch(/\nCompare: https:\S+$/)
})

/** The payload with other values where the formatters look. */
function mangle(payload: object, changes: readonly [string, unknown][]): object {
  const copy = structuredClone(payload) as Record<string, unknown>
  for (const [path, value] of changes) {
    const keys = path.split('.')
    const last = keys.pop()!
    let target: unknown = copy
    for (const key of keys) target = Object(target)[key]
    if (typeof target === 'object' && target !== null) Reflect.set(target, last, value)
  }
  return copy
}

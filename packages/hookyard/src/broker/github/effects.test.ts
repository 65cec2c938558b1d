// A keyed verb writes one thing per key, however often it is called, and finds it again after a crash.
import { expect, test } from 'vitest'
import { PermanentError } from '../../lib/errors.ts'
import { MARKER_KEY, REPO, openScene } from '../../../testing/broker/github/broker-scene.ts'
import { signMarker } from './marker.ts'
import { SupersededError } from './effects.ts'

const comments = `/repos/${REPO}/issues/42/comments`

test('a comment is written once, and answers with its receipt', async () => {
  const { broker, scope, standin, effects } = await openScene()
  const receipt = await broker.write(scope(), 'comment', ['summary', 'Two findings.'])
  const [written] = standin.comments(REPO, 42)
  expect(written).toMatchObject({
    login: 'hookyard-bot',
    body: expect.stringMatching(/^Two findings\.\n\n<!-- hookyard:v1:pr-review:/) as string,
  })
  expect(receipt).toEqual({
    id: written?.id,
    url: expect.stringContaining('#issuecomment-') as string,
    updated: false,
  })
  const key = { module: 'pr-review', entity: 'octo/hello#42', kind: 'comment', key: 'summary' }
  expect(await effects.find(key)).toMatchObject({
    status: 'done',
    runId: 'run-1',
    receipt: { id: written?.id },
  })
})

test('the same call in the same run asks GitHub nothing', async () => {
  const { broker, scope, standin, asked } = await openScene()
  const first = await broker.write(scope(), 'comment', ['summary', 'Two findings.'])
  const before = asked().length
  const again = await broker.write(scope(), 'comment', ['summary', 'Two findings.'])
  expect(again).toEqual({ ...(first as object), updated: true })
  expect(asked()).toHaveLength(before)
  expect(standin.comments(REPO, 42)).toHaveLength(1)
})

test('another text, or another run, updates the comment in place', async () => {
  const { broker, scope, standin } = await openScene()
  await broker.write(scope(), 'comment', ['summary', 'Two findings.'])
  await broker.write(scope(), 'comment', ['summary', 'One finding.'])
  const receipt = await broker.write(scope({ runId: 'run-2' }), 'comment', ['summary', 'None.'])
  expect(receipt).toMatchObject({ updated: true })
  expect(standin.comments(REPO, 42).map(({ body }) => body.split('\n')[0])).toEqual(['None.'])
})

test('keys, modules and entities have a comment of their own', async () => {
  const { broker, scope, issueScope, standin } = await openScene()
  await broker.write(scope(), 'comment', ['a', 'x'])
  await broker.write(scope(), 'comment', ['b', 'x'])
  await broker.write(scope({ module: 'other' }), 'comment', ['a', 'x'])
  await broker.write(issueScope({ module: 'pr-review' }), 'comment', ['a', 'x'])
  expect([standin.comments(REPO, 42).length, standin.comments(REPO, 7).length]).toEqual([3, 1])
})

test('a comment that somebody deleted is written anew', async () => {
  const { broker, scope, standin, github } = await openScene()
  const { id } = (await broker.write(scope(), 'comment', ['summary', 'x'])) as { id: number }
  await github.octokit(REPO).rest.issues.deleteComment({ owner: 'octo', repo: 'hello', comment_id: id })
  const receipt = await broker.write(scope({ runId: 'run-2' }), 'comment', ['summary', 'y'])
  expect(receipt).toMatchObject({ updated: false })
  expect(standin.comments(REPO, 42)).toHaveLength(1)
})

test.each([{ status: 500 }, { status: 502 }, { dropConnection: true }])(
  'the comment is posted and the answer lost (%j): after the retry there is one comment',
  async (fault) => {
    const { broker, scope, standin, restarted, writes } = await openScene()
    standin.failNext({ method: 'POST', path: comments, afterEffect: true, ...fault })
    await expect(broker.write(scope(), 'comment', ['summary', 'x'])).rejects.toThrow(
      'whether it took effect is unknown',
    )
    expect(standin.comments(REPO, 42)).toHaveLength(1)
    const receipt = await restarted().write(scope(), 'comment', ['summary', 'x'])
    expect(receipt).toMatchObject({ id: standin.comments(REPO, 42)[0]?.id, updated: true })
    expect(standin.comments(REPO, 42)).toHaveLength(1)
    expect(writes()).toEqual([`POST ${comments}`])
  },
)

test('after a lost answer the retry with another text updates what is there', async () => {
  const { broker, scope, standin, restarted } = await openScene()
  standin.failNext({ method: 'POST', path: comments, afterEffect: true, dropConnection: true })
  await broker.write(scope(), 'comment', ['summary', 'x']).catch(() => undefined)
  await restarted().write(scope(), 'comment', ['summary', 'y'])
  expect(standin.comments(REPO, 42).map(({ body }) => body.split('\n')[0])).toEqual(['y'])
})

test('an intent whose act never happened is acted on', async () => {
  const { broker, scope, standin, effects } = await openScene()
  const key = { module: 'pr-review', entity: 'octo/hello#42', kind: 'comment', key: 'summary' }
  await effects.intend(key, 'run-0', 'f', 0)
  expect(await broker.write(scope(), 'comment', ['summary', 'x'])).toMatchObject({ updated: false })
  expect(standin.comments(REPO, 42)).toHaveLength(1)
})

test('the comment is found beyond the first page, and a copy under another login is not taken for it', async () => {
  const { broker, scope, standin, effects } = await openScene()
  const marked = { module: 'pr-review', entity: 'octo/hello#42', kind: 'comment', key: 'summary' }
  const marker = signMarker(MARKER_KEY, marked)
  standin.addComment(REPO, 42, { login: 'mallory', body: `x\n\n${marker}` })
  for (let i = 0; i < 120; i += 1) standin.addComment(REPO, 42, { login: 'bob', body: `comment ${i}` })
  const own = standin.addComment(REPO, 42, { login: 'Hookyard-Bot', body: `x\n\n${marker}` })
  await effects.intend(marked, 'run-0', 'f', 0)
  expect(await broker.write(scope(), 'comment', ['summary', 'y'])).toMatchObject({ id: own, updated: true })
})

test('a marker of another entity, copied under our own login, is not taken for ours', async () => {
  const { broker, scope, standin, effects } = await openScene()
  const marked = { module: 'pr-review', entity: 'octo/hello#42', kind: 'comment', key: 'summary' }
  const foreign = signMarker(MARKER_KEY, { ...marked, entity: 'octo/hello#41' })
  standin.addComment(REPO, 42, { login: 'hookyard-bot', body: `x\n\n${foreign}` })
  await effects.intend(marked, 'run-0', 'f', 0)
  expect(await broker.write(scope(), 'comment', ['summary', 'y'])).toMatchObject({ updated: false })
  expect(standin.comments(REPO, 42)).toHaveLength(2)
})

test('a comment written under another login of ours is left, and a new one written', async () => {
  const { broker, scope, standin, effects } = await openScene()
  standin.setPermission(REPO, 'hookyard-bot', 'read')
  const old = standin.addComment(REPO, 42, { login: 'former-bot', body: 'old' })
  const key = { module: 'pr-review', entity: 'octo/hello#42', kind: 'comment', key: 'summary' }
  await effects.intend(key, 'run-0', 'f', 0)
  await effects.record(key, { id: old, url: 'u' }, 0)
  expect(await broker.write(scope(), 'comment', ['summary', 'new'])).toMatchObject({ updated: false })
  expect(standin.comments(REPO, 42).map(({ body }) => body.split('\n')[0])).toEqual(['old', 'new'])
})

test('two calls with one key at once write one comment', async () => {
  const { broker, scope, standin } = await openScene()
  await Promise.all(['x', 'x', 'y'].map((text) => broker.write(scope(), 'comment', ['summary', text])))
  expect(standin.comments(REPO, 42).map(({ body }) => body.split('\n')[0])).toEqual(['y'])
})

test.each(['comment', 'review', 'label', 'check'])(
  '%s: nothing is written when the head has moved',
  async (verb) => {
    const { broker, scope, standin, writes } = await openScene({ app: true })
    const args = {
      comment: ['k', 'x'],
      review: ['k', { body: 'x' }],
      label: [['bug']],
      check: ['k', { name: 'n', conclusion: 'success', title: 't', summary: 's' }],
    }[verb]
    const before = scope()
    standin.pushCommit(REPO, 42)
    await expect(broker.write(before, verb, args ?? [])).rejects.toBeInstanceOf(SupersededError)
    expect(writes().filter((write) => !write.includes('access_tokens'))).toEqual([])
  },
)

test('an update is held to the head as well', async () => {
  const { broker, scope, standin, writes } = await openScene()
  await broker.write(scope(), 'comment', ['k', 'x'])
  const run = scope({ runId: 'run-2' })
  standin.pushCommit(REPO, 42)
  await expect(broker.write(run, 'comment', ['k', 'y'])).rejects.toBeInstanceOf(SupersededError)
  expect(writes()).toHaveLength(1)
})

test.each(['comment', 'review', 'label', 'check'] as const)(
  'without the grant, %s says which line is missing',
  async (verb) => {
    const { broker, scope, asked } = await openScene()
    const error = await broker.write(scope({ may: [] }), verb, ['k', 'x']).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(PermanentError)
    expect(error).toMatchObject({
      reason: 'missing_grant',
      message: `module pr-review may not ${verb}: add \`${verb}\` to \`may\` in its module.yaml`,
    })
    expect(asked()).toEqual([])
  },
)

test.each<[string, string, unknown[]]>([
  ['an unknown verb', 'approve', []],
  ['an empty key', 'comment', ['', 'x']],
  ['an empty text', 'comment', ['k', ' \n']],
  ['a text that is none', 'comment', ['k', { toString: 1 }]],
  ['an approval', 'review', ['k', { body: 'x', event: 'APPROVE' }]],
  ['a review that says nothing', 'review', ['k', { body: ' ' }]],
  ['a field that a review has not', 'review', ['k', { body: 'x', dismiss: true }]],
  ['names that are none', 'label', ['bug']],
  [
    'a conclusion that a check has not',
    'check',
    ['k', { name: 'n', conclusion: 'skipped', title: 't', summary: 's' }],
  ],
])('%s is a mistake of the module, and asks nothing', async (_name, verb, args) => {
  const { broker, scope, asked } = await openScene()
  await expect(broker.write(scope(), verb, args)).rejects.toBeInstanceOf(PermanentError)
  expect(asked()).toEqual([])
})

test.each(['review', 'check'])('%s on an issue says what the run is about', async (verb) => {
  const { broker, issueScope } = await openScene()
  await expect(broker.write(issueScope(), verb, ['k', {}])).rejects.toMatchObject({
    reason: 'wrong_subject',
    message: expect.stringContaining('octo/hello#7 (issue)') as string,
  })
})

test('a longer text than GitHub takes is cut, and found again', async () => {
  const { broker, scope, standin, restarted } = await openScene()
  standin.failNext({ method: 'POST', path: comments, afterEffect: true, status: 502 })
  const args = ['summary', 'A line.\n'.repeat(20_000)]
  await broker.write(scope(), 'comment', args).catch(() => undefined)
  expect(await restarted().write(scope(), 'comment', args)).toMatchObject({ updated: true })
  expect(standin.comments(REPO, 42)[0]?.body).toContain('cut here')
  expect(standin.violations).toEqual([])
})

test.each([
  [403, 'github_forbidden'],
  [404, 'github_not_found'],
  [422, 'github_invalid'],
])('a refusal (%i) is final, and a later run can still write', async (status, reason) => {
  const { broker, scope, standin } = await openScene()
  standin.failNext({ method: 'POST', path: comments, status, body: { message: 'No' } })
  await expect(broker.write(scope(), 'comment', ['k', 'x'])).rejects.toMatchObject({ reason })
  await broker.write(scope({ runId: 'run-2' }), 'comment', ['k', 'x'])
  expect(standin.comments(REPO, 42)).toHaveLength(1)
})

test('a limit is waited for inside the verb', async () => {
  const { broker, scope, standin } = await openScene()
  standin.failNext({ method: 'POST', path: comments, status: 429, headers: { 'retry-after': '5' } })
  await broker.write(scope(), 'comment', ['k', 'x'])
  expect(standin.comments(REPO, 42)).toHaveLength(1)
})

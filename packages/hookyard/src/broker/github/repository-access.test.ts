// Who may read and write is GitHub's to say, for a minute at a time; a refused command is explained once.
import { expect, test } from 'vitest'
import { REPO, openScene } from '../../../testing/broker/github/broker-scene.ts'

const signal = new AbortController().signal
const permission = (login: string) => `GET /repos/${REPO}/collaborators/${login}/permission`

test.each([
  ['admin', true, true],
  ['maintain', true, true],
  ['write', true, true],
  ['triage', true, false],
  ['read', true, false],
  ['none', false, false],
] as const)('%s: may read %s, may write %s', async (role, read, write) => {
  const { broker, standin, asked } = await openScene()
  standin.setPermission(REPO, 'dora', role)
  expect(await broker.mayRead(REPO, 'dora', signal)).toBe(read)
  expect(await broker.mayWrite(REPO, 'dora', signal)).toBe(write)
  expect(asked()).toEqual([permission('dora')])
  expect(standin.violations).toEqual([])
})

test('somebody whom GitHub does not know may not', async () => {
  const { broker } = await openScene()
  expect(await broker.mayRead(REPO, 'nobody-at-all', signal)).toBe(false)
  expect(await broker.mayWrite(REPO, 'nobody-at-all', signal)).toBe(false)
})

test('the answer is kept for a minute, by repository and login, for many at once', async () => {
  const { broker, standin, asked, wait } = await openScene()
  standin.setPermission(REPO, 'dora', 'write')
  const answers = await Promise.all(
    ['dora', 'Dora', 'dora'].map((login) => broker.mayWrite(REPO, login, signal)),
  )
  wait(59_000)
  await broker.mayWrite(REPO, 'dora', signal)
  expect([answers, asked()]).toEqual([[true, true, true], [permission('dora')]])
  standin.setPermission(REPO, 'dora', 'read')
  wait(1_000)
  expect(await broker.mayWrite(REPO, 'dora', signal)).toBe(false)
  await broker.mayWrite('octo/other', 'dora', signal)
  expect(asked()).toHaveLength(3)
})

test('a failure is not kept', async () => {
  const { broker, standin } = await openScene()
  standin.setPermission(REPO, 'dora', 'write')
  standin.failNext({ path: /permission/, status: 403, body: { message: 'Resource not accessible' } })
  await expect(broker.mayWrite(REPO, 'dora', signal)).rejects.toThrow('403')
  expect(await broker.mayWrite(REPO, 'dora', signal)).toBe(true)
})

test('to a token that may not write there itself GitHub does not tell', async () => {
  const { broker, standin } = await openScene()
  standin.setPermission(REPO, standin.login, 'read')
  standin.setPermission(REPO, 'dora', 'write')
  await expect(broker.mayRead(REPO, 'dora', signal)).rejects.toThrow(
    'Must have push access to view collaborator permission',
  )
})

const declined = { repository: REPO, number: 42, commentId: 0, login: 'Mallory', command: 'review' }

/** A comment of Mallory's, refused. */
async function refuse(scene: Awaited<ReturnType<typeof openScene>>, broker = scene.broker) {
  const commentId = scene.standin.addComment(REPO, 42, { login: 'Mallory', body: '/review' })
  await broker.decline({ ...declined, commentId }, signal)
  return commentId
}

test('the first time a comment says why, from then on a reaction does', async () => {
  const scene = await openScene()
  await refuse(scene)
  await refuse(scene)
  const seen = scene.standin.comments(REPO, 42)
  expect(seen.map(({ login, reactions }) => [login, reactions])).toEqual([
    ['Mallory', []],
    ['hookyard-bot', []],
    ['Mallory', ['confused']],
  ])
  expect(seen[1]?.body).toMatch(
    /^@Mallory `\/review` started nothing: commands are for people with write access to octo\/hello\.\n\n<!-- hookyard:/,
  )
  expect(scene.standin.violations).toEqual([])
})

test('the same comment is explained once, also after a crash that lost GitHub’s answer', async () => {
  const scene = await openScene()
  scene.standin.failNext({
    method: 'POST',
    path: /\/issues\/42\/comments$/,
    afterEffect: true,
    dropConnection: true,
  })
  const commentId = scene.standin.addComment(REPO, 42, { login: 'Mallory', body: '/review' })
  await expect(scene.broker.decline({ ...declined, commentId }, signal)).rejects.toThrow('unknown')
  await scene.restarted().decline({ ...declined, commentId }, signal)
  await scene.restarted().decline({ ...declined, commentId }, signal)
  expect(scene.standin.comments(REPO, 42).map(({ reactions }) => reactions)).toEqual([[], []])
})

test('the explanation is the service’s own word', async () => {
  const scene = await openScene()
  await refuse(scene)
  const own = scene.standin.comments(REPO, 42)[1]!
  const thing = {
    kind: 'comment',
    id: 99_999_010,
    text: own.body,
    author: own.login,
    entities: [`${REPO}#42`],
    reviewId: null,
  }
  expect(await scene.broker.isOwn(REPO, thing)).toBe(true)
})

test('a login that is none is not mentioned', async () => {
  const { broker, standin } = await openScene()
  await broker.decline({ ...declined, login: 'evil](x) @all', commentId: 1 }, signal)
  expect(standin.comments(REPO, 42)[0]?.body).toMatch(/^`\/review` started nothing/)
})

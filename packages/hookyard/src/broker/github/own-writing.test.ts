// What the service wrote itself is known by its receipt or its mark, whatever login it stands under.
import { expect, test } from 'vitest'
import type { WrittenThing } from './own-writing.ts'
import { REPO, openScene } from '../../../testing/broker/github/broker-scene.ts'

const strangers: WrittenThing = {
  kind: 'comment',
  id: 99_999_001,
  text: 'hello',
  author: 'mallory',
  entities: [`${REPO}#42`],
  reviewId: null,
}

/** A scene with one comment of the service, and the comment as a webhook tells of it. */
async function commented(options: { app?: boolean } = {}) {
  const scene = await openScene(options)
  await scene.broker.write(scene.scope(), 'comment', ['k', 'Hello.'])
  const [own] = scene.standin.comments(REPO, 42)
  const thing: WrittenThing = { ...strangers, id: own!.id, text: own!.body, author: own!.login }
  return { ...scene, thing }
}

test.each([{}, { app: true }])('its comment is its own: %j', async (options) => {
  const { broker, thing } = await commented(options)
  expect(await broker.isOwn(REPO, thing)).toBe(true)
})

test('its login proves nothing: a comment of that human is not the service’s', async () => {
  const { broker, thing } = await commented()
  expect(await broker.isOwn(REPO, { ...thing, id: 99_999_002, text: 'I think so too.' })).toBe(false)
})

test('without a receipt the mark decides; with a receipt nothing else matters', async () => {
  const { broker, thing } = await commented()
  expect(await broker.isOwn(REPO, { ...thing, id: 99_999_003 })).toBe(true)
  expect(await broker.isOwn(REPO, { ...thing, text: 'a human took the mark out', author: null })).toBe(true)
})

test('a mark counts where it was signed for: not elsewhere, not for another kind, not in a stranger’s copy', async () => {
  const { broker, thing } = await commented()
  const unknown = { ...thing, id: 99_999_004 }
  expect(await broker.isOwn(REPO, { ...unknown, entities: [`${REPO}#7`] })).toBe(false)
  expect(await broker.isOwn(REPO, { ...unknown, kind: 'review' })).toBe(false)
  expect(await broker.isOwn(REPO, { ...unknown, author: 'mallory' })).toBe(false)
  expect(await broker.isOwn(REPO, strangers)).toBe(false)
})

test.each([401, 403])('when GitHub does not tell the login (%s), the mark is believed', async (status) => {
  const { thing } = await commented()
  const fresh = await openScene()
  fresh.standin.failNext({ path: '/user', times: 2, status, body: { message: 'no' } })
  expect(await fresh.broker.isOwn(REPO, { ...thing, id: 99_999_005 })).toBe(true)
  expect(fresh.asked()).toContain('GET /user')
})

test('reviews, their inline comments and checks are known too', async () => {
  const { broker, scope, standin } = await openScene({ app: true })
  const inline = { path: 'README.md', line: 2, body: 'Why?' }
  await broker.write(scope(), 'review', ['r', { body: 'One question.', comments: [inline] }])
  await broker.write(scope(), 'check', ['c', { name: 'n', conclusion: 'neutral', title: 'x', summary: 'y' }])
  const [review] = standin.reviews(REPO, 42)
  const by = { ...strangers, author: review!.login }
  expect(await broker.isOwn(REPO, { ...by, kind: 'review', id: review!.id, text: '' })).toBe(true)
  expect(
    await broker.isOwn(REPO, { ...by, kind: 'review_comment', id: 1, text: '', reviewId: review!.id }),
  ).toBe(true)
  expect(
    await broker.isOwn(REPO, { ...by, kind: 'review_comment', id: 1, text: review!.comments[0]!.body }),
  ).toBe(true)
  const [check] = standin.checkRuns(REPO)
  const told = {
    ...strangers,
    kind: 'check',
    author: null,
    id: 1,
    text: `<!-- ${check?.externalId ?? ''} -->`,
  }
  expect(await broker.isOwn(REPO, told)).toBe(true)
  expect(await broker.isOwn(REPO, { ...told, entities: [] })).toBe(false)
})

// Who is who: in a group only a known person commands and answers. `telegram_id` says who, or a code of
// `hookyard invite`.
import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { closeInstallations, handler, until } from '../installation.ts'
import { type ChatScene, openChat } from './scene.ts'

afterEach(closeInstallations)

const ALICE = 111
const GROUP = -500
const modules = {
  asker: {
    manifest: { subject: 'none', triggers: [{ webhook: 'watch' }] },
    handler: handler(`
      if (ctx.trigger.type === 'resume') return done('went on with ' + ctx.trigger.data.answer + ' of ' + ctx.trigger.by)
      return paused('Shall I?', { options: ['yes', 'no'] })
    `).replace('skipped, failed', 'skipped, failed, paused'),
  },
}
const root = { name: 'root', role: 'admin', chat_id: 1 }
const alice = { name: 'alice', chat_id: ALICE, repos: ['octocat/*'] }
const open = (...users: Record<string, unknown>[]) => openChat({ users: [root, ...users], modules })

const invite = async (at: ChatScene, user = 'alice'): Promise<string> => {
  const { status, body } = await at.api(`/api/users/${user}/invite`, { json: {} })
  expect(status).toBe(200)
  return String(body['code'])
}
const claims = async (at: ChatScene) => {
  const { users } = (await at.api('/api/users')).body as {
    users: { name: string; telegram_id: number | null; telegram_id_source: string | null }[]
  }
  return users.find(({ name }) => name === 'alice')
}
/** Writes all of them and resolves when they have had their effect, with what was said in the group. */
async function inGroup(at: ChatScene, ...updates: Record<string, unknown>[]): Promise<string[]> {
  updates.forEach((message, index) =>
    at.telegram.sendUpdate({
      message: {
        message_id: 9_000 + index,
        date: 1,
        chat: { id: GROUP, type: 'supergroup', title: 'all of us' },
        from: { id: 999, is_bot: false, first_name: 'somebody' },
        ...message,
      },
    }),
  )
  await at.ask(1, '/help help')
  return at.said(GROUP)
}
const NO_CODE =
  'This code does not count: it is wrong, used or too old. An admin makes a new one: hookyard invite'

describe('commands in a group', () => {
  test('count from the person of telegram_id, wherever the messages go, and from nobody else', async () => {
    const at = await open({ ...alice, telegram_id: 999, notify_chat_id: GROUP })
    expect(await at.ask(GROUP, '/start', { id: 999 })).toContain('You are alice (member)')
    expect(await at.ask(GROUP, '/status', { id: 999 })).toContain('You: alice, member')
    const before = at.said(GROUP).length
    for (const id of [555, ALICE, Math.abs(GROUP)]) at.telegram.sendText(GROUP, '/add octocat/x', { id })
    await at.ask(1, '/help help')
    expect(at.said(GROUP)).toHaveLength(before)
  })

  test('never count from the group itself, though it be a user’s chat', async () => {
    const at = await open({ name: 'team', chat_id: GROUP, repos: ['octocat/*'] })
    const anonymous = { id: 1_087_968_824, is_bot: true, first_name: 'Group', username: 'GroupAnonymousBot' }
    const group = { id: GROUP, type: 'supergroup' }
    expect(
      await inGroup(
        at,
        { text: '/status' },
        { text: '/status', from: anonymous, sender_chat: group },
        { text: '/status', from: { id: 777_000, is_bot: false }, sender_chat: { id: -9, type: 'channel' } },
        { text: '/status', from: undefined },
      ),
    ).toEqual([])
  })

  test('an anonymous admin, a channel, another bot’s and forwarded words do not count as the person’s', async () => {
    const at = await open({ ...alice, telegram_id: 999 })
    const others = [
      { sender_chat: { id: GROUP, type: 'supergroup' } },
      { forward_origin: { type: 'hidden_user', sender_user_name: 'x', date: 1 } },
      { forward_date: 1, forward_from: { id: 555, is_bot: false } },
      { via_bot: { id: 7, is_bot: true } },
    ]
    expect(await inGroup(at, ...others.map((more) => ({ text: '/remove octocat/x', ...more })))).toEqual([])
    at.telegram.sendUpdate({
      edited_message: {
        message_id: 1,
        chat: { id: ALICE, type: 'private' },
        from: { id: ALICE },
        text: '/status',
      },
    })
    expect(await at.ask(ALICE, '/repos')).not.toContain('not of')
    expect(await inGroup(at, { text: '/help help' })).toHaveLength(1)
  })
})

describe('a button in a group', () => {
  test('counts from the person whom the question is for, not from the group that it was sent to', async () => {
    const at = await open({ ...alice, chat_id: GROUP, telegram_id: 999 })
    await at.ask(GROUP, '/run asker octocat/x#1', { id: 999 })
    const question = await until('the question', () =>
      at.telegram.messages.find(({ text, chat_id }) => chat_id === GROUP && text.startsWith('Shall I?')),
    )
    const [[yes]] = (question.reply_markup as unknown as { inline_keyboard: { callback_data: string }[][] })
      .inline_keyboard as [[{ callback_data: string }]]
    at.telegram.press(question.message_id, yes.callback_data, { id: 555 })
    at.telegram.press(question.message_id, yes.callback_data, { id: 500 })
    await until('two toasts', () => at.telegram.answers.length === 2)
    expect(at.telegram.answers.map(({ text }) => text)).toEqual([
      'This question is not for you.',
      'This question is not for you.',
    ])
    at.telegram.sendText(GROUP, 'yes', { id: 555 })
    at.telegram.press(question.message_id, yes.callback_data, { id: 999 })
    await until('the result', () =>
      at.said(GROUP).some((text) => text.startsWith('went on with yes of alice')),
    )
  })
})

describe('/start CODE', () => {
  test('makes the person a user, in groups too, over restarts', async () => {
    const at = await open({ name: 'alice', repos: ['octocat/*'] })
    expect(await at.ask(999, '/start')).toBe("This chat's id is 999.")
    expect(await at.ask(999, `/start ${await invite(at)}`)).toBe(
      'You are alice (member) here, and in groups. /help says what you can do.\nYour messages come to this chat.',
    )
    expect(await at.ask(999, '/status')).toMatch(/You: alice, member\nYour messages go to this chat \(user\)/)
    expect(await at.ask(GROUP, '/repos', { id: 999 })).toContain('octocat/* (config)')
    expect(await claims(at)).toMatchObject({ telegram_id: 999, telegram_id_source: 'claim' })
    await at.restart()
    expect(await at.ask(GROUP, '/start', { id: 999 })).toContain('You are alice (member)')
    // What was claimed in a private chat is where her messages go.
    await at.ask(999, '/run asker octocat/x#1')
    await until('the question', () => at.said(999).some((text) => text.startsWith('Shall I?')))
  })

  test('in a group it names the person, and no chat', async () => {
    const at = await open({ name: 'alice', repos: ['octocat/*'] })
    const code = await invite(at)
    expect(await at.ask(GROUP, `/start@hookyard_bot ${code}`, { id: 999 })).toBe(
      'You are alice (member) in groups, and in a chat with me. /help says what you can do.',
    )
    expect(await at.ask(GROUP, '/status', { id: 999 })).toContain("Your messages go to the service's log")
  })

  test('is used once, by the first, and not after ten minutes; the newest code alone counts', async () => {
    const at = await open({ name: 'alice', repos: ['octocat/*'] })
    const old = await invite(at)
    const code = await invite(at)
    expect(await at.ask(555, `/start ${old}`)).toBe(NO_CODE)
    expect(await at.ask(999, `/start ${code}`)).toContain('You are alice')
    expect(await at.ask(555, `/start ${code}`)).toBe(NO_CODE)
    const late = await invite(at)
    at.advance(600_000)
    expect(await at.ask(555, `/start ${late}`)).toBe(NO_CODE)
    expect(await claims(at)).toMatchObject({ telegram_id: 999 })
    const inTime = await invite(at)
    at.advance(599_000)
    expect(await at.ask(555, `/start ${inTime}`)).toContain('You are alice')
    // One user, one person: the former is nobody now.
    expect(await claims(at)).toMatchObject({ telegram_id: 555 })
    expect(await at.ask(999, '/start')).toBe("This chat's id is 999.")
  })

  test('is tried five times a minute; further tries count for nothing, were they right', async () => {
    const at = await open({ name: 'alice', repos: ['octocat/*'] })
    const code = await invite(at)
    for (let tries = 0; tries < 5; tries += 1) at.telegram.sendText(555, `/start ${'0'.repeat(31)}${tries}`)
    at.telegram.sendText(555, `/start ${code}`)
    await at.ask(1, '/help help')
    await until('five answers', () => at.said(555).length >= 5)
    expect(at.said(555)).toEqual(Array(5).fill(NO_CODE))
    expect(await claims(at)).toMatchObject({ telegram_id: null })
    // Somebody else is not held up by that.
    expect(await at.ask(999, `/start ${code}`)).toContain('You are alice')
  })

  test('does not go against the configuration', async () => {
    const at = await open({ ...alice, telegram_id: 999 }, { name: 'bob', chat_id: 222, repos: [] })
    const code = await invite(at)
    expect(await at.ask(555, `/start ${code}`)).toBe(NO_CODE)
    expect(await at.ask(222, `/start ${code}`)).toBe(NO_CODE)
    expect(await claims(at)).toMatchObject({ telegram_id: 999, telegram_id_source: 'config' })
    expect(await at.ask(222, `/start ${await invite(at, 'root')}`)).toBe(
      'The configuration says that you are bob: this code is not for you.',
    )
  })

  test('by the anonymous or in another’s words it claims nothing', async () => {
    const at = await open({ name: 'alice', repos: ['octocat/*'] })
    const text = `/start ${await invite(at)}`
    await inGroup(
      at,
      { text, sender_chat: { id: GROUP, type: 'supergroup' } },
      { text, from: { id: 7, is_bot: true } },
      { text, forward_date: 1 },
    )
    expect(await claims(at)).toMatchObject({ telegram_id: null })
    expect(await inGroup(at, { text: '/start not-for-this-bot' })).toEqual([])
    expect(await inGroup(at, { text })).toHaveLength(1)
    expect(await claims(at)).toMatchObject({ telegram_id: 999 })
  })

  test('ends with the user, with a telegram_id of the configuration, and when it is taken back', async () => {
    const at = await open({ name: 'alice', repos: ['octocat/*'] })
    await at.ask(999, `/start ${await invite(at)}`)
    const file = readFileSync(at.configFile, 'utf8')
    const start = async (text: string) => {
      writeFileSync(at.configFile, text)
      await at.restart()
    }
    await start(file.replace(/ {2}- name: alice\n(?: {4}.*\n)+/, ''))
    expect(await at.ask(999, '/start')).toBe("This chat's id is 999.")
    await start(file.replace('name: alice\n', 'name: alice\n    telegram_id: 555\n'))
    expect(await at.ask(999, '/start')).toBe("This chat's id is 999.")
    expect(await at.ask(555, '/status')).toContain("Your messages go to the service's log")
    await start(file)
    expect(await at.ask(999, '/start')).toContain('You are alice')
    const revoke = () => at.api('/api/users/alice/revoke', { json: {} })
    expect((await revoke()).body).toEqual({ user: 'alice', revoked: true })
    expect((await revoke()).body).toEqual({ user: 'alice', revoked: false })
    expect(await at.ask(999, '/start')).toBe("This chat's id is 999.")
    const code = await invite(at)
    await revoke()
    expect(await at.ask(999, `/start ${code}`)).toBe(NO_CODE)
  })
})

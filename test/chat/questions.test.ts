// A paused run's question in the chat: buttons or a text, from those whom it is for, once, over restarts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TOKEN, closeInstallations, handler, until } from '../installation.ts'
import { ALICE, BOB, type ChatScene, openChat } from './scene.ts'

afterAll(closeInstallations)

const modules = {
  asker: {
    manifest: { subject: 'none', triggers: [{ webhook: 'watch' }] },
    handler: handler(`
      if (ctx.trigger.type === 'resume') return done('went on with ' + ctx.trigger.data.answer + ' of ' + ctx.trigger.by)
      return paused('Shall I merge?', { options: [{ value: 'yes', label: 'Merge it' }, { value: 'no', label: 'Not now' }], expires: '1h', default: 'no' })
    `).replace('skipped, failed', 'skipped, failed, paused'),
  },
  quoter: {
    manifest: { subject: 'none', triggers: [{ webhook: 'watch' }] },
    handler: handler(`
      if (ctx.trigger.type === 'resume') return done('heard ' + ctx.trigger.data.answer)
      return paused('Merge this?\\n' + ctx.input)
    `).replace('skipped, failed', 'skipped, failed, paused'),
  },
  texter: {
    manifest: { subject: 'none', triggers: [{ webhook: 'watch' }] },
    handler: handler(`
      if (ctx.trigger.type === 'resume') return done('heard ' + ctx.trigger.data.answer)
      return paused('Which name?')
    `).replace('skipped, failed', 'skipped, failed, paused'),
  },
}
const users = [
  { name: 'alice', role: 'admin', chat_id: ALICE, repos: ['octocat/*'] },
  { name: 'bob', chat_id: BOB, repos: ['octocat/*'] },
  { name: 'carol', chat_id: 333, repos: ['octocat/*'] },
]
const config = {
  api_tokens: [
    { name: 'test', token: TOKEN, user: 'alice', scopes: ['*'] },
    { name: 'bobs', token: 'the-token-of-bob', user: 'bob', scopes: ['*'] },
  ],
}

let shared: ChatScene
beforeAll(async () => {
  shared = await openChat({ users, modules, config })
})
/** Of the answers to buttons, those that were given before this test. */
let answeredBefore = 0

/** The chat of the file, in which no question is open and nothing is said yet. */
async function open(): Promise<ChatScene> {
  // Telegram's pace of messages is not what this is about.
  shared.advance(60_000)
  const { body } = await shared.api('/api/runs?status=paused')
  for (const { id } of body['runs'] as { id: string }[])
    expect(await shared.api(`/api/runs/${id}/cancel`, { json: {} })).toMatchObject({ status: 202 })
  await shared.settled(BOB)
  answeredBefore = shared.telegram.answers.length
  const before = new Map([ALICE, BOB].map((chat) => [chat, shared.said(chat).length]))
  return Object.assign(Object.create(shared) as ChatScene, {
    said: (chat: number) => shared.said(chat).slice(before.get(chat) ?? 0),
  })
}

/** Starts the module as this chat's user, and resolves with the run and the message that asks. */
async function askedBy(at: ChatScene, chatId: number, module: keyof typeof modules, entity = 'octocat/x#1') {
  const answer = await at.ask(chatId, `/run ${module} ${entity}`)
  const runId = /run (\w+)\)/.exec(answer)?.[1] ?? ''
  // Of the two messages either may come first.
  await until('the answer to /run', () =>
    at.said(chatId).some((text) => text.startsWith(`${module} started`) && text.includes(runId)),
  )
  const question = await until('the question', () =>
    at.telegram.messages.find(({ text }) => text.includes(`(run ${runId})`) && /[?]/.test(text)),
  )
  return { runId, question }
}

/** bob replies to a message of the bot's. */
const replyTo = (at: ChatScene, message_id: number, repliedTo: string, text: string) =>
  at.telegram.sendUpdate({
    message: {
      message_id: 9_000 + message_id,
      date: 1,
      chat: { id: BOB, type: 'private' },
      from: { id: BOB, is_bot: false, first_name: 'bob' },
      text,
      reply_to_message: {
        message_id,
        chat: { id: BOB, type: 'private' },
        from: { id: 42, is_bot: true, first_name: 'hookyard_bot' },
        text: repliedTo,
      },
    },
  })

const buttons = (message: { reply_markup: unknown }) =>
  (
    message.reply_markup as { inline_keyboard: { text: string; callback_data: string }[][] }
  ).inline_keyboard.flat()
const finished = (at: ChatScene, runId: string) =>
  until('the run to end', async () => {
    const { body } = await at.api(`/api/runs/${runId}`)
    return body['status'] === 'done' && body
  })
const toasts = (at: ChatScene, count: number) =>
  until(`${count} answers`, () => {
    const answers = at.telegram.answers.slice(answeredBefore)
    return answers.length >= count && answers
  })

describe('buttons', () => {
  test('a pressed button resumes the run, says so to everybody, and leaves no buttons', async () => {
    const at = await open()
    const { runId, question } = await askedBy(at, BOB, 'asker')
    expect(buttons(question).map(({ text }) => text)).toEqual(['Merge it', 'Not now'])
    at.telegram.press(question.message_id, buttons(question)[0]!.callback_data)
    expect(await finished(at, runId)).toMatchObject({
      result: { summary: 'went on with yes of bob' },
      questions: [{ status: 'answered', answer: 'yes', answered_by: 'bob', answered_via: 'telegram' }],
    })
    expect(await toasts(at, 1)).toMatchObject([{ text: 'You answered: Merge it', show_alert: false }])
    await until('the line', () =>
      at.said(BOB).includes('bob answered: Merge it, and asker on octocat/x#1 goes on.'),
    )
    await until('the buttons to go', () =>
      at.telegram.messages.some((one) => one.message_id === question.message_id && one.editedAt !== null),
    )
    expect(at.telegram.violations).toEqual([])
  })

  test('a second press is refused politely, also by another, and changes nothing', async () => {
    const at = await open()
    const { runId, question } = await askedBy(at, BOB, 'asker')
    const [yes, no] = buttons(question)
    at.telegram.press(question.message_id, yes!.callback_data)
    await finished(at, runId)
    at.telegram.press(question.message_id, no!.callback_data)
    at.telegram.press(question.message_id, no!.callback_data, { id: ALICE })
    const answers = await toasts(at, 3)
    for (const one of answers.slice(1))
      expect(one).toMatchObject({
        text: expect.stringMatching(/^this question is answered already: "yes" by bob/) as string,
        show_alert: true,
      })
    expect(await finished(at, runId)).toMatchObject({ result: { summary: 'went on with yes of bob' } })
  })

  test('in a group a stranger, and a user whom it is not for, are refused', async () => {
    answeredBefore = 0
    const group = await openChat({
      users: [{ ...users[0]!, notify_chat_id: -500 }, users[2]!],
      modules,
    })
    const second = await askedBy(group, ALICE, 'asker')
    expect(second.question.chat_id).toBe(-500)
    const yes = buttons(second.question)[0]!.callback_data
    group.telegram.press(second.question.message_id, yes, { id: 999 })
    group.telegram.press(second.question.message_id, yes, { id: 333 })
    const refused = await toasts(group, 2)
    expect(refused.map(({ text }) => text)).toEqual([
      'This question is not for you.',
      'this question is for alice or an admin; carol may not answer it',
    ])
    expect(group.said(-500)).toHaveLength(1)
    group.telegram.press(second.question.message_id, yes, { id: ALICE })
    expect(await finished(group, second.runId)).toMatchObject({
      result: { summary: 'went on with yes of alice' },
    })
  })

  test('a press after the time is up is told so', async () => {
    const at = await open()
    const { runId, question } = await askedBy(at, BOB, 'asker')
    at.advance(3_600_001)
    at.telegram.press(question.message_id, buttons(question)[0]!.callback_data)
    const [toast] = await toasts(at, 1)
    expect(toast?.text).toMatch(/^the time for an answer was up at .*: "no" was taken$/)
    expect(await finished(at, runId)).toMatchObject({
      result: { summary: expect.stringContaining('no') as string },
    })
  })

  test('a question outlives a restart', async () => {
    const at = await open()
    const { runId, question } = await askedBy(at, BOB, 'asker')
    await at.stop()
    at.telegram.press(question.message_id, buttons(question)[1]!.callback_data)
    await at.restart()
    expect(await finished(at, runId)).toMatchObject({ result: { summary: 'went on with no of bob' } })
  })

  test('a button that means nothing is answered, so that nobody waits', async () => {
    const at = await open()
    const { question } = await askedBy(at, BOB, 'asker')
    for (const data of ['nonsense', 'answer:unknown-run:1:0', 'answer:x'])
      at.telegram.press(question.message_id, data)
    expect((await toasts(at, 3)).map(({ text }) => text)).toEqual([
      'This button has no meaning any more.',
      'there is no run unknown-run',
      'This button has no meaning any more.',
    ])
  })

  test('a muted entity still asks', async () => {
    const at = await open()
    await at.ask(BOB, '/mute octocat/muted 1d')
    const { runId, question } = await askedBy(at, BOB, 'asker', 'octocat/muted#1')
    at.telegram.press(question.message_id, buttons(question)[0]!.callback_data)
    await finished(at, runId)
    await at.settled(BOB)
    expect(at.said(BOB).some((text) => text.startsWith('went on'))).toBe(false)
  })
})

describe('texts', () => {
  test('the only open question takes the next words', async () => {
    const at = await open()
    const { runId } = await askedBy(at, BOB, 'texter')
    expect(await at.ask(BOB, 'Call it Hookyard!')).toBe(
      'bob answered: Call it Hookyard!, and texter on octocat/x#1 goes on.',
    )
    expect(await finished(at, runId)).toMatchObject({ result: { summary: 'heard Call it Hookyard!' } })
    expect(await at.ask(BOB, 'and more')).toBe(
      'No question is open. I understand commands: /help lists them.',
    )
  })

  test('words that are none of the options are told the options', async () => {
    const at = await open()
    const { runId } = await askedBy(at, BOB, 'asker')
    expect(await at.ask(BOB, 'perhaps')).toBe(
      '"perhaps" is no answer to this question; choose one of: yes, no',
    )
    expect(await at.ask(BOB, 'merge IT')).toContain('bob answered: Merge it')
    await finished(at, runId)
  })

  test('of several questions the one that is replied to is meant', async () => {
    const at = await open()
    const first = await askedBy(at, BOB, 'texter', 'octocat/x#1')
    const second = await askedBy(at, BOB, 'texter', 'octocat/x#2')
    expect(await at.ask(BOB, 'a name')).toBe(
      'Several questions are open. Reply to the one that you mean.\ntexter on octocat/x#2: Which name?\ntexter on octocat/x#1: Which name?',
    )
    replyTo(at, first.question.message_id, first.question.text, 'the first one')
    expect(await finished(at, first.runId)).toMatchObject({ result: { summary: 'heard the first one' } })
    // The run may end before this is said, and then it would be taken for the answer to the next words.
    await until('the line', () =>
      at.said(BOB).some((text) => text.endsWith('texter on octocat/x#1 goes on.')),
    )
    expect(await at.ask(BOB, 'the second one')).toContain('texter on octocat/x#2 goes on.')
    await finished(at, second.runId)
  })

  test('in a group a reply to what another bot wrote answers nothing', async () => {
    const at = await open()
    const { runId, question } = await askedBy(at, BOB, 'texter')
    const chat = { id: -100, type: 'group', title: 'team' }
    const reply = (bot: number, text: string) =>
      at.telegram.sendUpdate({
        message: {
          ...{ message_id: 9_900 + bot, date: 1, chat, text },
          from: { id: BOB, is_bot: false, first_name: 'bob' },
          reply_to_message: {
            ...{ message_id: 1, chat, text: question.text },
            from: { id: bot, is_bot: true, first_name: 'bot' },
          },
        },
      })
    reply(43, 'not meant')
    reply(42, 'meant')
    expect((await finished(at, runId))['result']).toMatchObject({ summary: 'heard meant' })
  })

  test('a reply answers the question that was asked, whatever other run its words name', async () => {
    const at = await open()
    const other = await askedBy(at, BOB, 'texter')
    const words = `Answer with a text (run ${other.runId})`
    const { body } = await at.api('/api/modules/quoter/invoke', {
      json: { input: words },
      headers: { authorization: 'Bearer the-token-of-bob' },
    })
    const runId = String(body['run_id'])
    const question = await until('the question', () =>
      at.telegram.messages.find(({ text }) => text.includes(`(run ${runId})`)),
    )
    replyTo(at, question.message_id, question.text, 'yes')
    expect(await finished(at, runId)).toMatchObject({ result: { summary: 'heard yes' } })
    // A message that asks nothing may name a run as well.
    replyTo(at, 1, `PR #1 opened\nFix (run ${other.runId})`, 'nice')
    await until('an answer', () => at.said(BOB).some((text) => text.startsWith('That message asks nothing.')))
    expect((await at.api(`/api/runs/${other.runId}`)).body).toMatchObject({ status: 'paused' })
  })
})

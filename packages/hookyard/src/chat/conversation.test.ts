// One update, one effect: whatever comes again, or is interrupted between its parts.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StoreError } from '../store/store.ts'
import { openChatBench } from '../../testing/chat/bench.ts'

test('an update that comes again changes and answers nothing', async () => {
  const bench = await openChatBench()
  const update = bench.text(222, '/on pr-review')
  await bench.conversation.take(update)
  await bench.conversation.take(bench.text(222, '/off pr-review'))
  await bench.conversation.take(update)
  await bench.again().take(update)
  expect((await bench.store.chat.settings()).map(({ value }) => value)).toEqual(['off'])
  expect((await bench.answers()).map((text) => text.split('\n')[0])).toEqual([
    '222 pr-review is on for you (user).',
    '222 pr-review is off for you (user).',
  ])
})

test('a crash between the run and its answer: taken again, it is the same run, answered once', async () => {
  const bench = await openChatBench()
  const update = bench.text(111, '/run pr-review octocat/one#1')
  const crash = () => {
    throw new StoreError('died', 'the power went')
  }
  await expect(bench.again({ commit: crash }).take(update)).rejects.toThrow('the power went')
  expect(bench.runs.size).toBe(1)
  expect(await bench.answers()).toEqual([])
  const restarted = bench.again()
  await restarted.take(update)
  await restarted.take(update)
  expect(await bench.store.runs.list({ limit: 10 })).toHaveLength(1)
  expect(await bench.answers()).toEqual([expect.stringMatching(/^111 pr-review started on octocat\/one#1/)])
})

test('a store that does not answer is no answer: the update is to come again', async () => {
  const bench = await openChatBench()
  const update = bench.text(111, '/status')
  await bench.store.close()
  await expect(bench.conversation.take(update)).rejects.toMatchObject({ code: 'closed' })
})

test('a refusal is the answer; a bug is told as a number that the log holds, and is not repeated', async () => {
  const bench = await openChatBench()
  await bench.conversation.take(bench.text(111, '/run pr-review forbidden/x#1'))
  const update = bench.text(111, '/run pr-review broken/x#1')
  await bench.conversation.take(update)
  await bench.conversation.take(update)
  expect(await bench.answers()).toEqual([
    '111 alice may not',
    `111 Something went wrong inside. The log holds it under update ${String(update['update_id'])}.`,
  ])
  expect(bench.logged.filter((line) => line.startsWith('error'))).toHaveLength(1)
})

test('updates that come at once are taken in their order', async () => {
  const bench = await openChatBench()
  const words = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'on' : 'off'))
  await Promise.all(words.map((word) => bench.conversation.take(bench.text(222, `/${word} pr-review`))))
  expect((await bench.answers()).map((text) => text.split(' ')[3])).toEqual(words)
  expect(await bench.store.chat.settings()).toMatchObject([{ value: 'off' }])
})

test('one that fails does not hold up the next', async () => {
  const bench = await openChatBench()
  let failures = 1
  const conversation = bench.again({
    commit() {
      if (failures-- > 0) throw new StoreError('SQLITE_BUSY', 'not now')
    },
  })
  const first = conversation.take(bench.text(222, '/help help'))
  const second = conversation.take(bench.text(222, '/help start'))
  await expect(first).rejects.toThrow('not now')
  await second
  expect(await bench.answers()).toEqual([
    "222 /start CODE: This chat's id; with a code of hookyard invite: who you are",
  ])
})

test('what Telegram may also send has no effect, and counts as taken', async () => {
  const bench = await openChatBench()
  const others: unknown[] = [
    { update_id: 5, edited_message: { chat: { id: 111 }, text: '/off pr-review' } },
    { update_id: 6, message: { chat: { id: 111, type: 'private' }, from: { id: 111 }, photo: [] } },
    { update_id: 7, my_chat_member: {} },
    { update_id: 8, message: { text: '/status' } },
  ]
  for (const update of others) await bench.conversation.take(update)
  expect(await bench.answers()).toEqual([])
  for (const id of [5, 6, 7, 8]) expect(await bench.store.chat.isCommitted('42', id)).toBe(true)
})

test('nothing that anybody sends breaks the conversation, and strangers get the chat’s id at most', async () => {
  const bench = await openChatBench()
  const chat = fc.constantFrom(111, 222, 333, -5)
  const commands = ['start', 'help', 'status', 'modules', 'runs', 'run', 'why', 'on', 'off', 'repos', 'add', 'remove', 'notify', 'mute', 'unmute', 'reset'] // prettier-ignore
  const word = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.constantFrom(
      'octocat/one',
      'octocat/one#4',
      'pr-review',
      'here',
      '2h',
      'all',
      '@hookyard_bot',
      '\u202e',
    ),
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .tuple(fc.constantFrom(...commands), fc.array(word, { maxLength: 3 }))
      .map(([name, args]) => `/${[name, ...args].join(' ')}`),
  )
  await fc.assert(
    fc.asyncProperty(chat, text, async (chatId, words) => {
      await bench.conversation.take(bench.text(chatId, words))
      for (const answer of await bench.answers()) {
        const [, to, said = ''] = /^(\S+) ([^]*)$/.exec(answer) ?? []
        expect(Number(to)).toBe(chatId)
        if (chatId === 333 || chatId === -5)
          expect(said).toMatch(new RegExp(`^(This chat's id is ${chatId}\\.$|This code does not count)`))
        expect(said).not.toContain('Something went wrong')
      }
      return true
    }),
    { numRuns: 300 },
  )
  for (const junk of [null, 1, 'x', [], {}, { update_id: 'x' }, { update_id: 0 }])
    await bench.conversation.take(junk)
  await fc.assert(
    fc.asyncProperty(fc.object({ withNullPrototype: true }), async (junk) => {
      await bench.conversation.take({ ...bench.text(1, ''), message: junk, callback_query: junk })
    }),
    { numRuns: 100 },
  )
  expect(bench.logged.filter((line) => line.startsWith('error'))).toEqual([])
})

// What a model wrote acts in no chat: no address, command or name in it is one for the program, all of it is for the reader.
import { expect, test } from 'vitest'
import { questionMessage } from '../ask/question.ts'
import { toDiscord } from './discord.ts'
import { inertText } from './untrusted-text.ts'
import { toPlainText } from './message.ts'
import { crashNotice, heard, runMessage, toldMessage } from './run-message.ts'
import { toSlack } from './slack.ts'
import { toTelegram } from './telegram-html.ts'

test.each([
  ['see evil.com, www.evil.test/x and README.md', 'see evil[.]com, www[.]evil[.]test/x and README[.]md'],
  ['https://evil.test/a?b=c', 'https[:]//evil[.]test/a?b=c'],
  ['tg://resolve?domain=evil t.me/evil', 'tg[:]//resolve?domain=evil t[.]me/evil'],
  ['münchen.de xn--bcher-kva.example 10.0.0.1', 'münchen[.]de xn--bcher-kva[.]example 10[.]0[.]0[.]1'],
  ['/close and (/add@bot) now', '[/]close and ([/]add@bot) now'],
  ['@everyone @channel mail@evil.com', '[@]everyone [@]channel mail@evil[.]com'],
  ['ev\u200bil\u202e.com', 'evil[.]com'],
  [`the key is ghp_${'a1B2'.repeat(9)}`, 'the key is (secret removed)'],
])('acts nowhere: %j', (text, inert) => {
  expect(inertText(text)).toBe(inert)
  expect(inertText(inert)).toBe(inert)
})

test.each([
  '2 findings on ec26c3e',
  'octo/hello#7 and src/a/b.ts:12',
  'lodash@4.17.21, 1.5 h, e.g. this',
  '/usr/bin/env and/or a/b',
])('stays as it is: %j', (text) => expect(inertText(text)).toBe(text))

const HOSTILE = 'Go to evil.com or https://evil.test, @everyone <@1> <!channel>\n/approve'
const by = { module: 'm', entity: 'o/r#1', runId: 'r1', subject: null }

test('every message of a tainted run, in every channel', () => {
  const options = [
    { value: 'yes', label: 'evil.com' },
    { value: 'no', label: '/approve' },
  ]
  const question = { text: HOSTILE, options, fallback: 'yes', state: null, askedAt: 0, expiresAt: 1 }
  const messages = [
    runMessage({ ...by, outcome: { status: 'done', summary: HOSTILE }, tainted: true }),
    toldMessage(HOSTILE, true),
    questionMessage(question, { ...by, ordinal: 1, tainted: true }),
    crashNotice('m', 'o/r#1', heard(HOSTILE, true), 'r1'),
  ]
  for (const message of messages) {
    const telegram = toTelegram(message)
    for (const text of [
      toPlainText(message),
      telegram?.html,
      telegram?.text,
      toDiscord(message),
      JSON.stringify(toSlack(message)),
    ])
      expect(text).not.toMatch(/evil\.|https:\/\/|(?<!\[|\\)@everyone|(?:^|\s)\/approve/m)
  }
})

test('a run that never asked the agent speaks as its author wrote it', () => {
  const message = runMessage({ ...by, outcome: { status: 'done', summary: HOSTILE }, tainted: false })
  expect(toPlainText(message)).toContain(HOSTILE)
  expect(toPlainText(toldMessage(HOSTILE, false))).toBe(HOSTILE)
})

// What somebody wrote: a command, whom it is meant for, and its arguments.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseText } from './parse-text.ts'

test.each<[string, ReturnType<typeof parseText>]>([
  ['/help', { kind: 'command', name: 'help', args: [], addressed: false }],
  ['  /HELP  me ', { kind: 'command', name: 'help', args: ['me'], addressed: false }],
  ['/run@Our_Bot a\n b', { kind: 'command', name: 'run', args: ['a', 'b'], addressed: true }],
  ['/run@other_bot a', { kind: 'elsewhere' }],
  ['/run@our_bot_2', { kind: 'elsewhere' }],
  ['/pr-review now', { kind: 'command', name: 'pr-review', args: ['now'], addressed: false }],
  ['/', { kind: 'text', text: '/' }],
  ['/ help', { kind: 'text', text: '/ help' }],
  ['help', { kind: 'text', text: 'help' }],
  ['see /help', { kind: 'text', text: 'see /help' }],
  ['', { kind: 'text', text: '' }],
])('%j', (text, parsed) => {
  expect(parseText(text, 'our_bot')).toEqual(parsed)
})

test('a command is read back as it was written, for every name, bot and list of arguments', () => {
  const word = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !/\s/.test(text))
  const name = fc.stringMatching(/^[a-z0-9_]{1,32}$/)
  fc.assert(
    fc.property(name, fc.boolean(), fc.array(word, { maxLength: 5 }), (command, addressed, args) => {
      const text = [`/${command}${addressed ? '@our_bot' : ''}`, ...args].join(' ')
      expect(parseText(text, 'our_bot')).toEqual({ kind: 'command', name: command, args, addressed })
    }),
  )
})

test('no text makes it throw, and none is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const parsed = parseText(text, 'our_bot')
      if (parsed.kind === 'text') expect(parsed.text).toBe(text.trim())
    }),
  )
})

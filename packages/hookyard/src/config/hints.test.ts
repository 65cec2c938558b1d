// A hint is what was meant, or nothing: a far word is no help.
import { expect, test } from 'vitest'
import { hintFor, nearest } from './hints.ts'

const KEYS = ['port', 'host', 'public_url', 'chat_id', 'notify_chat_id', 'cooldown', 'on_cooldown', 'may']

test.each([
  ['prot', 'port'],
  ['prt', 'port'],
  ['ports', 'port'],
  ['chatId', 'chat_id'],
  ['CHAT-ID', 'chat_id'],
  ['cooldwon', 'cooldown'],
  ['publicUrl', 'public_url'],
  ['on_cooldwn', 'on_cooldown'],
  ['mya', 'may'],
  ['x', null],
  ['timeout', null],
  ['', null],
  ['p'.repeat(100_000), null],
])('%s is meant to be %s', (word, meant) => {
  expect(nearest(word, KEYS)).toBe(meant)
})

test('of two equally near ones the first', () => {
  expect(nearest('bat', ['cat', 'hat'])).toBe('cat')
})

test('when nothing is near, a short list is the hint', () => {
  expect(hintFor('zzz', ['a', 'b'])).toBe('known here: a, b')
  expect(hintFor('zzz', [])).toBeNull()
  expect(
    hintFor(
      'zzz',
      Array.from({ length: 17 }, (_, index) => `word-number-${index}`),
    ),
  ).toBeNull()
})

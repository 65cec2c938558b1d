// What strangers wrote stays on its line, reads in its own direction and is never half a character.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanLines, cut, oneLine } from './untrusted-text.ts'

const anything = fc.array(
  fc.oneof(fc.nat(0xffff), fc.constantFrom(0x0a, 0x0d, 0x00, 0x2028, 0x202e, 0xd83d, 0xde00)),
  {
    maxLength: 600,
  },
)
const units = anything.map((codes) => String.fromCharCode(...codes))

test('one line is one line, of good encoding and bounded length', () => {
  fc.assert(
    fc.property(units, fc.integer({ min: 1, max: 300 }), (text, max) => {
      const line = oneLine(text, max)
      expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
      expect(line.isWellFormed()).toBe(true)
      expect([...line].length).toBeLessThanOrEqual(max + 3)
    }),
  )
})

test('lines stay lines, and nothing else that controls gets through', () => {
  fc.assert(
    fc.property(units, (text) => {
      const clean = cleanLines(text)
      expect(clean).not.toMatch(/[^\P{Cc}\n\t]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
      expect(clean.isWellFormed()).toBe(true)
      expect(clean.split('\n')).toHaveLength(text.split(/\r\n?|[\n\u2028\u2029]/).length)
    }),
  )
})

test.each([
  ['a plain title', 'Fix the parser', 'Fix the parser'],
  ['spaces within', 'a  b', 'a  b'],
  ['a forged line', ' a\r\n  by root ', 'a by root'],
  ['an emoji of several code points', '👩‍💻 ships', '👩‍💻 ships'],
  ['Arabic, without marks', 'مرحبا', 'مرحبا'],
])('%s', (_name, text, line) => {
  expect(oneLine(text)).toBe(line)
})

test.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'abc...'],
  ['😀😀', 2, '😀😀'],
  ['😀😀', 1, '😀...'],
  ['a😀', 1, 'a...'],
  ['', 0, ''],
])('cut(%j, %d)', (text, max, shown) => {
  expect(cut(text, max)).toBe(shown)
})

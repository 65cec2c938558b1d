// What nobody sees goes; what a script or an emoji is written with stays, there and nowhere else.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stripInvisible } from './invisible.ts'

const strip = (text: string) => stripInvisible(text).text

test.each([
  ['Persian', 'می\u200cخواهم'],
  ['Hindi', 'क्\u200dष, क्\u200cष'],
  ['Sinhala', 'ශ්\u200dරී'],
  ['Malayalam', 'നന്\u200d ന'],
  ['a woman at a computer', '👩\u200d💻'],
  ['a family with skins', '👨🏽\u200d👩🏿\u200d👧'],
  ['a heart on fire', '❤\ufe0f\u200d🔥'],
  ['a runner', '🏃🏽\u200d♀\ufe0f'],
  ['a rainbow flag, a key, a flag of letters', '🏳\ufe0f\u200d🌈 1\ufe0f\u20e3 🇩🇪'],
  ['Scotland', '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}'],
])('%s stays whole', (_what, text) => expect(stripInvisible(text)).toEqual({ text, removed: 0 }))

test.each([
  ['joiners between Latin letters', 'gh\u200dp\u200c_x', 'ghp_x'],
  ['a joiner at the edge of a word', '\u200cمی\u200c و\u200d', 'می و'],
  ['joiners in a row', 'می\u200c\u200c\u200dخ', 'میخ'],
  ['a joiner between a letter and an emoji', 'a\u200d💻', 'a💻'],
  ['tag letters behind a flag', '🏴\u{e0077}\u{e0072}\u{e0069}\u{e0074}\u{e0065}\u{e007f}', '🏴'],
  [
    'tag letters behind Scotland',
    '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}\u{e0041}',
    '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}',
  ],
  ['variation selectors that carry bytes', '😀\ufe0f\ufe01\u{e0101}\u{e0102}', '😀\ufe0f'],
  ['a selector behind a letter', 'a\ufe0fb', 'ab'],
  ['direction marks', 'a\u202eb\u2066c\u200f', 'abc'],
  ['line separators', 'a\u2028b\rc\r\nd', 'a\nb\nc\nd'],
])('%s do not stay', (_what, text, expected) => expect(strip(text)).toBe(expected))

test('what is taken out brings nothing invisible together', () => {
  const piece = fc.constantFrom(
    ...[
      'می',
      '\u200c',
      '\u200d',
      '👩',
      '💻',
      '\ufe0f',
      '🏴',
      '\u{e0067}',
      '\u{e007f}',
      'a',
      '\u202e',
      '1',
      '\u20e3',
      '🏽',
    ],
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const once = strip(pieces.join(''))
      expect(strip(once)).toBe(once)
    }),
    { numRuns: 2_000 },
  )
})

// Addresses inside a text: found without what closes the sentence around them, and nothing of the text lost.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostileParts } from '../../testing/send/standins.ts'
import { splitLinks } from './web-links.ts'

const urls = (text: string) =>
  splitLinks(text)
    .filter(({ url }) => url)
    .map((piece) => piece.text)

test.each([
  ['see https://x.example/a.', ['https://x.example/a']],
  ['(https://x.example/a)', ['https://x.example/a']],
  ['<https://x.example/a|b>', ['https://x.example/a']],
  ['https://x.example/?q=1&r=2#f, http://y.example', ['https://x.example/?q=1&r=2#f', 'http://y.example']],
  ['javascript:alert(1) ftp://x.example www.x.example', []],
  ['https:// and http://', []],
])('%s', (text, found) => {
  expect(urls(text)).toEqual(found)
})

test('the pieces are the text', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(...hostileParts), fc.string())), (parts) => {
      const text = parts.join('')
      const pieces = splitLinks(text)
      expect(pieces.map((piece) => piece.text).join('')).toBe(text)
      expect(pieces.every((piece) => piece.text !== '')).toBe(true)
    }),
  )
})

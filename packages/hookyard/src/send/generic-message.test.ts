// The text of `POST /webhook`, contract section 4.
import { expect, test } from 'vitest'
import { genericMessage, genericText } from './format.ts'
import { toTelegram } from './telegram-html.ts'

test.each([
  ['a string message', { message: ' *hi*\n<b> ', more: 1 }, ' *hi*\n<b> '],
  ['a blank message', { message: ' \n' }, '{\n  "message": " \\n"\n}'],
  ['a message of another type', { message: 5 }, '{\n  "message": 5\n}'],
  ['no message', { a: [1] }, '{\n  "a": [\n    1\n  ]\n}'],
  ['an empty object', {}, '{}'],
  ['4096 characters', { message: 'x'.repeat(4_096) }, 'x'.repeat(4_096)],
  ['4097 characters', { message: 'x'.repeat(4_097) }, `${'x'.repeat(4_093)}...`],
  ['half a pair', { message: 'a\ud83d' }, 'a\ufffd'],
])('%s', (_name, body, text) => {
  expect(genericText(body)).toBe(text)
})

test('the cut never leaves half an emoji', () => {
  const text = genericText({ message: `${'x'.repeat(4_092)}${'😀'.repeat(10)}` })
  expect(text).toBe(`${'x'.repeat(4_092)}...`)
})

test('what was cut here is not cut again for Telegram, and carries no mark-up', () => {
  const body = { message: '<b>line</b>\n'.repeat(1_000) }
  expect(toTelegram(genericMessage(body))).toEqual({ html: null, text: genericText(body) })
})

// Whatever strangers wrote, Telegram takes the HTML, reads the same from it as from the plain twin, and
// neither is too long.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readMessageText } from '@hookyard/standins/telegram/message-text'
import { textLines } from './message.ts'
import type { Line, Message, Span } from './message.ts'
import { toTelegram } from './telegram-html.ts'

/** Telegram's rules, and stricter: https://core.telegram.org/bots/api#html-style. Links read `TEXT: URL`. */
function parseStrictly(html: string): string {
  const entities: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' }
  const decode = (text: string) =>
    text.replace(/[&<>"][^&<>";]*;?/g, (found) => {
      if (found === '"' || found.startsWith('"')) return found
      const plain = entities[found.slice(0, found.indexOf(';') + 1)]
      if (plain === undefined) throw new Error(`a bare ${JSON.stringify(found)}`)
      return plain + found.slice(found.indexOf(';') + 1)
    })
  const tags = /<(b|code)>([^<]*)<\/\1>|<a href="((?:https?|tg):[^"<>\s]+)">([^<]+)<\/a>/gi
  let text = ''
  let at = 0
  for (const match of html.matchAll(tags)) {
    text += decode(html.slice(at, match.index))
    text += match[3] === undefined ? decode(match[2]!) : `${decode(match[4]!)}: ${decode(match[3])}`
    at = match.index + match[0].length
  }
  return text + decode(html.slice(at))
}

const pieces = fc.array(
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '<b>',
      '</b>',
      '&amp;',
      '&',
      '<',
      '>',
      '"',
      "'",
      '</code>',
      '<a href="tg://x">',
      '😀',
      '\ud83d',
      '\n',
    ),
    fc.constantFrom('x'.repeat(3_000), '&'.repeat(900), '😀'.repeat(2_100), 'line\n'.repeat(500)),
  ),
  { maxLength: 6 },
)
const outside = pieces.map((parts) => parts.join(''))
const links = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  outside.map((text) => `https://github.com/?q=${text}`),
  fc.constantFrom('javascript:alert(1)', 'tg://user?id=1', 'https://', 'data:text/html,<b>', ''),
)
const spans: fc.Arbitrary<Span> = fc.oneof(
  outside,
  fc.record({ bold: outside }),
  fc.record({ code: outside }),
  fc.record({ link: links, text: outside }),
  links.map((link) => ({ link, text: link })),
)
const messages: fc.Arbitrary<Message> = fc.record(
  {
    lines: fc.array(fc.array(spans, { maxLength: 4 }), { maxLength: 30 }),
    tail: fc.nat(3),
    plain: fc.boolean(),
  },
  { requiredKeys: ['lines'] },
)

test('for any strings the HTML is accepted and reads the same as the plain text', () => {
  const holds = fc.property(messages, (message) => {
    const rendered = toTelegram(message)
    if (rendered === null) return
    const { html, text } = rendered
    expect(text.length).toBeLessThanOrEqual(4_096)
    expect(text.trim()).not.toBe('')
    expect(text.isWellFormed()).toBe(true)
    expect(html === null).toBe(message.plain === true)
    if (html === null) return
    expect(html.length).toBeLessThanOrEqual(4_096)
    expect(parseStrictly(html)).toBe(text)
    // The stand-in's parser refuses as the Bot API does, and drops links as quietly.
    const { entities } = readMessageText(html, 'HTML', undefined)
    expect(entities.filter(({ type }) => /^text_/.test(type))).toHaveLength(html.split('<a ').length - 1)
  })
  fc.assert(holds, { numRuns: 2_000 })
})

test.each<[string, Line, string, string]>([
  ['bold', [{ bold: 'a<b' }, ' c'], '<b>a&lt;b</b> c', 'a<b c'],
  ['code', [{ code: 'a&b' }], '<code>a&amp;b</code>', 'a&b'],
  ['nothing in bold', [{ bold: '' }, 'x'], 'x', 'x'],
  [
    'a link',
    [{ link: 'https://x.y/?a=1&b="', text: 'X' }],
    '<a href="https://x.y/?a=1&amp;b=&quot;">X</a>',
    'X: https://x.y/?a=1&b="',
  ],
  ['a link as itself', [{ link: 'https://x.y', text: 'https://x.y' }], 'https://x.y', 'https://x.y'],
  ['a link without text', [{ link: 'https://x.y', text: ' ' }], 'https://x.y', 'https://x.y'],
  ['a host without a dot', [{ link: 'http://ghe/x', text: 'X' }], 'X: http://ghe/x', 'X: http://ghe/x'],
  [
    'another scheme',
    [{ link: 'javascript:alert(1)', text: 'X' }],
    'X: javascript:alert(1)',
    'X: javascript:alert(1)',
  ],
  ['half a pair', ['a\ud83d'], 'a\ufffd', 'a\ufffd'],
])('%s', (_name, line, html, text) => {
  expect(toTelegram({ lines: [line] })).toEqual({ html, text })
})

test.each<[string, Line[]]>([
  ['no lines', []],
  ['no spans', [[]]],
  ['blanks', [[' ', { bold: '\n' }], ['\t']]],
  ['control characters', [['\u0001', { code: '\u0000' }]]],
])('there is nothing to send: %s', (_name, lines) => {
  expect(toTelegram({ lines })).toBeNull()
})

test('a plain message keeps its text and has no HTML', () => {
  expect(toTelegram({ lines: textLines('<b>&\nx'), plain: true })).toEqual({ html: null, text: '<b>&\nx' })
})

test('a long message is cut between lines and keeps its tail', () => {
  const lines = textLines(Array.from({ length: 200 }, (_, n) => `line ${n} ${'y'.repeat(40)}`).join('\n'))
  const text = toTelegram({ lines: [...lines, ['#42 Title'], ['https://x.y']], tail: 2 })!.text.split('\n')
  expect(text.slice(-3)).toEqual(['...', '#42 Title', 'https://x.y'])
  expect(text.slice(0, -3)).toEqual(lines.slice(0, text.length - 3).map(([line]) => line))
  expect(text.join('\n').length).toBeGreaterThan(4_000)
})

test('exactly 4096 characters are not cut, one more is', () => {
  const fits = toTelegram({ lines: [['x'.repeat(4_090)], ['12345']] })!
  expect(fits.text).toHaveLength(4_096)
  expect(fits.text.endsWith('12345')).toBe(true)
  expect(toTelegram({ lines: [['x'.repeat(4_090)], ['123456']] })!.text).toBe(`${'x'.repeat(4_090)}\n...`)
})

test('an overlong line is cut by code points and its tag is closed', () => {
  const html = toTelegram({ lines: [[{ bold: '😀'.repeat(3_000) }]] })!.html!
  expect(html).toMatch(/^<b>(?:😀)+<\/b>\.\.\.$/u)
  expect(html.length).toBeGreaterThan(4_090)
  const escaped = toTelegram({ lines: [['&'.repeat(4_000)], ['last']], tail: 1 })!
  expect(escaped.text).toMatch(/^&+\.\.\.\nlast$/)
  expect(escaped.html!.length).toBeLessThanOrEqual(4_096)
})

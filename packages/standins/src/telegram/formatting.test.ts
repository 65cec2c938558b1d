// Formatting is read as the Bot API reads it: the same text and entities, the same refusals with the same byte offsets.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readMessageText } from './message-text.ts'

const read = (source: string, mode: string) => {
  const { text, entities } = readMessageText(source, mode, [])
  return [
    text,
    entities.map(({ type, offset, length, url, language, user }) =>
      [type, offset, length, url ?? language ?? user?.id].filter((part) => part !== undefined),
    ),
  ]
}

test.each<[string, string, unknown[]]>([
  [
    '<b>a</b><strong>b</strong>',
    'ab',
    [
      ['bold', 0, 1],
      ['bold', 1, 1],
    ],
  ],
  [
    '<i>a<u>b</u></i>',
    'ab',
    [
      ['italic', 0, 2],
      ['underline', 1, 1],
    ],
  ],
  [
    '<S>a</S> <del>b</DEL>',
    'a b',
    [
      ['strikethrough', 0, 1],
      ['strikethrough', 2, 1],
    ],
  ],
  [
    '<tg-spoiler>a</tg-spoiler><span class="tg-spoiler">b</span>',
    'ab',
    [
      ['spoiler', 0, 1],
      ['spoiler', 1, 1],
    ],
  ],
  [
    '<a href="https://example.com/?a=1&amp;b=2">x</a>',
    'x',
    [['text_link', 0, 1, 'https://example.com/?a=1&b=2']],
  ],
  ["<a href='example.com'>x</a>", 'x', [['text_link', 0, 1, 'http://example.com/']]],
  ['<a href="tg://user?id=7">x</a>', 'x', [['text_mention', 0, 1, 7]]],
  ['<a href="http://localhost:8080/">dropped</a>', 'dropped', []],
  ['<pre><code class="language-ts">let a</code></pre>', 'let a', [['pre', 0, 5, 'ts']]],
  [
    '<pre>x</pre><code>y</code>',
    'xy',
    [
      ['pre', 0, 1],
      ['code', 1, 1],
    ],
  ],
  [
    '<blockquote expandable>q</blockquote><blockquote>r</blockquote>',
    'qr',
    [
      ['expandable_blockquote', 0, 1],
      ['blockquote', 1, 1],
    ],
  ],
  ['&lt;b&gt; &quot;&#228;&#xe4;&#128512;', '<b> "ää😀', []],
  ['AT&T &copy; & co &', 'AT&T &copy; & co &', []],
  [
    '<b>😀</b><i>x</i>',
    '😀x',
    [
      ['bold', 0, 2],
      ['italic', 2, 1],
    ],
  ],
  ['<b>a</>', 'a', [['bold', 0, 1]]],
  // A space at the beginning stays when it is inside of an entity.
  [' <b> a </b> ', ' a', [['bold', 0, 2]]],
])('HTML: %s', (source, text, entities) => {
  expect(read(source, 'HTML')).toEqual([text, entities])
})

test.each([
  ['a < b', 'Unsupported start tag "" at byte offset 2'],
  ['ü <x>', 'Unsupported start tag "x" at byte offset 3'],
  ['<br/>', 'Unsupported start tag "br/" at byte offset 0'],
  ['<b', 'Unclosed start tag at byte offset 0'],
  ['<a href="x', 'Unclosed start tag at byte offset 0'],
  ['<a href', 'Unclosed start tag "a" at byte offset 0'],
  ['<a href=x/y>z</a>', 'Unexpected end of name token at byte offset 8'],
  ['<b "x">y</b>', 'Empty attribute name in the tag "b" at byte offset 0'],
  ['<span class="x">y</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'],
  ['<b>x', 'Can\'t find end tag corresponding to start tag "b"'],
  ['x</b>', 'Unexpected end tag at byte offset 1'],
  ['<b><i>x</b></i>', 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'],
  ['<b>x</b', 'Unclosed end tag at byte offset 4'],
  ['<tg-emoji emoji-id="x">y</tg-emoji>', 'Invalid custom emoji identifier specified'],
])('HTML refused: %s', (source, reason) => {
  expect(() => readMessageText(source, 'HTML', [])).toThrow(`Bad Request: can't parse entities: ${reason}`)
})

test.each(['Markdown', 'MarkdownV2'])('%s is refused: it is not played', (mode) => {
  expect(() => readMessageText('*a*', mode, [])).toThrow('does not play')
})

test('escaped text always comes through unharmed', () => {
  const html = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const visible = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 200 })
    .map((text) => `x${text.replace(/[\0-\x1f\u007f-\u009f\ud800-\udfff]/g, '')}x`)
  fc.assert(
    fc.property(visible, (text) => {
      expect(read(`<b>${html(text)}</b>`, 'HTML')).toEqual([text, [['bold', 0, text.length]]])
    }),
  )
})

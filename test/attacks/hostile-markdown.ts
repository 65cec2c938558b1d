// Texts that try to get something past whoever reads Markdown: fragments that act, cut up by everything that begins or ends
// code. The same seed gives the same texts.
const ACTS = [
  ...[
    '@victim',
    '@octo-org/admins',
    '/x@victim',
    'x@victim',
    '&#64;victim',
    '\\@victim',
    '@alice',
    '_@victim',
  ],
  ...[
    '![a](https://evil.test/p.png)',
    '![a][r]',
    '![',
    '[a](https://evil.test)',
    '[a][r]',
    '[r]',
    '[r]: https://evil.test',
  ],
  ...[
    '<https://evil.test>',
    'https://evil.test',
    'www.evil.test',
    'mail@evil.test',
    '<mail@evil.test>',
    'ftp://evil.test',
  ],
  ...[
    'https://docs.test/`x',
    'https://docs.test',
    '[a](https://docs.test/a)',
    '[@victim](https://docs.test)',
    'xmpp:a@evil.test',
  ],
  ...[
    '<img src=x>',
    '<b>',
    '</b>',
    '<!--',
    '-->',
    '<details>',
    '</details>',
    '<a href="https://evil.test">',
    '<?',
    '<![CDATA[',
  ],
  ...[
    '<script>',
    '<div\n',
    '</div>',
    'https://github.com/victim/repo/issues/1',
    'victim/repo#1',
    '#1',
    '/merge',
    '[^1]',
    '[^1]: @victim',
  ],
  ...[
    'javascript:alert(1)',
    '[a](javascript:alert(1))',
    '[a](/victim)',
    'HTTPS://EVIL.test',
    'http://docs.test@evil.test',
    '//evil.test',
  ],
]
const MARKS = [
  ...[
    '`',
    '``',
    '```',
    '````',
    '~~~',
    '~~',
    '*',
    '**',
    '_',
    '\\',
    '|',
    '||',
    '>',
    '> ',
    '- ',
    '* ',
    '1. ',
    '# ',
    '- [ ] ',
    '    ',
  ],
  ...[
    '\n',
    '\n',
    '\n',
    '\n\n',
    '\n\n',
    ' ',
    ' ',
    '\t',
    '$',
    '$$',
    '[',
    ']',
    '(',
    ')',
    '][',
    '](',
    '!',
    '<',
    '>',
    '&',
    ':',
    '"',
    "'",
  ],
  ...[
    '\n```\n',
    '\n~~~\n',
    '\n```js\n',
    '~~~ a`b\n',
    '``` a\n',
    '\n~~~ `\n',
    '\n| a | b |\n|---|---|\n| ',
    ' |\n',
    '\n---\n',
    '\n===\n',
  ],
  ...[
    '\n- ',
    '\n  ',
    '\n   ',
    '\n    ',
    '\n> ',
    '\n>',
    '\n1. ',
    '\n\t',
    '\\`',
    '\\|',
    '\\\\',
    '&#96;',
    '&lt;',
    '&grave;',
    '\u00a0',
    '\u200b',
  ],
  ...[
    'x',
    'a b',
    'é',
    '中',
    '1',
    '.',
    ',',
    '-',
    '/',
    '\r',
    '\n\n```mermaid\n',
    '\n```math\n',
    '\n```suggestion\n',
    'a|b',
    '\u2028',
  ],
]

/** A generator of numbers from 0 to below 1 (mulberry32). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** As many texts as asked, of 2 to 16 fragments. */
export function* hostileTexts(count: number, seed: number): Generator<string> {
  const next = random(seed)
  const pick = (from: readonly string[]): string => from[Math.floor(next() * from.length)] ?? ''
  for (let made = 0; made < count; made += 1) {
    const parts = Array.from({ length: 2 + Math.floor(next() * 15) }, () =>
      pick(next() < 0.35 ? ACTS : MARKS),
    )
    yield parts.join('')
  }
}

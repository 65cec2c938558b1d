// A search never leaves its repository, whatever the query says.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isHitOf, pinQuery } from './search-query.ts'

test.each([
  ['crash on start', 'crash on start'],
  ['is:issue label:"good first issue" crash', 'is:issue label:"good first issue" crash'],
  ['repo:evil/secret password', 'password'],
  ['-repo:octo/hello password', 'password'],
  ['REPO:evil/secret ORG:evil User:evil owner:evil x', 'x'],
  ['repo:"evil/secret" x', 'x'],
  ['x OR repo:evil/secret', 'x'],
  ['x OR y', 'x y'],
  ['(x) OR (repo:evil/secret)', 'x'],
  ['(repo:evil/secret OR org:evil)', ''],
  ['"repo:evil/secret" x', '"repo:evil/secret" x'],
  ['" repo:evil/secret', ''],
  ['x\trepo:evil/secret\ny', 'x y'],
  ['x\u00a0repo:evil/secret', 'x'],
  ['x ,repo:evil/secret [org:evil] {user:evil', 'x'],
  ['see https://example.com/a:b label:"repo:evil/x"', 'see https://example.com/a:b label:"repo:evil/x"'],
  ['x"y"repo:evil/secret', 'x "y"'],
  ['x OR"" repo"":evil/secret', 'x "" repo "" :evil/secret'],
  ['', ''],
])('%j is searched as %j', (query, expected) => {
  expect(pinQuery('octo/hello', query)).toBe(`repo:octo/hello ${expected}`.trimEnd())
})

test('no query brings in another place to search', () => {
  const part = fc.constantFrom(
    'repo:evil/x',
    'org:evil',
    'user:e',
    '"',
    '(',
    ')',
    ' ',
    'OR',
    '-',
    'a',
    '\n',
    ':',
    'NOT',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
      const outside = pinQuery('octo/hello', parts.join(''))
        .replace(/^repo:octo\/hello/, '')
        .replace(/"[^"]*"/g, ' ')
      expect(outside).not.toMatch(/(^|\s)[-+]*(repo|org|user):/i)
      expect(outside).not.toMatch(/[()]|(^|\s)OR(\s|$)/)
    }),
  )
})

test.each([
  [{ repository_url: 'https://api.github.com/repos/Octo/Hello' }, true],
  [{ repository_url: 'https://api.github.com/repos/evil/Hello' }, false],
  [{ repository: { full_name: 'octo/hello' } }, true],
  [{ repository: { full_name: 'octo/other' } }, false],
  [{}, false],
  [null, false],
])('a hit %j of the repository: %s', (hit, expected) => {
  expect(isHitOf('octo/hello', hit)).toBe(expected)
})

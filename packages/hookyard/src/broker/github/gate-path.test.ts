// What the gate reads in an address is what GitHub will read in it.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readAddress } from './gate-path.ts'

const API = 'https://ghe.example/api/v3'

test.each([
  ['/repos/octo/hello', ['repos', 'octo', 'hello'], '/repos/octo/hello'],
  ['/repos/octo/hello/contents/', ['repos', 'octo', 'hello', 'contents'], '/repos/octo/hello/contents'],
  [
    '/repos/o/r/contents/src%2Fa.ts',
    ['repos', 'o', 'r', 'contents', 'src/a.ts'],
    '/repos/o/r/contents/src%2Fa.ts',
  ],
  [
    '/repos/o/r/compare/main...next',
    ['repos', 'o', 'r', 'compare', 'main...next'],
    '/repos/o/r/compare/main...next',
  ],
  ['/repos/o/r/labels/kind%2Fbug', ['repos', 'o', 'r', 'labels', 'kind/bug'], '/repos/o/r/labels/kind%2Fbug'],
  ['/repos/o/r/issu%65s/1', ['repos', 'o', 'r', 'issues', '1'], '/repos/o/r/issues/1'],
])('%s is read as it is meant', (below, segments, path) => {
  expect(readAddress(API, API + below)).toMatchObject({ segments, path })
})

test('the query is read apart from the path', () => {
  const address = readAddress(API, `${API}/search/issues?q=a%20b&page=2`)
  expect(typeof address === 'string' ? address : [...address.query]).toEqual([
    ['q', 'a b'],
    ['page', '2'],
  ])
})

test.each([
  'https://evil.example/repos/octo/hello',
  'https://ghe.example/repos/octo/hello',
  'https://ghe.example/api/v3',
  'https://ghe.example/api/v3evil/repos/o/r',
  'https://ghe.example/api/v3@evil.example/repos/o/r',
  'http://ghe.example/api/v3/repos/o/r',
  'https://user@ghe.example/api/v3/repos/o/r',
  'https://ghe.example:444/api/v3/repos/o/r',
  '//ghe.example/api/v3/repos/o/r',
  '/repos/o/r',
  'file:///etc/passwd',
  ' https://ghe.example/api/v3/repos/o/r',
  `${API}/repos/o/r/../../user`,
  `${API}/repos/o/r/./issues`,
  `${API}/repos/o/r/%2e%2e/x`,
  `${API}/repos/o/r/%2E./x`,
  `${API}/repos/o/r/contents/a%2F..%2F..%2Fx`,
  `${API}/repos/o/r/%252e%252e/x`,
  `${API}/repos/o/r/contents/%252e%252e%252fx`,
  `${API}//repos/o/r`,
  `${API}/repos//o/r`,
  `${API}/repos/o/r//`,
  `${API}/repos\\o\\r`,
  `${API}/repos/o/r%5c..%5cx`,
  `${API}/repos/o/r#/../user`,
  `${API}/repos/o/r/a b`,
  `${API}/repos/o/r/a\nb`,
  `${API}/repos/o/r/a\tb`,
  `${API}/repos/o/r/%00`,
  `${API}/repos/o/r/%0d%0aHost:%20evil`,
  `${API}/repos/o/r/%ff`,
  `${API}/repos/o/r/%`,
  `${API}/repos/o/r/ｒ`,
  `${API}/repos/o/r?${'a'.repeat(9_000)}`,
])('%j is refused', (url) => {
  expect(readAddress(API, url)).toBeTypeOf('string')
})

test('a URL parser sees in every accepted address exactly the path that was checked', () => {
  const part = fc.constantFrom(
    '/',
    '.',
    '..',
    '%2e',
    '%2F',
    '%5c',
    '%25',
    'repos',
    'o',
    '@',
    ':',
    ';',
    '?',
    '=',
    '&',
    '%20',
    '*',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
      const address = readAddress(API, `${API}/${parts.join('')}`)
      if (typeof address === 'string') return
      const parsed = new URL(API + address.path)
      expect(parsed.pathname).toBe(`/api/v3${address.path}`)
      expect(parsed.pathname.split('/').slice(3).map(decodeURIComponent)).toEqual(address.segments)
    }),
    { numRuns: 2_000 },
  )
})

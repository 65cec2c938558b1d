// Patterns over paths do what users of .gitignore expect, and none of them takes forever.
import fc from 'fast-check'
import picomatch from 'picomatch'
import { expect, test } from 'vitest'
import { coversPath, matchesGlob } from './glob.ts'

test.each([
  ['package-lock.json', 'package-lock.json', true],
  ['package-lock.json', 'apps/web/package-lock.json', true],
  ['/package-lock.json', 'package-lock.json', true],
  ['*.min.js', 'public/a.min.js', true],
  ['src/*', 'src/a.ts', true],
  ['src/*', 'src/deep/a.ts', false],
  ['src/**', 'src/deep/a.ts', true],
  ['**/dist/**', 'dist/a.js', true],
  ['**/dist/**', 'a/dist/b/c.js', true],
  ['**/dist/**', 'a/distant/b.js', false],
  ['src/**/*.ts', 'src/a.ts', true],
  ['src/**/*.{ts,tsx}', 'src/a/b.tsx', true],
  ['{a,b/{c,d}}/*', 'b/d/x', true],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['**', 'any/thing', true],
  ['DOCS/**', 'docs/Readme.md', true],
  ['[id].tsx', 'app/[id].tsx', true],
])('%s on %s: %s', (pattern, path, expected) => expect(matchesGlob(pattern, path)).toBe(expected))

test('agrees with a well-known library where both know a pattern', () => {
  const part = fc.constantFrom('a', 'b', 'ab', '*', '?', 'a*', '*b', '**')
  // At the end the library takes `**` for at least one folder after some patterns, for none after others.
  const last = fc.constantFrom('a', 'b', '*', 'a*', '?b')
  const pattern = fc
    .tuple(fc.array(part, { minLength: 1, maxLength: 3 }), last)
    .map(([parts, end]) => [...parts, end].join('/'))
  const path = fc.array(fc.constantFrom('a', 'b', 'ab', 'ba'), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(pattern, path, (given, parts) => {
      const theirs = picomatch.isMatch(parts.join('/'), given, { dot: true, nocase: true })
      expect(matchesGlob(given, parts.join('/'))).toBe(theirs)
    }),
    { numRuns: 3_000 },
  )
})

test('the last pattern that fits decides; a list of exclusions starts from everything', () => {
  expect(coversPath([], 'a')).toBe(true)
  expect(coversPath(['!docs/**'], 'src/a')).toBe(true)
  expect(coversPath(['!docs/**'], 'docs/a')).toBe(false)
  expect(coversPath(['!docs/**', 'docs/api/**'], 'docs/api/a')).toBe(true)
  expect(coversPath(['src/**', '!**/*.snap'], 'src/a.snap')).toBe(false)
  expect(coversPath(['src/**'], 'docs/a')).toBe(false)
})

test('stays quick on hostile patterns', () => {
  const started = process.cpuUsage().user
  matchesGlob('*a'.repeat(2_000), 'a'.repeat(20_000) + 'b')
  matchesGlob('**/a/'.repeat(200) + 'x', 'a/'.repeat(2_000) + 'b')
  matchesGlob('{a,b}'.repeat(200), 'ab')
  expect(process.cpuUsage().user - started).toBeLessThan(3_000_000)
})

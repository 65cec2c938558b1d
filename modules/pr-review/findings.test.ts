// Whatever an agent answers, findings have every field, stand on lines that the diff has, and come in order.
import { parseDiff } from '@hookyard/sdk'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergeFindings, readAnswer } from './findings.ts'
import { applicable, placeIn } from './places.ts'
import { tally } from './markdown.ts'

const section = (file: string, lines = 2) =>
  `diff --git a/${file} b/${file}\n--- a/${file}\n+++ b/${file}\n@@ -0,0 +1,${lines} @@\n${'+x\n'.repeat(lines)}`
const files = new Map(parseDiff(section('a.ts') + section('b/b.ts')).map((file) => [file.file, file]))
const finding = { file: 'a.ts', line: 1, severity: 'warning', title: 't', why: 'w', fix: 'm' }
const read = (...findings: unknown[]) => readAnswer({ summary: 's', findings }, files)
const ranked = (...findings: unknown[]) => mergeFindings([read(...findings)], files)

test('a line that the diff does not show is no place, and neither is a file that it does not have', () => {
  const { findings } = read({ ...finding, line: 99 }, { ...finding, file: 'c.ts' }, finding)
  expect(findings.map(({ place }) => place?.line ?? null)).toEqual([null, null, 1])
})

test('a path written with its diff prefix is understood, one that begins like it is kept', () => {
  const { findings } = read({ ...finding, file: 'b/a.ts' }, { ...finding, file: 'b/b.ts' })
  expect(findings.map(({ file }) => file)).toEqual(['a.ts', 'b/b.ts'])
})

test('orders by severity, confidence, then the diff; of doubles the graver stays; guesses about taste go', () => {
  const found = ranked(
    { ...finding, file: 'b/b.ts' },
    { ...finding, line: 2, confidence: 'low' },
    { ...finding, line: 2, title: ' T ' },
    { ...finding, severity: 'suggestion', line: null, title: 'Taste', confidence: 'low' },
    { ...finding, file: 'b/b.ts', severity: 'critical' },
    { ...finding, confidence: 'high' },
  )
  expect(found.map(({ file, line, severity, confidence }) => [file, line, severity, confidence])).toEqual([
    ['b/b.ts', 1, 'critical', 'medium'],
    ['a.ts', 1, 'warning', 'high'],
    ['a.ts', 2, 'warning', 'medium'],
  ])
})

test('any value is read as an answer', () => {
  fc.assert(
    fc.property(fc.anything(), fc.array(fc.anything()), (whole, some) => {
      for (const value of [
        whole,
        { findings: some },
        { findings: [{ ...finding, line: whole, severity: whole }] },
      ]) {
        for (const one of readAnswer(value, files).findings) {
          expect(['critical', 'warning', 'suggestion']).toContain(one.severity)
          expect(typeof one.title).toBe('string')
          if (one.place !== null)
            expect(files.get(one.file)?.lines.map(({ line }) => line)).toContain(one.place.line)
        }
      }
    }),
  )
})

test.each([
  [[], 'no findings'],
  [[{ severity: 'warning' as const }], '1 finding'],
  [[{ severity: 'warning' as const }, { severity: 'critical' as const }], '2 findings (1 critical)'],
])('tallies %#', (findings, expected) => expect(tally(findings)).toBe(expected))

// ── places ───────────────────────────────────────────────────────────────────────────────────────

const [two] = parseDiff(
  'diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -9,2 +9,3 @@\n d\n+e\n f\n',
)

test.each([
  ['one line', 2, null, { line: 2, start: null }],
  ['a line of the surroundings', 3, null, { line: 3, start: null }],
  ['a range', 1, 3, { line: 3, start: 1 }],
  ['a range over two hunks is its first line', 3, 9, { line: 3, start: null }],
  ['a range that ends outside is its first line', 10, 40, { line: 10, start: null }],
  ['a range written backwards is its first line', 10, 9, { line: 10, start: null }],
])('a place: %s', (_what, line, end, expected) => expect(placeIn(two, line, end)).toMatchObject(expected))

test.each([
  ['between the hunks', 5, null],
  ['after the end', 12, null],
  ['a range that begins outside', 8, 10],
])('no place: %s', (_what, line, end) => expect(placeIn(two, line, end)).toBeNull())

test('a replacement applies when it changes exactly the lines that are shown', () => {
  const range = placeIn(two, 1, 3)!
  expect(applicable('a\nb\nc', range, 3)).toBe('a\nb\nc')
  expect(applicable('a\r\nb\r\nc\r\n', range, 3)).toBe('a\nb\nc')
  expect(applicable('a\nB\nc', range, 3)).toBeNull() // changes nothing
  expect(applicable('x', placeIn(two, 3, 9)!, 9)).toBeNull() // meant for lines that are not shown
  expect(applicable('', range, 3)).toBe('') // the lines go
  expect(applicable('x\n'.repeat(60), range, 3)).toBeNull() // too much to read before committing
  expect(applicable('a\u0008b', range, 3)).toBeNull()
})

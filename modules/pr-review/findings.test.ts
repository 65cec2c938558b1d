// Findings point at places that exist; doubles and the lesser ones give way.
import { parseDiff } from '@hookyard/sdk'
import { expect, test } from 'vitest'
import { fitDiff } from './fit-diff.ts'
import { readReview, tally, type Finding } from './findings.ts'

const section = (file: string, lines = 2) =>
  `diff --git a/${file} b/${file}\n--- a/${file}\n+++ b/${file}\n@@ -0,0 +1,${lines} @@\n${'+x\n'.repeat(lines)}`

const diff = fitDiff(section('a.ts') + section('b/b.ts'))
const finding: Finding = { file: 'a.ts', line: 1, severity: 'warning', title: 't', why: 'w', mend: 'm' }
const read = (findings: Finding[], max = 10) => readReview({ summary: 's', findings }, diff, max)

test('a line that the diff does not show is no line, a file that it does not have is no finding', () => {
  const review = read([
    { ...finding, line: 99 },
    { ...finding, file: 'c.ts' },
  ])
  expect(review).toMatchObject({ misplaced: 1, findings: [{ file: 'a.ts', line: null }] })
})

test('a path written with its diff prefix is understood, one that begins like it is kept', () => {
  const files = read([
    { ...finding, file: 'b/a.ts' },
    { ...finding, file: 'b/b.ts' },
  ]).findings.map(({ file }) => file)
  expect(files).toEqual(['a.ts', 'b/b.ts'])
})

test('orders by severity, then by the diff; of doubles the graver stays; counts what is cut', () => {
  const review = read(
    [
      { ...finding, file: 'b/b.ts' },
      { ...finding, line: 2 },
      { ...finding, line: 2, title: ' T ' },
      { ...finding, severity: 'suggestion' },
      { ...finding, file: 'b/b.ts', severity: 'critical' },
    ],
    2,
  )
  expect(review.findings.map(({ file, line, severity }) => [file, line, severity])).toEqual([
    ['b/b.ts', 1, 'critical'],
    ['a.ts', 2, 'warning'],
  ])
  expect(review.notShown).toBe(1)
})

test.each([
  [[], 'no findings'],
  [[finding], '1 finding'],
  [[finding, { ...finding, severity: 'critical' as const }], '2 findings (1 critical)'],
])('tallies %#', (findings, expected) => expect(tally(findings)).toBe(expected))

test('the diff keeps its order, and later small files still fit', () => {
  const parts = [section('one', 10), section('two', 200), section('three', 5)]
  const fitted = fitDiff(parts.join(''), parts[0]!.length + parts[2]!.length)
  expect(fitted).toMatchObject({ text: parts[0]! + parts[2]!, leftOut: ['two'], cutFile: null })
})

test('a single file that is too long is cut between lines', () => {
  const fitted = fitDiff(section('one', 1_000), 500)
  expect(fitted.text.length).toBeLessThanOrEqual(500)
  expect(fitted.text.endsWith('+x\n')).toBe(true)
  expect(fitted).toMatchObject({ cutFile: 'one', leftOut: [], files: parseDiff(fitted.text) })
})

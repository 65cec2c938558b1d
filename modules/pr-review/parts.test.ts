// A long diff is read in parts: nothing twice, nothing lost that is not named, every line under its true number.
import { parseDiff, type DiffLine } from '@hookyard/sdk'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitDiff } from './parts.ts'

const section = (file: string, lines: readonly string[], from = 1) =>
  `diff --git a/${file} b/${file}\nindex 1..2 100644\n--- a/${file}\n+++ b/${file}\n@@ -${from},${lines.length} +${from},${lines.length} @@\n${lines.map((line) => `${line}\n`).join('')}`

const plain = (text: string) =>
  parseDiff(text).flatMap(({ file, lines }) => lines.map((line) => told(file, line)))
const told = (file: string, { line, text, added }: DiffLine) => `${file}:${line}${added ? '+' : ' '}${text}`

test('whole files are packed in order; what does not fit into the parts is named', () => {
  const files = parseDiff(
    ['a', 'b', 'c', 'd'].map((name) => section(name, Array<string>(20).fill('+x'))).join(''),
  )
  const size = files[0]!.text.length
  const { parts, leftOut } = splitDiff(files, size * 2, 1)
  expect(parts.map((part) => part.files.map(({ file }) => file))).toEqual([['a', 'b']])
  expect(leftOut).toEqual(['c', 'd'])
  expect(
    splitDiff(files, size * 2, 9)
      .parts.map(({ text }) => text)
      .join(''),
  ).toBe(files.map(({ text }) => text).join(''))
})

test('a file that is too long is split under headers with the true numbers', () => {
  const lines = Array.from({ length: 300 }, (_, index) =>
    index % 3 === 0 ? `-old ${index}` : `+new ${index}`,
  )
  const [file] = parseDiff(section('big.ts', lines, 50))
  const { parts } = splitDiff([file!], 1_000, 50)
  expect(parts.length).toBeGreaterThan(2)
  expect(parts.flatMap(({ text }) => plain(text))).toEqual(plain(file!.text))
})

test('a line as long as a book is cut', () => {
  const [file] = parseDiff(section('min.js', [`+${'x'.repeat(500_000)}`, '+y']))
  const { parts } = splitDiff([file!], 10_000, 5)
  expect(parts).toHaveLength(1)
  expect(parts[0]!.text).toMatch(/x \[line cut\]\n\+y\n$/)
})

test('however a diff looks, its parts together show each line once, or name its file', () => {
  const row = fc
    .tuple(fc.constantFrom('+', '-', ' '), fc.string({ maxLength: 40 }))
    .map(([mark, text]) => mark + text.replaceAll('\n', ''))
  const diffs = fc.array(fc.array(row, { minLength: 1, maxLength: 80 }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(
      diffs,
      fc.integer({ min: 600, max: 4_000 }),
      fc.integer({ min: 1, max: 6 }),
      (all, limit, max) => {
        const text = all.map((rows, index) => section(`f${index}`, rows)).join('')
        const { parts, leftOut } = splitDiff(parseDiff(text), limit, max)
        expect(parts.length).toBeLessThanOrEqual(max)
        const shown = parts.flatMap((part) => plain(part.text))
        expect(new Set(shown).size).toBe(shown.length)
        const whole = plain(text).filter((line) => !leftOut.some((file) => line.startsWith(`${file}:`)))
        expect(shown.filter((line) => !leftOut.some((file) => line.startsWith(`${file}:`)))).toEqual(whole)
      },
    ),
  )
})

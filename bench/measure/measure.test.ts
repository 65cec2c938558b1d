// What the reports stand on: medians, and rounds that compare like with like.
import { expect, test } from 'vitest'
import { median, spreadOf } from './median.ts'
import { measureRounds } from './rounds.ts'
import { show, table } from './table.ts'

test('the median is the middle one, or the mean of the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([4, 1, 3, 100])).toBe(3.5)
  expect(spreadOf([2, 8, 4])).toEqual({ median: 4, min: 2, max: 8 })
  expect(() => median([])).toThrow(RangeError)
})

test('things are measured in turn; a slice that strangers disturbed is measured again while patience lasts', async () => {
  const order: string[] = []
  const noise = [0, 0.9, 0, 0, 0]
  const rounds = await measureRounds({
    names: ['a', 'b'],
    rounds: 2,
    maxStrangers: 1,
    patienceMs: 60_000,
    measure: async (name) => {
      order.push(name)
      return { result: order.length, strangers: (noise.shift() ?? 0) * 2 }
    },
  })
  expect(order).toEqual(['a', 'b', 'b', 'a', 'b'])
  expect(rounds.map(({ results }) => results)).toEqual([
    { a: 1, b: 3 },
    { a: 4, b: 5 },
  ])
})

test('without patience slices are taken as they come, and the noise is told', async () => {
  const rounds = await measureRounds({
    names: ['a'],
    rounds: 1,
    maxStrangers: 0.1,
    patienceMs: 0,
    measure: async () => ({ result: 1, strangers: 0.7 }),
  })
  expect(rounds).toEqual([{ results: { a: 1 }, strangers: 0.7 }])
})

test('tables align, and numbers are short', () => {
  expect([0.123, 12.34, 123.4, 12_345].map(show)).toEqual(['0.12', '12.3', '123', '12,345'])
  expect(table(['name', 'n'], [['a', '1,000']])).toBe(
    ['| name |     n |', '| ---- | ----: |', '| a    | 1,000 |'].join('\n'),
  )
})

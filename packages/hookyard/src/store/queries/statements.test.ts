// Few statements serve lists of any length.
import { expect, test } from 'vitest'
import { powersOfTwo } from './statements.ts'

test.each([
  [0, []],
  [1, [1]],
  [7, [4, 2, 1]],
  [64, [64]],
  [203, [64, 64, 64, 8, 2, 1]],
])('%i items are cut into pieces of %j', (count, lengths) => {
  const items = Array.from({ length: count }, (_, index) => index)
  const pieces = powersOfTwo(items)
  expect(pieces.map((piece) => piece.length)).toEqual(lengths)
  expect(pieces.flat()).toEqual(items)
})

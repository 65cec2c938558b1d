// Equal requests have equal fingerprints, whatever the order of their keys; different ones differ.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson, fingerprintOf } from './invoke-input.ts'

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, shuffled(inner)]),
  )
}

test('the order of keys does not matter, at any depth', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value))
    }),
  )
})

test('it is JSON of the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value))
      expect(JSON.parse(canonicalJson(plain))).toEqual(plain)
    }),
  )
})

test('order in lists, types and missing values do matter', () => {
  const values = [[1, 2], [2, 1], ['1', 2], { a: 1 }, { a: '1' }, { a: null }, {}, [], null, '', 0, false]
  expect(new Set(values.map(fingerprintOf)).size).toBe(values.length)
})

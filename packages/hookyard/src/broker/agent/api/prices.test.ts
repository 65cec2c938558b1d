// Tokens become USD by a dated table; an answer that fits its money never costs more than that.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { affordableOutput, costOf, findPrice, guessTokens } from './prices.ts'
import type { Vendor } from './vendor.ts'

const usd = (vendor: Vendor, model: string, input: number, output: number, cachedInput = 0) =>
  costOf(findPrice(vendor, model, null), { input, cachedInput, output })

test.each<[Vendor, string, number]>([
  ['anthropic', 'claude-sonnet-5-5', 2 + 10],
  ['anthropic', 'claude-sonnet-4-5-20250929', 3 + 15],
  ['anthropic', 'claude-opus-5-5', 4 + 20],
  ['anthropic', 'claude-opus-5', 5 + 25],
  ['anthropic', 'claude-opus-4-1-20250805', 15 + 75],
  ['openai', 'gpt-5.1-2025-11-13', 1.25 + 10],
  ['openai', 'gpt-5-mini', 0.25 + 2],
  ['openai', 'gpt-5-pro', 15 + 120],
  ['openai', 'o3', 2 + 8],
  ['openai-compatible', 'anthropic/claude-opus-4.5', 5 + 25],
  ['openai-compatible', 'openai/gpt-4o-mini', 0.15 + 0.6],
  ['openai-compatible', 'qwen3:32b', 0],
  ['openai-compatible', 'gpt-oss:20b', 0],
  ['anthropic', 'claude-unheard-of', 5 + 25],
  ['openai', 'gpt-5.99', 5 + 30],
])('%s: a million tokens each way of %s', (vendor, model, expected) => {
  const short = findPrice(vendor, model, null)
  const { long: _long, ...price } = short
  expect(costOf(price, { input: 1_000_000, cachedInput: 0, output: 1_000_000 })).toBeCloseTo(expected, 8)
})

test('long prompts cost more, all of their tokens', () => {
  expect(usd('openai', 'gpt-6.1-terra', 272_000, 0)).toBeCloseTo(0.272, 8)
  expect(usd('openai', 'gpt-6.1-terra', 300_000, 1_000)).toBeCloseTo(0.6 + 0.0075, 8)
  expect(usd('anthropic', 'claude-haiku-5-5', 200_000, 1_000)).toBeCloseTo(0.1 + 0.0025, 8)
})

test('what the vendor had in its cache is cheaper', () => {
  expect(usd('openai', 'gpt-4.1', 1_000_000, 0, 1_000_000)).toBeCloseTo(0.5, 8)
})

test("the operator's price goes before the table", () => {
  const own = findPrice('openai', 'gpt-5', { input: 1, output: 2 })
  expect(own).toMatchObject({ input: 1, output: 2, known: true })
  expect(findPrice('openai', 'gpt-5.99', null).known).toBe(false)
})

test('an answer of the affordable length costs no more than the money, and one token more would', () => {
  const price = fc.record({
    input: fc.double({ min: 0, max: 50, noNaN: true }),
    output: fc.double({ min: 0.01, max: 200, noNaN: true }),
  })
  fc.assert(
    fc.property(
      price,
      fc.nat(500_000),
      fc.double({ min: 0.01, max: 10, noNaN: true }),
      (rates, input, money) => {
        const all = { ...rates, cachedInput: rates.input, long: { above: 100_000, input: 2, output: 1.5 } }
        const output = affordableOutput(all, input, money)
        fc.pre(output > 0)
        // A token may cost 1e-8 USD, and sums of doubles are wrong by some 1e-15.
        expect(costOf(all, { input, cachedInput: 0, output })).toBeLessThanOrEqual(money + 1e-12)
        expect(costOf(all, { input, cachedInput: 0, output: output + 1 })).toBeGreaterThan(money - 1e-12)
      },
    ),
  )
})

test('text is never guessed to be fewer tokens than a quarter of its bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(guessTokens(text)).toBeGreaterThanOrEqual(Buffer.byteLength(text) / 4)
    }),
  )
})

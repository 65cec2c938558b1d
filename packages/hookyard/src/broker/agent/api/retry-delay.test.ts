// A vendor says in its headers when to come back; each has words of its own for it.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { retryDelayMs } from './retry-delay.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')

test.each<[string, Record<string, string>, number]>([
  ['seconds', { 'retry-after': '7' }, 7_000],
  ['a date', { 'retry-after': 'Sun, 22 Nov 2026 12:00:30 GMT' }, 30_000],
  ['milliseconds, which are more exact', { 'retry-after-ms': '1500', 'retry-after': '2' }, 1_500],
  ["Anthropic's empty limit", limits('anthropic', 0, '2026-11-22T12:00:20Z'), 20_000],
  [
    "OpenAI's empty limit",
    { 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '6m0.5s' },
    360_500,
  ],
  [
    'the later of two empty limits',
    {
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '120ms',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '1m2s',
    },
    62_000,
  ],
  ['a limit that is not empty says nothing', limits('anthropic', 5, '2026-11-22T12:00:20Z'), 60_000],
  ['nothing', {}, 60_000],
  ['nonsense', { 'retry-after': 'soon' }, 60_000],
  ['the past', { 'retry-after': 'Sun, 22 Nov 2026 11:00:00 GMT' }, 1_000],
  ['a year', { 'retry-after': '31536000' }, 86_400_000],
])('%s', (_what, headers, ms) => expect(retryDelayMs(headers, NOW)).toBe(ms))

function limits(vendor: string, remaining: number, reset: string): Record<string, string> {
  return {
    [`${vendor}-ratelimit-requests-remaining`]: String(remaining),
    [`${vendor}-ratelimit-requests-reset`]: reset,
  }
}

test('whatever a server writes, the wait is between a second and a day', () => {
  const names = [
    'retry-after',
    'retry-after-ms',
    'x-ratelimit-remaining-a',
    'x-ratelimit-reset-a',
    'anthropic-ratelimit-a-remaining',
    'anthropic-ratelimit-a-reset',
  ]
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.string(), fc.constant('0'), fc.nat().map(String))),
      (headers) => {
        const delay = retryDelayMs(headers, NOW)
        expect(delay).toBeGreaterThanOrEqual(1_000)
        expect(delay).toBeLessThanOrEqual(86_400_000)
      },
    ),
  )
})

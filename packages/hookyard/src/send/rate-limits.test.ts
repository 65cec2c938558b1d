// Who may be written to, and when. Times are made up: nothing here waits.
import { expect, test } from 'vitest'
import { backoffMs, createRateLimits } from './rate-limits.ts'

const pace = { burst: 3, everyMs: 1_000 }

test('a burst goes at once, then one message per interval', () => {
  const limits = createRateLimits()
  const sent: number[] = []
  let now = 10_000
  for (let n = 0; n < 6; n++) {
    now = Math.max(now, limits.freeAt('telegram:1', pace, now))
    limits.used('telegram:1', pace, now)
    sent.push(now)
  }
  expect(sent).toEqual([10_000, 10_000, 10_000, 11_000, 12_000, 13_000])
  expect(limits.freeAt('telegram:2', pace, now)).toBeLessThanOrEqual(now)
})

test('a quiet time earns a new burst, and no more', () => {
  const limits = createRateLimits()
  for (let n = 0; n < 3; n++) limits.used('telegram:1', pace, 0)
  expect(limits.freeAt('telegram:1', pace, 60_000)).toBeLessThanOrEqual(60_000)
  for (let n = 0; n < 3; n++) limits.used('telegram:1', pace, 60_000)
  expect(limits.freeAt('telegram:1', pace, 60_000)).toBe(61_000)
})

test('a pause holds one address; told to two at once it holds the scheme', () => {
  const limits = createRateLimits()
  limits.pause('telegram:1', 0, 5_000)
  expect(limits.freeAt('telegram:1', undefined, 1_000)).toBe(5_000)
  expect(limits.freeAt('telegram:2', undefined, 1_000)).toBe(0)
  limits.pause('telegram:2', 1_000, 9_000)
  expect(limits.freeAt('telegram:3', undefined, 1_000)).toBe(10_000)
  expect(limits.freeAt('slack:x', undefined, 1_000)).toBe(0)
  expect(limits.held(1_000)).toBe(Infinity)
  expect(limits.held(10_000)).toBe(0)
})

test('two pauses one after the other are no pause of the scheme', () => {
  const limits = createRateLimits()
  limits.pause('telegram:1', 0, 5_000)
  limits.pause('telegram:2', 5_000, 5_000)
  expect(limits.freeAt('telegram:3', undefined, 5_000)).toBe(0)
})

test('a clock set back holds nobody for the time it lost', () => {
  const limits = createRateLimits()
  limits.pause('telegram:1', 3_600_000, 5_000)
  for (let n = 0; n < 9; n++) limits.used('telegram:2', pace, 3_600_000)
  expect(limits.freeAt('telegram:1', pace, 1_000)).toBeLessThanOrEqual(1_000)
  expect(limits.freeAt('telegram:2', pace, 1_000)).toBeLessThanOrEqual(1_000)
})

test('the backoff doubles from a second to five minutes, its upper half random', () => {
  expect([0, 1, 2, 3].map((tries) => backoffMs(tries, () => 1))).toEqual([1_000, 2_000, 4_000, 8_000])
  expect([0, 8, 9, 5_000].map((tries) => backoffMs(tries, () => 0))).toEqual([500, 128_000, 150_000, 150_000])
})

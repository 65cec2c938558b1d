// One token's burst is its own trouble: it is told how long to wait, and the others go on.
import { expect, test } from 'vitest'
import type { UserError } from '../lib/errors.ts'
import { createRateLimit } from './rate-limit.ts'

function start(perMinute: number) {
  const at = { now: 0 }
  const limit = createRateLimit({ perMinute, clock: () => at.now })
  const refusal = (token: string): UserError | null => {
    try {
      limit.take(token)
      return null
    } catch (thrown) {
      return thrown as UserError
    }
  }
  return { at, refusal }
}

test('a minute’s worth at once, then as many as flow in', () => {
  const { at, refusal } = start(60)
  for (let request = 0; request < 60; request += 1) expect(refusal('a')).toBeNull()
  expect(refusal('a')).toMatchObject({ code: 'rate_limited', status: 429, headers: { 'retry-after': '1' } })
  at.now += 1_000
  expect([refusal('a'), refusal('a')?.code]).toEqual([null, 'rate_limited'])
  at.now += 3_600_000
  for (let request = 0; request < 60; request += 1) expect(refusal('a')).toBeNull()
  expect(refusal('a')?.code).toBe('rate_limited')
})

test('whoever waits as long as he was told gets through', () => {
  const { at, refusal } = start(7)
  for (let request = 0; request < 7; request += 1) refusal('a')
  const told = refusal('a')
  at.now += Number(told?.headers['retry-after']) * 1_000
  expect(refusal('a')).toBeNull()
})

test('each token has a bucket of its own, and a refusal costs nothing', () => {
  const { at, refusal } = start(1)
  refusal('a')
  for (let request = 0; request < 100; request += 1) expect(refusal('a')?.code).toBe('rate_limited')
  expect(refusal('b')).toBeNull()
  at.now += 60_000
  expect(refusal('a')).toBeNull()
})

test('a clock that is set back fills nothing and locks nobody out', () => {
  const { at, refusal } = start(1)
  at.now = 1_000_000
  refusal('a')
  at.now = 0
  expect(refusal('a')?.code).toBe('rate_limited')
  at.now = 60_000
  expect(refusal('a')).toBeNull()
})

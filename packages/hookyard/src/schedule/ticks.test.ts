// When a schedule is due: by the time zone's own clock, also on the two days a year that are not 24 hours long.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { module } from '../../../../test/builders.ts'
import { type ScheduleTrigger, newestTick, nextTick, nextTicks, scheduleKey } from './ticks.ts'

const schedule = (cron: string, timezone: string | null = null): ScheduleTrigger => ({
  type: 'schedule',
  cron,
  timezone,
})
const at = (iso: string) => Date.parse(iso)
const ticks = (trigger: ScheduleTrigger, after: string, count: number) =>
  nextTicks(module('m', { triggers: [trigger] }), at(after), count).map((tick) =>
    new Date(tick).toISOString().slice(0, 16),
  )

test('weekdays at nine in Berlin: the summer’s nine is another one than the winter’s', () => {
  expect(ticks(schedule('0 9 * * 1-5', 'Europe/Berlin'), '2026-03-26T12:00:00Z', 3)).toEqual([
    '2026-03-27T08:00',
    '2026-03-30T07:00',
    '2026-03-31T07:00',
  ])
})

test('without a time zone it is UTC, wherever the machine stands', () => {
  expect(ticks(schedule('0 9 * * *'), '2026-07-01T00:00:00Z', 1)).toEqual(['2026-07-01T09:00'])
})

test.each([
  [
    'a tick in the hour that is missing comes after it, once',
    '30 2 * * *',
    '2026-03-28T12:00:00Z',
    ['2026-03-29T01:00', '2026-03-30T00:30'],
  ],
  [
    'a tick in the hour that comes twice comes once',
    '30 2 * * *',
    '2026-10-24T12:00:00Z',
    ['2026-10-25T00:30', '2026-10-26T01:30'],
  ],
  [
    'every half hour stays every half hour',
    '*/30 * * * *',
    '2026-10-25T00:20:00Z',
    ['2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30', '2026-10-25T02:00'],
  ],
])('%s', (_what, cron, after, expected) => {
  expect(ticks(schedule(cron, 'Europe/Berlin'), after, expected.length)).toEqual(expected)
})

test('a nickname is a pattern too', () => {
  expect(ticks(schedule('@daily', 'Europe/Berlin'), '2026-07-01T12:00:00Z', 1)).toEqual(['2026-07-01T22:00'])
})

test('several schedules of a module are one row of ticks, each time once', () => {
  const triggers = [
    schedule('0 9 * * *'),
    schedule('0 */3 * * *'),
    { type: 'command', command: 'x' } as const,
  ]
  const next = nextTicks(module('m', { triggers }), at('2026-01-01T05:30:00Z'), 4)
  expect(next.map((tick) => new Date(tick).getUTCHours())).toEqual([6, 9, 12, 15])
  expect(nextTicks(module('m'), 0, 3)).toEqual([])
})

test('the newest tick is the last one that has come, never one that is yet to come or was handled', () => {
  const nine = schedule('0 9 * * *')
  const tick = at('2026-01-02T09:00:00Z')
  expect(newestTick(nine, 0, tick)).toBe(tick)
  expect(newestTick(nine, 0, tick - 1)).toBe(tick - 86_400_000)
  expect(newestTick(nine, 0, tick + 86_399_999)).toBe(tick)
  expect(newestTick(nine, tick, tick + 1_000)).toBeNull()
  expect(nextTick(nine, tick)).toBe(tick + 86_400_000)
  expect(nextTick(nine, tick - 1)).toBe(tick)
})

test('forwards and backwards tell the same ticks, in any zone and season', () => {
  const cron = fc.constantFrom(
    '*/7 * * * *',
    '30 2 * * *',
    '0 */5 * * *',
    '15 9 * * 1-5',
    '0 0 1 * *',
    '59 23 * * 0',
  )
  const zone = fc.constantFrom(
    null,
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
  )
  const time = fc.integer({ min: at('2025-01-01T00:00:00Z'), max: at('2028-01-01T00:00:00Z') })
  fc.assert(
    fc.property(cron, zone, time, (pattern, timezone, after) => {
      const trigger = schedule(pattern, timezone)
      const next = nextTick(trigger, after)!
      expect(next).toBeGreaterThan(after)
      expect(newestTick(trigger, after, next)).toBe(next)
      expect(newestTick(trigger, after, next - 1)).toBeNull()
    }),
    { numRuns: 300 },
  )
})

test('a schedule is known by its module, pattern and zone', () => {
  const keys = [schedule('0 9 * * *'), schedule('0 9 * * *', 'Europe/Berlin'), schedule('0 8 * * *')].map(
    (trigger) => scheduleKey('m', trigger),
  )
  expect(new Set([...keys, scheduleKey('n', schedule('0 9 * * *'))]).size).toBe(4)
  expect(scheduleKey('m', schedule('0 9 * * *', 'UTC'))).toBe(keys[0])
})

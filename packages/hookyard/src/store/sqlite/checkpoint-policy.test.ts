// Copying waits for quiet, but not for ever.
import { expect, test } from 'vitest'
import { createWhenToCopy } from './checkpoint-policy.ts'

const MIB = 1024 * 1024
const PAGES = 256
const ROOMY = () => 1024 * MIB

/** Asks about logs of so many MiB, nothing of them copied. */
const ask = (...mib: number[]) => {
  const whenToCopy = createWhenToCopy()
  return mib.map((size) => whenToCopy(size * PAGES, size * MIB, ROOMY))
}

test('less than a MiB is left where it is', () => {
  expect(ask(0, 0.5, 0.5, 0.9)).toEqual(['nothing', 'nothing', 'nothing', 'nothing'])
})

test('while the log grows, nothing is copied; once it has not grown, it is', () => {
  expect(ask(2, 5, 90, 90)).toEqual(['wait', 'wait', 'wait', 'copy'])
})

test('a burst that does not end is copied all the same, little by little, until it is quiet once', () => {
  const whenToCopy = createWhenToCopy()
  expect(whenToCopy(250 * PAGES, 250 * MIB, ROOMY)).toBe('wait')
  expect(whenToCopy(257 * PAGES, 257 * MIB, ROOMY)).toBe('copy')
  expect(whenToCopy(259 * PAGES, 2 * MIB, ROOMY)).toBe('copy')
  expect(whenToCopy(259 * PAGES, 0, ROOMY)).toBe('nothing')
  expect(whenToCopy(261 * PAGES, 2 * MIB, ROOMY)).toBe('copy')
  expect(whenToCopy(261 * PAGES, 2 * MIB, ROOMY)).toBe('copy')
  expect(whenToCopy(263 * PAGES, 2 * MIB, ROOMY)).toBe('wait')
})

test('a log that began anew is another one', () => {
  const whenToCopy = createWhenToCopy()
  expect(whenToCopy(90 * PAGES, 90 * MIB, ROOMY)).toBe('wait')
  expect(whenToCopy(3 * PAGES, 3 * MIB, ROOMY)).toBe('wait')
  expect(whenToCopy(3 * PAGES, 3 * MIB, ROOMY)).toBe('copy')
})

test('a log is copied at once while there is still room for the copy', () => {
  const whenToCopy = createWhenToCopy()
  expect(whenToCopy(10 * PAGES, 10 * MIB, () => 20 * MIB)).toBe('wait')
  expect(whenToCopy(12 * PAGES, 12 * MIB, () => 18 * MIB)).toBe('copy')
  expect(whenToCopy(13 * PAGES, 1 * MIB, () => 6 * MIB)).toBe('wait')
})

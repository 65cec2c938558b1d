// What is held is bounded, and the first that came in stays.
import { expect, test } from 'vitest'
import { createHeldPayloads } from './held-payloads.ts'

const ofBytes = (text: string, length: number) => Buffer.from(text.padEnd(length))

test('payloads are held up to a size, and there is room again when one is released', () => {
  const held = createHeldPayloads(100)
  held.hold('a', ofBytes('a', 60))
  held.hold('b', ofBytes('b', 60))
  expect([held.get('a')?.trim(), held.get('b')]).toEqual(['a', undefined])
  held.release('a')
  held.hold('b', ofBytes('b', 60))
  expect([held.has('a'), held.get('b')?.trim()]).toEqual([false, 'b'])
  held.clear()
  held.hold('c', ofBytes('c', 100))
  expect([held.has('b'), held.get('c')?.trim()]).toEqual([false, 'c'])
})

test('a GUID that is held keeps its first payload, and releasing what is not held frees nothing', () => {
  const held = createHeldPayloads(100)
  held.hold('a', ofBytes('first', 50))
  held.hold('a', ofBytes('second', 10))
  expect(held.get('a')?.trim()).toBe('first')
  held.release('unknown')
  held.hold('b', ofBytes('b', 60))
  expect(held.has('b')).toBe(false)
})

test('a view into a larger buffer gives its own text alone', () => {
  const held = createHeldPayloads()
  held.hold('a', Buffer.from('noise{"grüße":1}noise').subarray(5, -5))
  expect(held.get('a')).toBe('{"grüße":1}')
})

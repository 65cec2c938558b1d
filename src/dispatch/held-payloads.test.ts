// What is held is bounded, and the first that came in stays.
import { expect, test } from 'vitest'
import { createHeldPayloads } from './held-payloads.ts'

test('payloads are held up to a size, and there is room again when one is released', () => {
  const held = createHeldPayloads(100)
  held.hold('a', { of: 'a' }, 60)
  held.hold('b', { of: 'b' }, 60)
  expect([held.get('a'), held.get('b')]).toEqual([{ of: 'a' }, undefined])
  held.release('a')
  held.hold('b', { of: 'b' }, 60)
  expect(held.get('b')).toEqual({ of: 'b' })
  held.clear()
  held.hold('c', {}, 100)
  expect([held.get('b'), held.get('c')]).toEqual([undefined, {}])
})

test('a GUID that is held keeps its first payload, and releasing what is not held frees nothing', () => {
  const held = createHeldPayloads(100)
  held.hold('a', { first: true }, 50)
  held.hold('a', { first: false }, 10)
  expect(held.get('a')).toEqual({ first: true })
  held.release('unknown')
  held.hold('b', {}, 60)
  expect(held.get('b')).toBeUndefined()
})

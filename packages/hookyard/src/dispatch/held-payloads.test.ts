// What is held is bounded, and the first that came in stays.
import { expect, test } from 'vitest'
import { createHeldPayloads } from './held-payloads.ts'

const ofBytes = (text: string, length: number) => Buffer.from(text.padEnd(length))

test('payloads are held while there is room, and there is room again when those before them are released', () => {
  const held = createHeldPayloads(2, 100)
  for (const guid of ['a', 'b', 'c']) held.hold(guid, ofBytes(guid, 60))
  expect(['a', 'b', 'c'].map((guid) => held.get(guid)?.trim())).toEqual(['a', 'b', undefined])
  held.release('a')
  held.hold('c', ofBytes('c', 60))
  expect(['a', 'b', 'c'].map((guid) => held.get(guid)?.trim())).toEqual([undefined, 'b', 'c'])
  held.clear()
  for (const guid of ['d', 'e']) held.hold(guid, ofBytes(guid, 100))
  expect(['c', 'd', 'e'].map((guid) => held.get(guid)?.trim())).toEqual([undefined, 'd', 'e'])
})

test('memory is used again only when nothing in it is held any more', () => {
  const held = createHeldPayloads(1, 100)
  held.hold('a', ofBytes('a', 30))
  held.hold('b', ofBytes('b', 70))
  held.release('a')
  held.hold('c', ofBytes('c', 10))
  expect([held.get('b')?.trim(), held.has('c')]).toEqual(['b', false])
  held.release('b')
  held.hold('c', ofBytes('c', 10))
  expect(held.get('c')?.trim()).toBe('c')
})

test('a payload that is larger than a piece of memory is not held, and costs the others nothing', () => {
  const held = createHeldPayloads(1, 100)
  held.hold('huge', ofBytes('huge', 101))
  held.hold('a', ofBytes('a', 100))
  expect([held.has('huge'), held.get('a')?.trim()]).toEqual([false, 'a'])
})

test('a GUID that is held keeps its first payload, and releasing what is not held frees nothing', () => {
  const held = createHeldPayloads(1, 100)
  held.hold('a', ofBytes('first', 50))
  held.hold('a', ofBytes('second', 10))
  expect(held.get('a')?.trim()).toBe('first')
  held.release('unknown')
  held.hold('b', ofBytes('b', 60))
  expect(held.has('b')).toBe(false)
})

test('what is held is a copy: whoever brought it may use the memory again', () => {
  const held = createHeldPayloads()
  const body = Buffer.from('noise{"grüße":1}noise').subarray(5, -5)
  held.hold('a', body)
  body.fill(0)
  expect(held.get('a')).toBe('{"grüße":1}')
})

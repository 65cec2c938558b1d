// What is kept is bounded, and the first that came in stays.
import { expect, test } from 'vitest'
import { PayloadCache } from './payload-cache.ts'

const ofBytes = (text: string, length: number) => Buffer.from(text.padEnd(length))

test('payloads are kept while there is room, and there is room again when those before them are released', () => {
  const cache = new PayloadCache(2, 100)
  for (const guid of ['a', 'b', 'c']) cache.keep(guid, ofBytes(guid, 60))
  expect(['a', 'b', 'c'].map((guid) => cache.get(guid)?.trim())).toEqual(['a', 'b', undefined])
  cache.release('a')
  cache.keep('c', ofBytes('c', 60))
  expect(['a', 'b', 'c'].map((guid) => cache.get(guid)?.trim())).toEqual([undefined, 'b', 'c'])
  cache.clear()
  for (const guid of ['d', 'e']) cache.keep(guid, ofBytes(guid, 100))
  expect(['c', 'd', 'e'].map((guid) => cache.get(guid)?.trim())).toEqual([undefined, 'd', 'e'])
})

test('memory is used again only when nothing in it is kept any more', () => {
  const cache = new PayloadCache(1, 100)
  cache.keep('a', ofBytes('a', 30))
  cache.keep('b', ofBytes('b', 70))
  cache.release('a')
  cache.keep('c', ofBytes('c', 10))
  expect([cache.get('b')?.trim(), cache.has('c')]).toEqual(['b', false])
  cache.release('b')
  cache.keep('c', ofBytes('c', 10))
  expect(cache.get('c')?.trim()).toBe('c')
})

test('a payload that is larger than a piece of memory is not kept, and costs the others nothing', () => {
  const cache = new PayloadCache(1, 100)
  cache.keep('huge', ofBytes('huge', 101))
  cache.keep('a', ofBytes('a', 100))
  expect([cache.has('huge'), cache.get('a')?.trim()]).toEqual([false, 'a'])
})

test('a GUID that is kept keeps its first payload, and releasing what is not kept frees nothing', () => {
  const cache = new PayloadCache(1, 100)
  cache.keep('a', ofBytes('first', 50))
  cache.keep('a', ofBytes('second', 10))
  expect(cache.get('a')?.trim()).toBe('first')
  cache.release('unknown')
  cache.keep('b', ofBytes('b', 60))
  expect(cache.has('b')).toBe(false)
})

test('what is kept is a copy: whoever brought it may use the memory again', () => {
  const cache = new PayloadCache()
  const body = Buffer.from('noise{"grüße":1}noise').subarray(5, -5)
  cache.keep('a', body)
  body.fill(0)
  expect(cache.get('a')).toBe('{"grüße":1}')
})

// What was received is read back as it came, also what an earlier version stored; damage is told.
import { brotliCompressSync, constants } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allOfficialPayloads } from '@hookyard/standins/payloads'
import { packBody, unpackBody } from './body.ts'

const MIB = 1024 * 1024

test('each official payload is read back as it came, and all together are a quarter of their size', () => {
  let plain = 0
  let stored = 0
  for (const { payload } of allOfficialPayloads()) {
    const text = JSON.stringify(payload)
    const packed = packBody(Buffer.from(text))
    expect(unpackBody(packed)).toBe(text)
    plain += Buffer.byteLength(text)
    stored += packed.byteLength
  }
  expect(stored).toBeLessThan(plain / 4)
})

test('any text is read back as it came', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 2_000 }), (text) => {
      expect(unpackBody(packBody(Buffer.from(text)))).toBe(text)
    }),
  )
})

test.each([MIB - 1, MIB, MIB + 1, 25 * MIB])('a body of %i bytes is read back as it came', (bytes) => {
  const text = JSON.stringify({ title: 'grüße' }).padEnd(bytes - 2)
  expect(Buffer.byteLength(text)).toBe(bytes)
  expect(unpackBody(packBody(Buffer.from(text))) === text).toBe(true)
})

test('a body that lies in shared memory is packed', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(100))
  shared.set(Buffer.from('{"a":1}'), 10)
  expect(unpackBody(packBody(shared.subarray(10, 17)))).toBe('{"a":1}')
})

test('bodies of before LZ4 are read: Brotli, whatever its first byte', () => {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 16 }
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      expect(unpackBody(brotliCompressSync(text, { params }))).toBe(text)
    }),
  )
})

test.each([
  ['nothing at all', ''],
  ['no Brotli', 'ff00ff'],
  ['LZ4 without a size', '0101'],
  ['LZ4 of 4 GiB', '01ffffffff00'],
  ['LZ4 that ends too early', '0110000000ff00ff'],
])('%s is damaged, and that is an Error', (_says, hex) => {
  expect(() => unpackBody(Buffer.from(hex, 'hex'))).toThrow(Error)
})

test('damage anywhere gives some text or an Error, and the next body is read as ever', () => {
  const text = JSON.stringify({ title: 'grüße '.repeat(40), numbers: [...Array(200).keys()] })
  const whole = packBody(Buffer.from(text))
  fc.assert(
    fc.property(fc.nat(whole.byteLength - 1), fc.nat(255), (position, byte) => {
      const damaged = Uint8Array.from(whole)
      damaged[position] = byte
      try {
        unpackBody(damaged)
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(Error)
      }
      expect(unpackBody(whole)).toBe(text)
    }),
  )
})

test('what is in databases by now stays readable: LZ4 behind a byte that no Brotli of ours begins with', () => {
  expect(unpackBody(Buffer.from('0107000000707b2261223a317d', 'hex'))).toBe('{"a":1}')
})

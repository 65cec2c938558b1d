// Payload bodies as they lie in the database: a delivery shrinks to an eighth in 15 µs, and what is not written need
// not be synced. Node's own compressors take twice as long for it and leave, body by body, a stream to be collected.
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'
import { compress, decompress } from 'lz4-wasm-nodejs'

/** In bytes. LZ4 works in memory of its own, which grows to the largest body and is never given back. */
const MAX_LZ4_BYTES = 1024 * 1024
/** What an LZ4 body begins with. A Brotli stream with this window never does: its first bit is 0 (RFC 7932, 9.1). */
const LZ4 = 1
const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 16 } }

/** The bytes to store. */
export function packBody(body: Uint8Array): Uint8Array {
  if (body.byteLength > MAX_LZ4_BYTES) return brotliCompressSync(body, brotli)
  const packed = compress(body)
  const stored = new Uint8Array(packed.byteLength + 1)
  stored[0] = LZ4
  stored.set(packed, 1)
  return stored
}

/** The text as it arrived. @throws Error when the stored bytes are damaged. */
export function unpackBody(stored: Uint8Array): string {
  const bytes = stored[0] === LZ4 ? unpackLz4(stored.subarray(1)) : brotliDecompressSync(stored)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function unpackLz4(packed: Uint8Array): Uint8Array {
  // It begins with the size of the text, for which memory is taken at once.
  const size = packed.byteLength < 4 ? 0 : new DataView(packed.buffer, packed.byteOffset).getUint32(0, true)
  if (size > MAX_LZ4_BYTES) throw new Error(`the LZ4 data is damaged: it would be ${size} bytes`)
  try {
    return decompress(packed)
  } catch (thrown) {
    throw new Error(`the LZ4 data is damaged: ${String(thrown)}`, { cause: thrown })
  }
}

import type { Readable } from 'node:stream'

/** The whole of a stream; null, and the stream is destroyed, when it holds more bytes than that. */
export async function readBounded(stream: Readable, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  // Leaving the loop destroys the stream, and with it the connection.
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > maxBytes) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

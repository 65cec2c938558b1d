import { createHash, timingSafeEqual } from 'node:crypto'

/** Is this header the secret? Compared in constant time, as digests, which are of one length whatever was sent. */
export function isSecret(sent: string | readonly string[] | undefined, secret: string): boolean {
  return typeof sent === 'string' && timingSafeEqual(digestOf(sent), digestOf(secret))
}

const digestOf = (text: string) => createHash('sha256').update(text).digest()

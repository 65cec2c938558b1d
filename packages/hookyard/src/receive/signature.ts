// HMAC-SHA-256 over the raw bytes, compared in constant time, before anything is parsed.
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'

/** The value of `X-Hub-Signature-256`. */
export const SIGNATURE = /^sha256=([0-9a-fA-F]{64})$/

/** Does the value of `X-Hub-Signature-256` belong to these bytes? */
export type Verifier = (body: Uint8Array, header: string | readonly string[] | undefined) => boolean

/** Verifies against any of the secrets (several while rotating). Without a secret nothing verifies. */
export function createVerifier(secrets: readonly string[]): Verifier {
  const keys = secrets.filter((secret) => secret !== '').map((secret) => createSecretKey(secret, 'utf8'))
  return (body, header) => {
    const hex = typeof header === 'string' ? SIGNATURE.exec(header)?.[1] : undefined
    if (hex === undefined) return false
    const claimed = Buffer.from(hex, 'hex')
    return keys.some((key) => timingSafeEqual(createHmac('sha256', key).update(body).digest(), claimed))
  }
}

/** Verifies against the secrets in force; their keys are made once per list. */
export function currentVerifier(secrets: () => readonly string[]): Verifier {
  let madeFor = secrets()
  let verify = createVerifier(madeFor)
  return (body, header) => {
    const now = secrets()
    if (now !== madeFor) {
      verify = createVerifier(now)
      madeFor = now
    }
    return verify(body, header)
  }
}

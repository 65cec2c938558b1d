// Is a webhook signed by somebody who holds the secret? HMAC-SHA-256 over the raw bytes, compared in constant time,
// before anything is parsed. Several secrets may hold at a time, while they are exchanged; without one nothing verifies.
import { type KeyObject, createHmac, createSecretKey, timingSafeEqual, webcrypto } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { UserError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'

type Secrets = readonly string[]
/** The value of `X-Hub-Signature-256`. */
type Header = string | readonly string[] | undefined

const SIGNATURE = /^sha256=([0-9a-fA-F]{64})$/
const keys = new WeakMap<Secrets, readonly KeyObject[]>()

/** Does the header belong to these bytes, with any of the secrets? */
export function isSigned(body: Uint8Array, header: Header, secrets: Secrets): boolean {
  const claimed = claimedBy(header)
  if (!claimed) return false
  const known = keys.get(secrets) ?? usable(secrets).map((secret) => createSecretKey(secret, 'utf8'))
  keys.set(secrets, known)
  return known.some((key) => timingSafeEqual(createHmac('sha256', key).update(body).digest(), claimed))
}

/** The same in Node's pool of threads: anybody may send 25 MiB, whose HMAC takes some 60 ms. */
export async function isLargeSigned(body: Buffer<ArrayBuffer>, header: Header, secrets: Secrets) {
  const claimed = claimedBy(header)
  if (!claimed) return false
  for (const secret of usable(secrets)) {
    const hmac = { name: 'HMAC', hash: 'SHA-256' }
    const key = await webcrypto.subtle.importKey('raw', Buffer.from(secret), hmac, false, ['verify'])
    if (await webcrypto.subtle.verify('HMAC', key, claimed, body)) return true
  }
  return false
}

const usable = (secrets: Secrets) => secrets.filter((secret) => secret !== '')

function claimedBy(header: Header): Buffer<ArrayBuffer> | null {
  const hex = typeof header === 'string' ? SIGNATURE.exec(header)?.[1] : undefined
  return hex === undefined ? null : Buffer.from(hex, 'hex')
}

/** @throws UserError invalid_signature, always */
export type Refuse = (request: FastifyRequest) => never

/** A flood of unsigned requests must not flood the log: at most one warning in this time, in ms. */
const WARN_EVERY_MS = 10_000

/** Counts refusals and warns of them: a wrong secret is the commonest mistake in a set-up. */
export function createRefusal(deps: { config: () => Config; clock: Clock; log: Log }): Refuse {
  const { config, clock, log } = deps
  let warnedAt = -Infinity
  let refused = 0
  return (request) => {
    refused++
    if (Math.abs(clock() - warnedAt) >= WARN_EVERY_MS) {
      const reason = reasonOf(config().github.webhookSecrets, request)
      log.warn({ refused, reason, from: request.ip }, 'refused webhooks: the signature does not verify')
      warnedAt = clock()
      refused = 0
    }
    throw new UserError(
      'invalid_signature',
      'X-Hub-Signature-256 does not verify; the secret of the webhook on GitHub must equal github.webhook_secret here',
    )
  }
}

function reasonOf(secrets: Secrets, { headers }: FastifyRequest): string {
  if (secrets.length === 0) return 'no github.webhook_secret is configured'
  return headers['x-hub-signature-256'] === undefined
    ? 'the webhook on GitHub has no secret'
    : 'the secrets differ, or the body was changed'
}

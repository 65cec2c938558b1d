// A delivery of more than 128 KiB: the steps of github.ts, off the main thread. Anybody may send 25 MiB, whose HMAC takes
// some 60 ms; what is signed may still be 25 MiB of values.
import { webcrypto } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { toError, UserError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { LargePayloads } from '../payload/large-payloads.ts'
import type { NewDelivery } from '../store/store.ts'
import { headOf, isForm } from './delivery-headers.ts'
import { storageUnavailable } from './errors.ts'
import type { Refuse } from './refusal.ts'
import { SIGNATURE } from './signature.ts'

export interface LargeDeps {
  readonly config: () => Config
  readonly payloads: Pick<LargePayloads, 'describe'>
  readonly clock: Clock
  readonly log: Log
}

/**
 * Reads it as github.ts reads a small one; null: it is a ping.
 * @throws UserError
 */
export async function readLarge(
  deps: LargeDeps,
  request: FastifyRequest,
  body: Buffer<ArrayBuffer>,
  refuse: Refuse,
): Promise<NewDelivery | null> {
  const signature = request.headers['x-hub-signature-256']
  if (!(await verifyAside(deps.config().github.webhookSecrets, body, signature))) refuse(request)
  const head = headOf(request, deps.clock)
  if (!head) return null
  try {
    return { ...head, ...(await deps.payloads.describe(head.event, body, isForm(request))) }
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown
    deps.log.error({ err: toError(thrown), delivery: head.guid }, 'a large payload could not be parsed')
    throw storageUnavailable(thrown)
  }
}

/** As signature.ts, in Node's pool of threads. */
async function verifyAside(
  secrets: readonly string[],
  body: Buffer<ArrayBuffer>,
  header: string | readonly string[] | undefined,
): Promise<boolean> {
  const hex = typeof header === 'string' ? SIGNATURE.exec(header)?.[1] : undefined
  if (hex === undefined) return false
  const claimed = Buffer.from(hex, 'hex')
  for (const secret of secrets.filter((secret) => secret !== '')) {
    const hmac = { name: 'HMAC', hash: 'SHA-256' }
    const key = await webcrypto.subtle.importKey('raw', Buffer.from(secret), hmac, false, ['verify'])
    if (await webcrypto.subtle.verify('HMAC', key, claimed, body)) return true
  }
  return false
}

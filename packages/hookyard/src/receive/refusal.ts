// The 401 of a webhook: told to the sender, and now and then to the operator.
import type { FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { UserError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'

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
      const reason = reasonOf(config(), request)
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

function reasonOf(config: Config, request: FastifyRequest): string {
  if (config.github.webhookSecrets.length === 0) return 'no github.webhook_secret is configured'
  return request.headers['x-hub-signature-256'] === undefined
    ? 'the webhook on GitHub has no secret'
    : 'the secrets differ, or the body was changed'
}

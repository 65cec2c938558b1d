// POST /webhook: any program's JSON becomes a plain message to the first admin.
import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Access } from '../access/access.ts'
import type { Config } from '../config/config.ts'
import { UserError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { genericMessage } from '../send/format.ts'
import type { OutboxStore } from '../store/store.ts'
import { jsonBody } from './body.ts'
import type { BodyBudget } from './body-budget.ts'
import { notFound, orUnavailable } from './errors.ts'
import { isSecret } from './auth.ts'

export interface InboundDeps {
  readonly config: () => Config
  readonly access: () => Pick<Access, 'firstAdmin'>
  readonly store: { readonly outbox: Pick<OutboxStore, 'add'> }
  readonly wakeOutbox: () => void
  readonly clock: Clock
  readonly log: Log
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

/** `POST /webhook`, of any content type: the senders are many, and few of them let it be chosen. */
export function inboundRoute(
  app: FastifyInstance,
  deps: InboundDeps,
  maxBytes: number,
  budget: BodyBudget,
): void {
  const { config, access, store, wakeOutbox, clock, log } = deps
  // Before the body is read: a stranger's bytes are not worth it.
  const onRequest = (request: FastifyRequest, _reply: unknown, done: () => void) => {
    const { inbound } = config()
    if (!inbound || inbound.secret === '') throw notFound(request)
    if (!isSecret(request.headers['x-webhook-secret'], inbound.secret)) {
      throw new UserError('unauthorized', 'the header X-Webhook-Secret must hold inbound.secret')
    }
    done()
  }

  void app.register((scope, _options, registered) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { bodyLimit: maxBytes }, jsonBody(maxBytes, budget))
    scope.post('/webhook', { onRequest, bodyLimit: maxBytes }, async (request, reply) => {
      if (!request.body) throw new UserError('invalid_json', 'the request has no body; send a JSON object')
      const message = genericMessage(request.body as object)
      const dedupeKey = `inbound:${idempotencyKey(request) ?? randomUUID()}`
      const address = access().firstAdmin().address ?? 'log:'
      await orUnavailable(
        log,
        store.outbox.add([{ address, message, dedupeKey, runId: null, delivery: null, createdAt: clock() }]),
      )
      wakeOutbox()
      return reply.code(202).send({ status: 'accepted' })
    })
    registered()
  })
}

/** @throws UserError invalid_input */
function idempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key === 'string' && IDEMPOTENCY_KEY.test(key)) return key
  throw new UserError('invalid_input', 'Idempotency-Key must be 1 to 255 printable ASCII characters')
}

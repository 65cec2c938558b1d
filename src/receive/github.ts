// POST /webhook/github: verify, parse, accept, answer, in the contract's order. Enters: what GitHub posts.
// Leaves: a stored delivery. Must never happen: a 2xx for what is not on disk, or a byte parsed before its
// signature was checked. GitHub gives up after 10 s, so nothing but the store is waited for.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { describeEvent } from '../entity/entity.ts'
import { toError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Accepted, NewDelivery } from '../store/store.ts'
import { type BodyBudget, parseObject, rawBody } from './body.ts'
import { eventOf, guidOf, hookIdOf } from './delivery-headers.ts'
import { JSON_TYPE, storageUnavailable, unsupported } from './errors.ts'
import { formPayload, hasPayload, isForm } from './form.ts'
import { createRefusal, type Refuse } from './refusal.ts'
import { currentVerifier, type Verifier } from './signature.ts'

export interface GitHubDeps {
  readonly config: () => Config
  /** Resolves once the delivery is on disk. */
  readonly accept: (delivery: NewDelivery) => Promise<Accepted>
  readonly wakeDispatch: () => void
  readonly wakeRuns: () => void
  readonly clock: Clock
  readonly log: Log
}

/** `POST /webhook/github`; the scope's content-type parsers are its own. */
export function githubRoute(
  app: FastifyInstance,
  deps: GitHubDeps,
  maxBytes: number,
  budget: BodyBudget,
): void {
  const verify = currentVerifier(() => deps.config().github.webhookSecrets)
  const refuse = createRefusal(deps)
  const config = { accepts: 'application/json, or application/x-www-form-urlencoded with a field `payload`' }

  void app.register((scope, _options, registered) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      ['application/json', 'application/x-www-form-urlencoded'],
      { bodyLimit: maxBytes },
      rawBody(maxBytes, budget),
    )
    scope.post('/webhook/github', { config, bodyLimit: maxBytes }, (request, reply) => {
      // Nothing is returned: a reply is thenable, and Fastify would listen for its end.
      const body = signedBody(request, verify, refuse)
      const event = eventOf(request)
      if (event === 'ping') {
        send(reply, 200, '{"msg":"pong"}')
        return
      }
      const guid = guidOf(request)
      const json = isForm(request) ? formPayload(body) : body
      const delivery = {
        guid,
        hookId: hookIdOf(request),
        event,
        ...describeEvent(event, parseObject(json)),
        body: json,
        receivedAt: deps.clock(),
      }
      answerOnceStored(deps, reply, delivery)
    })
    registered()
  })
}

/**
 * The bytes that were signed.
 * @throws UserError unsupported_media_type, invalid_signature
 */
function signedBody(request: FastifyRequest, verify: Verifier, refuse: Refuse): Buffer {
  const body = request.body as Buffer | undefined
  if (body === undefined || (isForm(request) && !hasPayload(body))) throw unsupported(request)
  if (!verify(body, request.headers['x-hub-signature-256'])) refuse(request)
  return body
}

function answerOnceStored(deps: GitHubDeps, reply: FastifyReply, delivery: NewDelivery): void {
  deps.accept(delivery).then(
    (accepted) => {
      send(reply, accepted.status === 'duplicate' ? 200 : 202, answerOf(accepted, delivery.guid))
      if (accepted.status === 'accepted') deps.wakeDispatch()
      if (accepted.status === 'retried') deps.wakeRuns()
    },
    (thrown: unknown) => {
      deps.log.error({ err: toError(thrown), delivery: delivery.guid }, 'a delivery could not be stored')
      reply.send(storageUnavailable(thrown))
    },
  )
}

// The GUID's pattern needs no escaping in JSON.
function answerOf(accepted: Accepted, guid: string): string {
  return accepted.status === 'retried'
    ? `{"status":"retried","delivery":"${guid}","runs":${JSON.stringify(accepted.runs)}}`
    : `{"status":"${accepted.status}","delivery":"${guid}"}`
}

function send(reply: FastifyReply, status: number, body: string): void {
  reply.code(status).header('content-type', JSON_TYPE).send(body)
}

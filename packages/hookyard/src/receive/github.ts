// POST /webhook/github: verify, parse, accept, answer, in the contract's order. Enters: what GitHub posts.
// Leaves: a stored delivery. Must never happen: a 2xx for what is not on disk, or a byte parsed before its
// signature was checked. GitHub gives up after 10 s, so nothing but the store is waited for.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { describeEvent } from '../entity/entity.ts'
import { toError } from '../lib/errors.ts'
import { formPayload, hasPayload } from '../payload/form.ts'
import { LARGE_BYTES, parseObject } from '../payload/parse-object.ts'
import type { Accepted, NewDelivery } from '../store/store.ts'
import { rawBody } from './body.ts'
import type { BodyBudget } from './body-budget.ts'
import { headOf, isForm } from './delivery-headers.ts'
import { JSON_TYPE, storageUnavailable, unsupported } from './errors.ts'
import { type LargeDeps, readLarge } from './large.ts'
import { createRefusal } from './refusal.ts'
import { currentVerifier } from './signature.ts'

export interface GitHubDeps extends LargeDeps {
  /** Resolves once the delivery is on disk. */
  readonly accept: (delivery: NewDelivery) => Promise<Accepted>
  readonly wakeDispatch: () => void
  readonly wakeRuns: () => void
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
      const body = bodyOf(request)
      if (body.length > LARGE_BYTES) {
        readLarge(deps, request, body, refuse)
          .then((delivery) => answerOnceStored(deps, reply, delivery))
          .catch((thrown: unknown) => reply.send(thrown))
          .finally(() => request.bodyShare?.release())
        return
      }
      if (!verify(body, request.headers['x-hub-signature-256'])) refuse(request)
      const head = headOf(request, deps.clock)
      const json = isForm(request) && head ? formPayload(body) : body
      const delivery = head && { ...head, ...describeEvent(head.event, parseObject(json)), body: json }
      void answerOnceStored(deps, reply, delivery)
    })
    registered()
  })
}

/**
 * The bytes that should be signed.
 * @throws UserError unsupported_media_type
 */
function bodyOf(request: FastifyRequest): Buffer<ArrayBuffer> {
  const body = request.body as Buffer<ArrayBuffer> | undefined
  if (body === undefined || (isForm(request) && !hasPayload(body))) throw unsupported(request)
  return body
}

/** null: a ping, which is not stored. */
async function answerOnceStored(
  deps: GitHubDeps,
  reply: FastifyReply,
  delivery: NewDelivery | null,
): Promise<void> {
  if (!delivery) return send(reply, 200, '{"msg":"pong"}')
  try {
    const accepted = await deps.accept(delivery)
    send(reply, accepted.status === 'duplicate' ? 200 : 202, answerOf(accepted, delivery.guid))
    if (accepted.status === 'accepted') deps.wakeDispatch()
    if (accepted.status === 'retried') deps.wakeRuns()
  } catch (thrown) {
    deps.log.error({ err: toError(thrown), delivery: delivery.guid }, 'a delivery could not be stored')
    reply.send(storageUnavailable(thrown))
  }
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

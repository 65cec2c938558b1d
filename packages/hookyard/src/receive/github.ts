// POST /webhook/github: verify, parse, accept, answer, in the contract's order. Enters: what GitHub posts.
// Leaves: a stored delivery. Must never happen: a 2xx for what is not on disk, or a byte parsed before its
// signature was checked. GitHub gives up after 10 s, so nothing but the store is waited for.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { describeEvent } from '../entity/entity.ts'
import { toError, UserError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { formPayload, hasPayload } from '../payload/form.ts'
import type { LargePayloads } from '../payload/large-payloads.ts'
import { LARGE_BYTES, parseObject } from '../payload/parse-object.ts'
import { createGroupCommit } from '../store/group-commit.ts'
import type { Accepted, DeliveryStore, NewDelivery } from '../store/store.ts'
import { rawBody } from './body.ts'
import type { BodyBudget } from './body-budget.ts'
import { headOf, isForm } from './delivery-headers.ts'
import { JSON_TYPE, storageUnavailable, unsupported } from './errors.ts'
import { type Refuse, createRefusal, isLargeSigned, isSigned } from './verify-signature.ts'

export interface GitHubDeps {
  readonly config: () => Config
  readonly store: { readonly deliveries: Pick<DeliveryStore, 'accept'> }
  readonly payloads: Pick<LargePayloads, 'describe'>
  /** The delivery is on disk, and about to be answered. */
  readonly onAccepted: (delivery: NewDelivery, accepted: Accepted) => void
  readonly clock: Clock
  readonly log: Log
}

/** `POST /webhook/github`; the scope's content-type parsers are its own. */
export function githubRoute(
  app: FastifyInstance,
  deps: GitHubDeps,
  { webhookBodyBytes: bodyLimit, waiting: maxWaiting }: { webhookBodyBytes: number; waiting: number },
  budget: BodyBudget,
): void {
  const refuse = createRefusal(deps)
  const config = { accepts: 'application/json, or application/x-www-form-urlencoded with a field `payload`' }
  const commit = createGroupCommit((batch) => deps.store.deliveries.accept(batch), { maxWaiting })

  /** null: a ping, which is not stored. */
  async function answerOnceStored(reply: FastifyReply, delivery: NewDelivery | null): Promise<void> {
    if (!delivery) return send(reply, 200, '{"msg":"pong"}')
    const { guid, event, action, entity } = delivery
    try {
      const accepted = await commit.accept(delivery)
      deps.onAccepted(delivery, accepted)
      send(reply, accepted.status === 'duplicate' ? 200 : 202, answerOf(accepted, guid))
      if (accepted.status !== 'duplicate')
        deps.log.info({ delivery: guid, event, action, entity }, `a delivery was ${accepted.status}`)
    } catch (thrown) {
      deps.log.error({ err: toError(thrown), delivery: guid }, 'a delivery could not be stored')
      reply.send(storageUnavailable(thrown))
    }
  }

  void app.register((scope, _options, registered) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      ['application/json', 'application/x-www-form-urlencoded'],
      { bodyLimit },
      rawBody(bodyLimit, budget),
    )
    scope.post('/webhook/github', { config, bodyLimit }, (request, reply) => {
      // Nothing is returned: a reply is thenable, and Fastify would listen for its end.
      const body = bodyOf(request)
      if (body.length > LARGE_BYTES) {
        readLarge(deps, request, body, refuse)
          .then((delivery) => answerOnceStored(reply, delivery))
          .catch((thrown: unknown) => reply.send(thrown))
          .finally(() => request.bodyShare?.release())
      } else void answerOnceStored(reply, readSmall(deps, request, body, refuse))
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

/** null: it is a ping. @throws UserError */
function readSmall(
  { config, clock }: GitHubDeps,
  request: FastifyRequest,
  body: Buffer<ArrayBuffer>,
  refuse: Refuse,
): NewDelivery | null {
  if (!isSigned(body, request.headers['x-hub-signature-256'], config().github.webhookSecrets)) refuse(request)
  const head = headOf(request, clock)
  if (!head) return null
  const json = isForm(request) ? formPayload(body) : body
  return { ...head, ...describeEvent(head.event, parseObject(json)), body: json }
}

/** The same steps off the main thread: what is signed may still be 25 MiB of values. */
async function readLarge(
  { config, payloads, clock, log }: GitHubDeps,
  request: FastifyRequest,
  body: Buffer<ArrayBuffer>,
  refuse: Refuse,
): Promise<NewDelivery | null> {
  const signature = request.headers['x-hub-signature-256']
  if (!(await isLargeSigned(body, signature, config().github.webhookSecrets))) refuse(request)
  const head = headOf(request, clock)
  if (!head) return null
  try {
    return { ...head, ...(await payloads.describe(head.event, body, isForm(request))) }
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown
    log.error({ err: toError(thrown), delivery: head.guid }, 'a large payload could not be parsed')
    throw storageUnavailable(thrown)
  }
}

// The GUID's pattern needs no escaping in JSON.
const answerOf = (accepted: Accepted, guid: string): string =>
  accepted.status === 'retried'
    ? `{"status":"retried","delivery":"${guid}","runs":${JSON.stringify(accepted.runs)}}`
    : `{"status":"${accepted.status}","delivery":"${guid}"}`

function send(reply: FastifyReply, status: number, body: string): void {
  reply.code(status).header('content-type', JSON_TYPE).send(body)
}

// What the OpenAPI document says of webhooks and health, whose routes are in receive/.
import { z } from 'zod'
import { type Description, describe } from './operation.ts'
import { named, shapes } from './shapes.ts'

const guid = () => z.string().describe('The delivery’s GUID')
const Accepted = z
  .discriminatedUnion('status', [
    z.object({ status: z.literal('accepted'), delivery: guid() }),
    z.object({
      status: z.literal('retried'),
      delivery: guid(),
      runs: z.array(z.string()).describe('The failed runs that are tried again'),
    }),
  ])
  .register(shapes, { id: 'Accepted' })
const Known = z
  .union([
    z.object({ status: z.literal('duplicate'), delivery: guid() }),
    z.object({ msg: z.literal('pong') }),
  ])
  .register(shapes, { id: 'Known' })
const Ok = named('Ok', { status: z.literal('ok') })

const header = (description?: string) => {
  const text = z.string().optional()
  return description === undefined ? text : text.describe(description)
}
const webhook = { scope: 'open', body: z.record(z.string(), z.unknown()) } as const
const OF_BODIES = ['too_large', 'invalid_json', 'not_an_object', 'storage_unavailable'] as const

/** In the order of the contract. */
export const descriptions: readonly Description[] = [
  describe('getHealth', 'GET /health', {
    summary: 'Alive',
    scope: 'open',
    answers: { 200: { description: 'It answers', schema: Ok } },
  }),
  describe('getReadiness', 'GET /ready', {
    summary: 'Able to take work',
    scope: 'open',
    answers: {
      200: { description: 'It is', schema: Ok },
      503: {
        description: 'It stops, or nothing can be stored',
        schema: z.object({ status: z.literal('unavailable') }),
      },
    },
  }),
  describe('receiveGitHubWebhook', 'POST /webhook/github', {
    ...webhook,
    summary: 'Take in a webhook of GitHub',
    description:
      'Answers 202 once the delivery is on disk. A GUID that is held already is a `duplicate`, or, when its runs had failed and the same hook sends it again, `retried`. Bodies up to 25 MiB.',
    headers: z.object({
      'X-GitHub-Event': header('Checked after the signature'),
      'X-GitHub-Delivery': header('The GUID'),
      'X-Hub-Signature-256': header('HMAC-SHA256 of the raw body'),
      'X-GitHub-Hook-ID': header(),
    }),
    bodyTypes: ['application/json', 'application/x-www-form-urlencoded'],
    answers: {
      202: { description: 'Stored, or tried again', schema: Accepted },
      200: { description: 'Known already, or a ping', schema: Known },
    },
    refusals: [
      ...OF_BODIES,
      'unsupported_media_type',
      'invalid_signature',
      'missing_event',
      'missing_delivery',
    ],
  }),
  describe('receiveWebhook', 'POST /webhook', {
    ...webhook,
    summary: 'Tell the first admin',
    description:
      'The string `message`, else the JSON itself, goes to the first admin. 404 without `inbound.secret`.',
    headers: z.object({
      'X-Webhook-Secret': header('`inbound.secret`'),
      'Idempotency-Key': header('A second message with it is dropped'),
    }),
    answers: {
      202: { description: 'It will be sent', schema: z.object({ status: z.literal('accepted') }) },
    },
    refusals: [...OF_BODIES, 'not_found', 'unauthorized', 'invalid_input'],
  }),
  describe('receiveTelegramUpdate', 'POST /webhook/telegram', {
    ...webhook,
    summary: 'Take in an update of the chat bot',
    description: 'For Telegram, with `telegram.updates: webhook`. Bodies up to 25 MiB.',
    headers: z.object({ 'X-Telegram-Bot-Api-Secret-Token': header('`telegram.webhook_secret`') }),
    answers: { 200: { description: 'It has had its effect', schema: Ok } },
    refusals: [...OF_BODIES, 'unauthorized', 'unsupported_media_type', 'invalid_input'],
  }),
]

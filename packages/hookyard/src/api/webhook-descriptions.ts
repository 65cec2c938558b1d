// What stands in the OpenAPI document of the routes that are no operations: the webhooks, health and MCP. Their
// bodies are other programs' business; their checks and answers are the contract's.
import { z } from 'zod'
import type { Description } from './operation.ts'
import { named } from './shapes.ts'

const guid = () => z.string().describe('The delivery’s GUID')
const Accepted = named(
  'Accepted',
  z.discriminatedUnion('status', [
    z.object({ status: z.literal('accepted'), delivery: guid() }),
    z.object({
      status: z.literal('retried'),
      delivery: guid(),
      runs: z.array(z.string()).describe('The failed runs that are tried again'),
    }),
  ]),
)
const Known = named(
  'Known',
  z.union([
    z.object({ status: z.literal('duplicate'), delivery: guid() }),
    z.object({ msg: z.literal('pong') }),
  ]),
)
const Ok = named('Ok', z.object({ status: z.literal('ok') }))
const anyObject = () => z.record(z.string(), z.unknown())

/** Webhooks and health, in the order of the contract. */
export const descriptions: readonly Description[] = [
  {
    id: 'getHealth',
    method: 'get',
    path: '/health',
    tag: 'service',
    summary: 'Alive',
    scope: 'open',
    answers: { 200: { description: 'It answers', schema: Ok } },
  },
  {
    id: 'getReadiness',
    method: 'get',
    path: '/ready',
    tag: 'service',
    summary: 'Able to take work',
    scope: 'open',
    answers: {
      200: { description: 'It is', schema: Ok },
      503: {
        description: 'It stops, or nothing can be stored',
        schema: z.object({ status: z.literal('unavailable') }),
      },
    },
  },
  {
    id: 'receiveGitHubWebhook',
    method: 'post',
    path: '/webhook/github',
    tag: 'webhooks',
    summary: 'Take in a webhook of GitHub',
    description:
      'Answers 202 once the delivery is on disk. A GUID that is held already is a `duplicate`, or, when its runs had failed and the same hook sends it again, `retried`. Bodies up to 25 MiB.',
    scope: 'open',
    headers: z.object({
      'X-GitHub-Event': z.string().optional().describe('Checked after the signature'),
      'X-GitHub-Delivery': z.string().optional().describe('The GUID'),
      'X-Hub-Signature-256': z.string().optional().describe('HMAC-SHA256 of the raw body'),
      'X-GitHub-Hook-ID': z.string().optional(),
    }),
    body: anyObject(),
    bodyTypes: ['application/json', 'application/x-www-form-urlencoded'],
    answers: {
      202: { description: 'Stored, or tried again', schema: Accepted },
      200: { description: 'Known already, or a ping', schema: Known },
    },
    refusals: [
      'unsupported_media_type',
      'too_large',
      'invalid_signature',
      'missing_event',
      'missing_delivery',
      'invalid_json',
      'not_an_object',
      'storage_unavailable',
    ],
  },
  {
    id: 'receiveWebhook',
    method: 'post',
    path: '/webhook',
    tag: 'webhooks',
    summary: 'Tell the first admin',
    description:
      'The string `message`, else the JSON itself, goes to the first admin. 404 without `inbound.secret`.',
    scope: 'open',
    headers: z.object({
      'X-Webhook-Secret': z.string().optional().describe('`inbound.secret`'),
      'Idempotency-Key': z.string().optional().describe('A second message with it is dropped'),
    }),
    body: anyObject(),
    answers: {
      202: { description: 'It will be sent', schema: z.object({ status: z.literal('accepted') }) },
    },
    refusals: [
      'not_found',
      'unauthorized',
      'too_large',
      'invalid_json',
      'not_an_object',
      'invalid_input',
      'storage_unavailable',
    ],
  },
  {
    id: 'receiveTelegramUpdate',
    method: 'post',
    path: '/webhook/telegram',
    tag: 'webhooks',
    summary: 'Take in an update of the chat bot',
    description: 'For Telegram, with `telegram.updates: webhook`. Bodies up to 25 MiB.',
    scope: 'open',
    headers: z.object({
      'X-Telegram-Bot-Api-Secret-Token': z.string().optional().describe('`telegram.webhook_secret`'),
    }),
    body: anyObject(),
    answers: { 200: { description: 'It has had its effect', schema: Ok } },
    refusals: [
      'unauthorized',
      'unsupported_media_type',
      'too_large',
      'invalid_json',
      'not_an_object',
      'invalid_input',
      'storage_unavailable',
    ],
  },
]

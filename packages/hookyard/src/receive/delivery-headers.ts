// The headers that name a delivery: https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
import type { FastifyRequest } from 'fastify'
import { UserError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'

const EVENT = /^[a-z0-9_]{1,64}$/
const GUID = /^[A-Za-z0-9._:-]{1,128}$/
const HOOK_ID = /^\d{1,20}$/
const FORM = /^\s*application\/x-www-form-urlencoded/i

/** Whether the body is a form. */
export const isForm = ({ headers }: FastifyRequest): boolean => FORM.test(headers['content-type'] ?? '')

/**
 * What the headers say of the delivery; null: it is a ping.
 * @throws UserError missing_event, missing_delivery
 */
export function headOf(request: FastifyRequest, clock: Clock) {
  const event = eventOf(request)
  if (event === 'ping') return null
  return { guid: guidOf(request), hookId: hookIdOf(request), event, receivedAt: clock() }
}

function eventOf({ headers }: FastifyRequest): string {
  const event = headers['x-github-event']
  if (typeof event === 'string' && EVENT.test(event)) return event
  throw new UserError('missing_event', 'the header X-GitHub-Event must name an event, such as `push`')
}

function guidOf({ headers }: FastifyRequest): string {
  const guid = headers['x-github-delivery']
  if (typeof guid === 'string' && GUID.test(guid)) return guid
  throw new UserError('missing_delivery', 'the header X-GitHub-Delivery must hold the GUID of the delivery')
}

/** null: it names no hook, or not one of GitHub's. */
function hookIdOf({ headers }: FastifyRequest): string | null {
  const id = headers['x-github-hook-id']
  return typeof id === 'string' && HOOK_ID.test(id) ? id : null
}

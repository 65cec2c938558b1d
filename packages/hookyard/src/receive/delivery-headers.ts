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

/** What the headers say of the delivery; null: it is a ping. @throws UserError missing_event, missing_delivery */
export function headOf(request: FastifyRequest, clock: Clock) {
  const event = header(request, 'x-github-event', EVENT)
  if (event === null)
    throw new UserError('missing_event', 'the header X-GitHub-Event must name an event, such as `push`')
  if (event === 'ping') return null
  const guid = header(request, 'x-github-delivery', GUID)
  if (guid === null)
    throw new UserError('missing_delivery', 'the header X-GitHub-Delivery must hold the GUID of the delivery')
  return { guid, hookId: header(request, 'x-github-hook-id', HOOK_ID), event, receivedAt: clock() }
}

function header({ headers }: FastifyRequest, name: string, pattern: RegExp): string | null {
  const value = headers[name]
  return typeof value === 'string' && pattern.test(value) ? value : null
}

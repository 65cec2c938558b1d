// The headers that name a delivery: https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
import type { FastifyRequest } from 'fastify'
import { UserError } from '../errors.ts'

const EVENT = /^[a-z0-9_]{1,64}$/
const GUID = /^[A-Za-z0-9._:-]{1,128}$/
const HOOK_ID = /^\d{1,20}$/

/** @throws UserError missing_event */
export function eventOf({ headers }: FastifyRequest): string {
  const event = headers['x-github-event']
  if (typeof event === 'string' && EVENT.test(event)) return event
  throw new UserError('missing_event', 'the header X-GitHub-Event must name an event, such as `push`')
}

/** @throws UserError missing_delivery */
export function guidOf({ headers }: FastifyRequest): string {
  const guid = headers['x-github-delivery']
  if (typeof guid === 'string' && GUID.test(guid)) return guid
  throw new UserError('missing_delivery', 'the header X-GitHub-Delivery must hold the GUID of the delivery')
}

/** null: it names no hook, or not one of GitHub's. */
export function hookIdOf({ headers }: FastifyRequest): string | null {
  const id = headers['x-github-hook-id']
  return typeof id === 'string' && HOOK_ID.test(id) ? id : null
}

// Sends a hook's deliveries over HTTP, as GitHub does, and keeps what came of them.
import { randomUUID } from 'node:crypto'
import { signedHeaders } from '../payloads.ts'
import type { HookDeliveryState, HookState, World } from './state.ts'

/** GitHub gives up on an answer after this long. */
const PATIENCE_MS = 10_000

export interface Outgoing {
  readonly event: string
  readonly payload: Readonly<Record<string, unknown>>
  /** Default: a fresh one. A redelivery has that of the delivery it repeats. */
  readonly guid?: string
  readonly redelivery?: boolean
  /** Do not send: record that the receiver could not be reached. */
  readonly lose?: boolean
}

/** Sends the delivery, or loses it, and records it with the hook. Never rejects. */
export async function sendDelivery(
  world: World,
  hook: HookState,
  outgoing: Outgoing,
): Promise<HookDeliveryState> {
  const { event, payload, guid = randomUUID(), redelivery = false, lose = false } = outgoing
  const body = JSON.stringify(payload)
  const headers = signedHeaders(hook.secret ?? '', body, { event, guid, hookId: String(hook.id) })
  if (hook.secret === null) {
    delete headers['x-hub-signature']
    delete headers['x-hub-signature-256']
  }
  const answer = lose ? { status: 0, text: null } : await post(hook, headers, body)
  const delivery: HookDeliveryState = {
    id: world.nextId(),
    guid,
    event,
    action: typeof payload.action === 'string' ? payload.action : null,
    deliveredAt: world.now(),
    redelivery,
    statusCode: answer.status,
    duration: 0.1,
    payload,
    requestHeaders: headers,
    responseBody: answer.text,
  }
  hook.deliveries.push(delivery)
  return delivery
}

async function post(hook: HookState, headers: Record<string, string>, body: string) {
  const form = hook.contentType === 'form'
  try {
    const response = await fetch(hook.url, {
      method: 'POST',
      headers: form ? { ...headers, 'content-type': 'application/x-www-form-urlencoded' } : headers,
      body: form ? new URLSearchParams({ payload: body }).toString() : body,
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    return { status: response.status, text: await response.text() }
  } catch {
    return { status: 0, text: null }
  }
}

// The message for a user whom no module served: a decision, and a row of the outbox when there is something to say.
import type { User } from '../config/config.ts'
import { toError } from '../lib/errors.ts'
import type { Message } from '../send/message.ts'
import type { Decision, NewMessage } from '../store/store.ts'
import type { DeliveryToDecide, Draft, World } from './world.ts'

/** The formatted message of contract section 5, for a user whom no module served. */
export function notify(user: User, delivery: DeliveryToDecide, world: World, draft: Draft): void {
  try {
    const message = world.format(delivery.event, delivery.action, delivery.payload)
    if (message === null) {
      draft.decisions.push(withoutModule(user, 'no_message', 'nothing_to_say'))
      return
    }
    draft.messages.push(deliveryMessage(user, delivery, message, world.now))
    draft.decisions.push(withoutModule(user, 'notified', null))
  } catch (thrown) {
    draft.decisions.push(withoutModule(user, 'no_message', `error:${toError(thrown).message.slice(0, 200)}`))
  }
}

function deliveryMessage(user: User, delivery: DeliveryToDecide, message: Message, now: number): NewMessage {
  const address = user.address ?? 'log:'
  return {
    address,
    message,
    // Two users who share a chat hear of a delivery once.
    dedupeKey: `delivery:${delivery.guid}:${delivery.replay ?? 0}:${address}`,
    runId: null,
    delivery: delivery.guid,
    createdAt: now,
  }
}

/** A decision about the message alone. */
export const withoutModule = (
  user: User,
  outcome: 'notified' | 'no_message',
  reason: string | null,
): Decision => ({
  user: user.name,
  module: null,
  outcome,
  reason,
  runId: null,
})

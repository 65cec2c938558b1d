// A delivery as the API writes it (contract section 4).
import { z } from 'zod'
import type { Decision as StoredDecision, DeliveryRecord } from '../store/store.ts'
import { entity, isoTime, named, time } from './shapes.ts'

const Decision = named('Decision', {
  user: z.string(),
  module: z.string().nullable().describe('null: the decision about the formatted message'),
  outcome: z.enum(['ran', 'coalesced', 'skipped', 'notified', 'no_message']),
  reason: z.string().nullable(),
  run_id: z.string().nullable(),
  replay: z.int().optional().describe('Of the first replay 1; absent: when it came in'),
})

export const Delivery = named('Delivery', {
  guid: z.string(),
  event: z.string(),
  action: z.string().nullable(),
  repository: z.string().nullable().describe('`owner/name` in lower case'),
  entity: entity(),
  received_at: time(),
  status: z.enum(['received', 'dispatched', 'failed']),
  decisions: z.array(Decision),
})

/** A decision as contract section 4 writes it. */
export function presentDecision(decision: StoredDecision): z.output<typeof Decision> {
  const { user, module, outcome, reason, runId, replay } = decision
  return { user, module, outcome, reason, run_id: runId, ...(replay ? { replay } : {}) }
}

/** A delivery as contract section 4 writes it. */
export function presentDelivery(delivery: DeliveryRecord): z.output<typeof Delivery> {
  const { guid, event, action, repository, entity, receivedAt, status } = delivery
  const decisions = delivery.decisions.map(presentDecision)
  return { guid, event, action, repository, entity, received_at: isoTime(receivedAt), status, decisions }
}

// A delivery as the API tells it (contract section 4).
import { z } from 'zod'
import type { Decision as StoredDecision, DeliveryRecord } from '../store/store.ts'
import { entity, isoTime, named, time } from './shapes.ts'

const Decision = named(
  'Decision',
  z.object({
    user: z.string(),
    module: z.string().nullable().describe('null: the decision about the formatted message'),
    outcome: z.enum(['ran', 'coalesced', 'skipped', 'notified', 'no_message']),
    reason: z.string().nullable(),
    run_id: z.string().nullable(),
    replay: z.int().optional().describe('Of the first replay 1; absent: when it came in'),
  }),
)

export const Delivery = named(
  'Delivery',
  z.object({
    guid: z.string(),
    event: z.string(),
    action: z.string().nullable(),
    repository: z.string().nullable().describe('`owner/name` in lower case'),
    entity: entity(),
    received_at: time(),
    status: z.enum(['received', 'dispatched', 'failed']),
    decisions: z.array(Decision),
  }),
)

/** A decision as contract section 4 writes it. */
export function presentDecision(decision: StoredDecision): z.output<typeof Decision> {
  const { user, module, outcome, reason, runId, replay } = decision
  return { user, module, outcome, reason, run_id: runId, ...(replay ? { replay } : {}) }
}

/** A delivery as contract section 4 writes it. */
export function presentDelivery(delivery: DeliveryRecord): z.output<typeof Delivery> {
  return {
    guid: delivery.guid,
    event: delivery.event,
    action: delivery.action,
    repository: delivery.repository,
    entity: delivery.entity,
    received_at: isoTime(delivery.receivedAt),
    status: delivery.status,
    decisions: delivery.decisions.map(presentDecision),
  }
}

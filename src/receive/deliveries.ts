// GET /api/deliveries/{guid}: what became of a delivery, for those whom it concerned.
import type { FastifyInstance } from 'fastify'
import { UserError } from '../errors.ts'
import type { Log } from '../lib/log.ts'
import type { DeliveryRecord, DeliveryStore } from '../store/store.ts'
import { type Auth, type Principal, principalOf } from './auth.ts'
import { orUnavailable } from './errors.ts'
import { isoTime } from './runs.ts'

export interface DeliveryDeps {
  readonly store: { readonly deliveries: Pick<DeliveryStore, 'get'> }
  readonly auth: Auth
  readonly log: Log
}

/** `GET /api/deliveries/{guid}`. */
export function deliveryRoutes(app: FastifyInstance, { store, auth, log }: DeliveryDeps): void {
  app.get<{ Params: { guid: string } }>(
    '/api/deliveries/:guid',
    { onRequest: auth.require('deliveries:read') },
    async (request) => {
      const delivery = await orUnavailable(log, store.deliveries.get(request.params.guid))
      const seen = delivery && visibleTo(principalOf(request), delivery)
      if (!seen)
        throw new UserError('unknown_delivery', 'there is no such delivery among those that you may see')
      return presentDelivery(seen)
    },
  )
}

/** The delivery with the decisions that the caller may see; null when it did not concern him at all. */
export function visibleTo({ isAdmin, user }: Principal, delivery: DeliveryRecord): DeliveryRecord | null {
  if (isAdmin) return delivery
  const decisions = delivery.decisions.filter((decision) => decision.user === user.name)
  return decisions.length === 0 ? null : { ...delivery, decisions }
}

/** A delivery as contract section 4 writes it. */
export function presentDelivery(delivery: DeliveryRecord) {
  return {
    guid: delivery.guid,
    event: delivery.event,
    action: delivery.action,
    repository: delivery.repository,
    entity: delivery.entity,
    received_at: isoTime(delivery.receivedAt),
    status: delivery.status,
    decisions: delivery.decisions.map(({ user, module, outcome, reason, runId }) => ({
      user,
      module,
      outcome,
      reason,
      run_id: runId,
    })),
  }
}

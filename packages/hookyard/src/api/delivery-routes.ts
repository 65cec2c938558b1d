// Deliveries: shown, listed, dispatched again.
import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import { Delivery, presentDecision, presentDelivery } from './delivery-shape.ts'
import type { ApiDeps } from './deps.ts'
import { operation, requireAdmin } from './operation.ts'
import { entity, named, nextCursor, normalEntity, paging } from './shapes.ts'
import { visibleDeliveries, visibleDelivery } from './visible.ts'

const Guid = z.object({ guid: z.string().describe('The delivery’s GUID') })

export const DeliveryList = named('DeliveryList', {
  deliveries: z.array(Delivery),
  next_cursor: nextCursor(),
})

export const Replayed = named('Replayed', {
  status: z.literal('replayed'),
  delivery: z.string(),
  replay: z.int().describe('1 for the first replay'),
  decisions: Delivery.shape.decisions,
})

const listDeliveries = ({ store, mayHear }: ApiDeps) =>
  operation('listDeliveries', 'GET /api/deliveries', {
    summary: 'List deliveries, newest first',
    description:
      'The cursor holds still while new deliveries come. A member sees those that were decided about him, as long as he may be told of the repository; a page may hold fewer than the limit.',
    scope: 'deliveries:read',
    query: z.strictObject({ entity: entity().max(1_000).optional(), ...paging('deliveries', /^\d{1,15}$/) }),
    answers: { 200: { description: 'A page of deliveries', schema: DeliveryList } },
    async run({ principal, query: { cursor, limit, entity } }) {
      const { deliveries, next } = await store.overview.deliveries({
        entity: entity && normalEntity(entity),
        before: cursor === undefined ? undefined : Number(cursor),
        user: principal.isAdmin ? undefined : principal.user.name,
        limit,
      })
      const seen = await visibleDeliveries(principal, deliveries, mayHear)
      const next_cursor = next === null ? null : String(next)
      return { status: 200, body: { deliveries: seen.map(presentDelivery), next_cursor } }
    },
  })

const getDelivery = ({ store, mayHear }: ApiDeps) =>
  operation('getDelivery', 'GET /api/deliveries/{guid}', {
    summary: 'Show a delivery and its decisions',
    scope: 'deliveries:read',
    params: Guid,
    answers: { 200: { description: 'The delivery', schema: Delivery } },
    refusals: ['unknown_delivery'],
    async run({ principal, params }) {
      const delivery = await store.deliveries.get(params.guid)
      const seen = delivery && (await visibleDelivery(principal, delivery, mayHear))
      if (!seen) throw unknownDelivery()
      return { status: 200, body: presentDelivery(seen) }
    },
  })

const replayDelivery = ({ replay, log }: ApiDeps) =>
  operation('replayDelivery', 'POST /api/deliveries/{guid}/replay', {
    summary: 'Dispatch a stored delivery again',
    description:
      'Decides it anew under the configuration in force. Cooldown windows are ignored, but opened; the new decisions stand beside the old ones. For admins: a replay reaches everybody who hears of it.',
    scope: 'deliveries:write',
    params: Guid,
    answers: { 202: { description: 'What was decided this time', schema: Replayed } },
    refusals: ['unknown_delivery', 'not_authorized', 'wrong_state'],
    async run({ principal, params }) {
      requireAdmin(principal, 'a replay reaches everybody who hears of it')
      const result = await replay(params.guid)
      if (result.status === 'unknown') throw unknownDelivery()
      if (result.status !== 'replayed') {
        throw new UserError('wrong_state', 'the delivery has not been dispatched yet; it will be in a moment')
      }
      log.info({ delivery: params.guid, replay: result.replay, token: principal.name }, 'replayed')
      const decisions = result.decisions.map(presentDecision)
      const body = { status: 'replayed', delivery: params.guid, replay: result.replay, decisions }
      return { status: 202, body }
    },
  })

const unknownDelivery = () =>
  new UserError('unknown_delivery', 'there is no such delivery among those that you may see')

export const deliveryOperations = [listDeliveries, getDelivery, replayDelivery]

// Deliveries: shown, listed, dispatched again.
import { z } from 'zod'
import type { MayHear } from '../access/reading.ts'
import type { ReplayResult } from '../dispatch/replay.ts'
import { UserError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { orUnavailable } from '../receive/errors.ts'
import type { DeliveryStore, OverviewStore } from '../store/store.ts'
import { Delivery, presentDecision, presentDelivery } from './delivery-shape.ts'
import { type Operation, operation } from './operation.ts'
import { entity, named, nextCursor, normalEntity, paging } from './shapes.ts'
import { visibleDeliveries, visibleDelivery } from './visible.ts'

export interface DeliveryOperationDeps {
  readonly store: {
    readonly deliveries: Pick<DeliveryStore, 'get'>
    readonly overview: Pick<OverviewStore, 'deliveries'>
  }
  readonly mayHear: MayHear
  /** Dispatches a stored delivery again, under the configuration in force. */
  readonly replay: (guid: string) => Promise<ReplayResult>
  readonly log: Log
}

const Guid = z.object({ guid: z.string().describe('The delivery’s GUID') })

const DeliveryFilter = z.strictObject({
  entity: entity().max(1_000).optional(),
  ...paging,
})

/** A good answer. */
export const DeliveryList = named(
  'DeliveryList',
  z.object({ deliveries: z.array(Delivery), next_cursor: nextCursor() }),
)

/** A good answer. */
export const Replayed = named(
  'Replayed',
  z.object({
    status: z.literal('replayed'),
    delivery: z.string(),
    replay: z.int().describe('1 for the first replay'),
    decisions: Delivery.shape.decisions,
  }),
)

/** The operations on deliveries. */
export function deliveryOperations(deps: DeliveryOperationDeps): Operation[] {
  return [listDeliveries(deps), getDelivery(deps), replayDelivery(deps)]
}

const listDeliveries = ({ store, mayHear, log }: DeliveryOperationDeps) =>
  operation({
    id: 'listDeliveries',
    method: 'get',
    path: '/api/deliveries',
    tag: 'deliveries',
    summary: 'List deliveries, newest first',
    description:
      'The cursor holds still while new deliveries come. A member sees those that were decided about him, as long as he may be told of the repository; a page may hold fewer than the limit.',
    scope: 'deliveries:read',
    query: DeliveryFilter,
    answers: { 200: { description: 'A page of deliveries', schema: DeliveryList } },
    async run({ principal, query: { cursor, limit, entity } }) {
      const { deliveries, next } = await orUnavailable(
        log,
        store.overview.deliveries({
          entity: entity && normalEntity(entity),
          before: cursor === undefined ? undefined : readCursor(cursor),
          user: principal.isAdmin ? undefined : principal.user.name,
          limit,
        }),
      )
      const seen = await visibleDeliveries(principal, deliveries, mayHear)
      const next_cursor = next === null ? null : String(next)
      return { status: 200, body: { deliveries: seen.map(presentDelivery), next_cursor } }
    },
  })

const getDelivery = ({ store, mayHear, log }: DeliveryOperationDeps) =>
  operation({
    id: 'getDelivery',
    method: 'get',
    path: '/api/deliveries/{guid}',
    tag: 'deliveries',
    summary: 'Show a delivery and its decisions',
    scope: 'deliveries:read',
    params: Guid,
    answers: { 200: { description: 'The delivery', schema: Delivery } },
    refusals: ['unknown_delivery'],
    async run({ principal, params }) {
      const delivery = await orUnavailable(log, store.deliveries.get(params.guid))
      const seen = delivery && (await visibleDelivery(principal, delivery, mayHear))
      if (!seen) throw unknownDelivery()
      return { status: 200, body: presentDelivery(seen) }
    },
  })

const replayDelivery = ({ replay, log }: DeliveryOperationDeps) =>
  operation({
    id: 'replayDelivery',
    method: 'post',
    path: '/api/deliveries/{guid}/replay',
    tag: 'deliveries',
    summary: 'Dispatch a stored delivery again',
    description:
      'Decides it anew under the configuration in force. Cooldown windows are ignored, but opened; the new decisions stand beside the old ones. For admins: a replay reaches everybody who hears of it.',
    scope: 'deliveries:write',
    params: Guid,
    answers: { 202: { description: 'What was decided this time', schema: Replayed } },
    refusals: ['unknown_delivery', 'not_authorized', 'wrong_state'],
    async run({ principal, params }) {
      if (!principal.isAdmin) {
        throw new UserError('not_authorized', 'a replay reaches everybody who hears of it: only an admin may')
      }
      const result = await orUnavailable(log, replay(params.guid))
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

/** @throws UserError invalid_input */
function readCursor(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor)
  throw new UserError('invalid_input', 'cursor: it is none that a page of deliveries gave as `next_cursor`')
}

const unknownDelivery = () =>
  new UserError('unknown_delivery', 'there is no such delivery among those that you may see')

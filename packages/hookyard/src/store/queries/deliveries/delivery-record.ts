// Rows of deliveries as records, with their decisions.
import type { Kysely } from 'kysely'
import { chunks } from '../chunks.ts'
import type { Decision, DeliveryRecord } from '../../port/delivery-port.ts'
import type { Database } from '../../schema.ts'

/** What is told of deliveries, without their payloads. */
export const deliveryRecords = (db: Kysely<Database>) =>
  db
    .selectFrom('deliveries')
    .select([
      'deliveries.id as id',
      'guid',
      'hook_id as hookId',
      'event',
      'action',
      'repository',
      'entity',
      'status',
      'error',
      'received_at as receivedAt',
    ])

type IdentifiedRecord = Omit<DeliveryRecord, 'decisions'> & { readonly id: number }

/** The records of these rows, in their order. */
export async function withDecisions(
  db: Kysely<Database>,
  rows: readonly IdentifiedRecord[],
): Promise<DeliveryRecord[]> {
  const decisions = new Map<number, Decision[]>(rows.map((row) => [row.id, []]))
  for (const ids of chunks([...decisions.keys()], 1)) {
    const found = await db
      .selectFrom('decisions')
      .select([
        'delivery_id',
        'user_name as user',
        'module',
        'outcome',
        'reason',
        'run_id as runId',
        'replay',
      ])
      .where('delivery_id', 'in', ids)
      .orderBy('id')
      .execute()
    for (const { delivery_id, replay, ...decision } of found) {
      decisions.get(delivery_id)?.push(replay === 0 ? decision : { ...decision, replay })
    }
  }
  return rows.map((row) => ({
    guid: row.guid,
    hookId: row.hookId,
    event: row.event,
    action: row.action,
    repository: row.repository,
    entity: row.entity,
    receivedAt: row.receivedAt,
    status: row.status,
    error: row.error,
    decisions: decisions.get(row.id) ?? [],
  }))
}

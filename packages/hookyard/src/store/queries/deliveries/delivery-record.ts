// Rows of deliveries as records, with their decisions.
import type { Db } from '../../schema.ts'
import type { Decision, DeliveryRecord } from '../../store.ts'
import { chunks } from '../statements.ts'

const COLUMNS = ['deliveries.id', 'guid', 'hookId', 'event', 'action', 'repository', 'entity'] as const

/** What is told of deliveries, without their payloads. */
export const deliveryRecords = (db: Db) =>
  db.selectFrom('deliveries').select([...COLUMNS, 'receivedAt', 'status', 'error'])

/** These rows, in their order, with the decisions of each. */
export async function withDecisions<Row extends { readonly id: number }>(db: Db, rows: readonly Row[]) {
  const decisions = new Map<number, Decision[]>(rows.map((row) => [row.id, []]))
  for (const ids of chunks([...decisions.keys()])) {
    const found = await db
      .selectFrom('decisions')
      .select(['deliveryId', 'userName as user', 'module', 'outcome', 'reason', 'runId', 'replay'])
      .where('deliveryId', 'in', ids)
      .orderBy('id')
      .execute()
    for (const { deliveryId, replay, ...decision } of found)
      decisions.get(deliveryId)?.push(replay === 0 ? decision : { ...decision, replay })
  }
  return rows.map((row) => ({ ...row, decisions: decisions.get(row.id) ?? [] }))
}

/** The records of these rows, in their order. */
export async function toDeliveryRecords(
  db: Db,
  rows: readonly (Omit<DeliveryRecord, 'decisions'> & { readonly id: number })[],
): Promise<DeliveryRecord[]> {
  return (await withDecisions(db, rows)).map(({ id: _, ...record }) => record)
}

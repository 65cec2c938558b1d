// A delivery that was dispatched before is dispatched again. The caller brings the transaction.
import type { Transaction } from 'kysely'
import type { Database } from '../../schema.ts'
import { StalePlanError, type Plan } from '../../store.ts'

/**
 * Counts the replays that these plans are.
 * @throws StalePlanError when another replay was faster, or the delivery has not been dispatched yet.
 */
export async function countReplays(trx: Transaction<Database>, plans: readonly Plan[]): Promise<void> {
  for (const { deliveryId, guid, replay } of plans) {
    if (replay === undefined) continue
    const counted = await trx
      .updateTable('deliveries')
      .set({ replays: replay })
      .where('id', '=', deliveryId)
      .where('replays', '=', replay - 1)
      .where('status', '!=', 'received')
      .executeTakeFirst()
    if (counted.numUpdatedRows === 0n) {
      throw new StalePlanError(`replay ${replay} of delivery ${guid} is not the next one: decide again`)
    }
  }
}

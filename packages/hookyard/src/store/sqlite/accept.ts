// The hot path: a batch of deliveries as prepared inserts, inside the transaction that Kysely has opened.
// Must never happen: a batch that is answered and not synced.
import type BetterSqlite3 from 'better-sqlite3'
import { packBody } from '../queries/deliveries/body.ts'
import type { DeliveryWrites } from '../queries/deliveries/deliveries.ts'

/** How SQLite takes deliveries in, and dispatches them. */
export const deliveryWrites = (connection: BetterSqlite3.Database): DeliveryWrites => ({
  insert: createInsert(connection),
  // Requests are answered one after the other, so that no other one commits meanwhile.
  async unsynced(work) {
    connection.pragma('synchronous = NORMAL')
    try {
      return await work()
    } finally {
      connection.pragma('synchronous = FULL')
    }
  },
})

/** Inserts deliveries and their bodies; one whose GUID is held is left alone and answered with false. */
function createInsert(connection: BetterSqlite3.Database): DeliveryWrites['insert'] {
  const delivery = connection.prepare(
    `insert into deliveries (guid, hook_id, event, action, repository, entity, received_at, status)
     values (?, ?, ?, ?, ?, ?, ?, 'received') on conflict (guid) do nothing`,
  )
  const payload = connection.prepare('insert into payloads (delivery_id, body) values (?, ?)')
  return (_trx, batch) =>
    batch.map(({ guid, hookId, event, action, repository, entity, receivedAt, body }) => {
      const columns = [guid, hookId, event, action, repository, entity, receivedAt]
      const { changes, lastInsertRowid } = delivery.run(...columns)
      if (changes === 0) return false
      payload.run(lastInsertRowid, packBody(body))
      return true
    })
}

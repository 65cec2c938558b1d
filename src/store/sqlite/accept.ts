// The hot path: a batch of deliveries as prepared inserts, inside the transaction that Kysely has opened.
import type BetterSqlite3 from 'better-sqlite3'
import { packBody } from '../body.ts'
import type { InsertDeliveries } from '../deliveries.ts'

/** Inserts deliveries and their bodies; one whose GUID is held is left alone and answered with false. */
export function createInsert(connection: BetterSqlite3.Database): InsertDeliveries {
  const delivery = connection.prepare(
    `insert into deliveries (guid, hook_id, event, action, repository, entity, received_at, status)
     values (?, ?, ?, ?, ?, ?, ?, 'received') on conflict (guid) do nothing`,
  )
  const payload = connection.prepare('insert into payloads (delivery_id, body) values (?, ?)')
  return (_trx, batch) =>
    batch.map(({ guid, hookId, event, action, repository, entity, receivedAt, body }) => {
      const { changes, lastInsertRowid } = delivery.run(
        guid,
        hookId,
        event,
        action,
        repository,
        entity,
        receivedAt,
      )
      if (changes === 0) return false
      payload.run(lastInsertRowid, packBody(body))
      return true
    })
}

// What has been kept long enough goes, the oldest first and in small pieces, so that nothing else waits for long.
// Ids grow with time: a walk along them needs no index of its own, and ends at the first row that is too young.
import { sql, type Kysely, type Transaction } from 'kysely'
import type { RetentionStore, Swept } from './retention-port.ts'
import type { Database } from './schema.ts'

/** The stage's queries. */
export function createRetentionStore(db: Kysely<Database>): RetentionStore {
  return {
    deliveries: (before, after, limit) =>
      db.transaction().execute((trx) => sweepDeliveries(trx, before, after, limit)),
    runs: (before, after, limit) => db.transaction().execute((trx) => sweepRuns(trx, before, after, limit)),
    messages: (before, after, limit) =>
      db.transaction().execute((trx) => sweepMessages(trx, before, after, limit)),
  }
}

// A run that has not ended may still want the payload; payloads and decisions go with their delivery.
async function sweepDeliveries(
  trx: Transaction<Database>,
  before: number,
  after: number,
  limit: number,
): Promise<Swept<number>> {
  const rows = await trx
    .selectFrom('deliveries')
    .select(['id', 'received_at as at', 'status'])
    .select((eb) =>
      eb
        .exists(
          eb
            .selectFrom('runs')
            .select(sql.lit(1).as('one'))
            .whereRef('runs.delivery', '=', 'deliveries.guid')
            .where('runs.finished_at', 'is', null),
        )
        .as('wanted'),
    )
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute()
  const { old, next } = untilYoung(rows, before, limit)
  const ids = old.filter(({ status, wanted }) => status !== 'received' && !wanted).map(({ id }) => id)
  if (ids.length > 0) await trx.deleteFrom('deliveries').where('id', 'in', ids).execute()
  return { gone: ids.length, next }
}

// Attempts, questions, recipients and idempotency keys go with their run. What a module keeps for an entity, and
// the receipts of what was written there, stay: the next run needs them.
async function sweepRuns(
  trx: Transaction<Database>,
  before: number,
  after: string,
  limit: number,
): Promise<Swept<string>> {
  const rows = await trx
    .selectFrom('runs')
    .select(['id', 'created_at as at', 'finished_at', 'journal_due'])
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute()
  const { old, next } = untilYoung(rows, before, limit)
  const ids = old
    .filter((run) => run.finished_at !== null && run.finished_at < before && run.journal_due === 0)
    .map(({ id }) => id)
  if (ids.length > 0) {
    await trx.deleteFrom('onces').where('run_id', 'in', ids).execute()
    await trx.deleteFrom('runs').where('id', 'in', ids).execute()
  }
  return { gone: ids.length, next }
}

async function sweepMessages(
  trx: Transaction<Database>,
  before: number,
  after: number,
  limit: number,
): Promise<Swept<number>> {
  const rows = await trx
    .selectFrom('outbox')
    .select(['id', 'created_at as at', 'status'])
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute()
  const { old, next } = untilYoung(rows, before, limit)
  const ids = old.filter(({ status }) => status !== 'queued').map(({ id }) => id)
  if (ids.length > 0) await trx.deleteFrom('outbox').where('id', 'in', ids).execute()
  return { gone: ids.length, next }
}

/** The rows before the first young one; `next`: where the walk goes on, or null at its end. */
function untilYoung<Row extends { readonly id: number | string; readonly at: number }>(
  rows: readonly Row[],
  before: number,
  limit: number,
): { old: Row[]; next: Row['id'] | null } {
  const young = rows.findIndex(({ at }) => at >= before)
  const old = young === -1 ? [...rows] : rows.slice(0, young)
  return { old, next: young === -1 && rows.length === limit ? (rows.at(-1)?.id ?? null) : null }
}

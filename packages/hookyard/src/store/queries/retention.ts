// What has been kept long enough goes, in small pieces, so that nothing else waits for long. The walk is along the ids
// and needs no index of its own. They grow with time, but a clock that ran ahead has stamped some rows too young: a
// young row ends no piece, and retention.ts looks behind young pieces.
import { sql, type Kysely, type Transaction } from 'kysely'
import type { RetentionStore, Swept, SweptRuns } from '../store.ts'
import type { Database } from '../schema.ts'

/** The stage's queries. */
export function createRetentionStore(db: Kysely<Database>): RetentionStore {
  return {
    deliveries: (before, after, limit) =>
      db.transaction().execute((trx) => sweepDeliveries(trx, before, after, limit)),
    runs: (before, after, limit, unwrittenBefore) =>
      db.transaction().execute((trx) => sweepRuns(trx, { before, after, limit, unwrittenBefore })),
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
  const ids = rows
    .filter(({ at, status, wanted }) => at < before && status !== 'received' && !wanted)
    .map(({ id }) => id)
  if (ids.length > 0) await trx.deleteFrom('deliveries').where('id', 'in', ids).execute()
  return { gone: ids.length, next: nextOf(rows, limit) }
}

// Attempts, questions, recipients and idempotency keys go with their run. What a module keeps for an entity, and
// the receipts of what was written there, stay: the next run needs them.
async function sweepRuns(
  trx: Transaction<Database>,
  {
    before,
    after,
    limit,
    unwrittenBefore,
  }: { before: number; after: string; limit: number; unwrittenBefore: number },
): Promise<SweptRuns> {
  const rows = await trx
    .selectFrom('runs')
    .select(['id', 'finished_at', 'journal_due'])
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute()
  const old = rows.filter(
    ({ finished_at: at, journal_due: due }) => at !== null && at < (due === 1 ? unwrittenBefore : before),
  )
  const ids = old.map(({ id }) => id)
  if (ids.length > 0) {
    await trx.deleteFrom('onces').where('run_id', 'in', ids).execute()
    await trx.deleteFrom('runs').where('id', 'in', ids).execute()
  }
  const unwritten = old.filter((run) => run.journal_due === 1).length
  return { gone: ids.length, unwritten, next: nextOf(rows, limit) }
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
  const ids = rows.filter(({ at, status }) => at < before && status !== 'queued').map(({ id }) => id)
  if (ids.length > 0) await trx.deleteFrom('outbox').where('id', 'in', ids).execute()
  return { gone: ids.length, next: nextOf(rows, limit) }
}

/** Where the walk goes on, or null at its end. */
function nextOf<Id>(rows: readonly { readonly id: Id }[], limit: number): Id | null {
  return rows.length === limit ? (rows.at(-1)?.id ?? null) : null
}

// What has been kept long enough goes, in small pieces, so that nothing else waits for long. The walk is along the ids
// and needs no index of its own. They grow with time, but a clock that ran ahead has stamped some rows too young: a
// young row ends no piece, and retention/retention.ts looks behind young pieces.
import type { Db, Trx } from '../schema.ts'
import type { RetentionStore, SweptRuns } from '../store.ts'

/** The stage's queries. */
export function createRetentionStore(db: Db): RetentionStore {
  return {
    // A run that has not ended may still want the payload; payloads and decisions go with their delivery.
    deliveries: (before, after, limit) =>
      db.transaction().execute(async (trx) => {
        const rows = await trx
          .selectFrom('deliveries')
          .select(['id', 'receivedAt', 'status'])
          .select(({ exists, selectFrom }) => {
            const run = selectFrom('runs').whereRef('runs.delivery', '=', 'deliveries.guid')
            return exists(run.select('runs.id').where('runs.finishedAt', 'is', null)).as('wanted')
          })
          .where('id', '>', after)
          .orderBy('id')
          .limit(limit)
          .execute()
        const old = rows.filter((row) => row.receivedAt < before && row.status !== 'received' && !row.wanted)
        const ids = old.map(({ id }) => id)
        if (ids.length > 0) await trx.deleteFrom('deliveries').where('id', 'in', ids).execute()
        return { gone: ids.length, next: nextOf(rows, limit) }
      }),
    runs: (...period) => db.transaction().execute((trx) => sweepRuns(trx, ...period)),
    messages: (before, after, limit) =>
      db.transaction().execute(async (trx) => {
        const messages = trx.selectFrom('outbox').select(['id', 'createdAt', 'status'])
        const rows = await messages.where('id', '>', after).orderBy('id').limit(limit).execute()
        const old = rows.filter(({ createdAt, status }) => createdAt < before && status !== 'queued')
        const ids = old.map(({ id }) => id)
        if (ids.length > 0) await trx.deleteFrom('outbox').where('id', 'in', ids).execute()
        return { gone: ids.length, next: nextOf(rows, limit) }
      }),
  }
}

// Attempts, questions, recipients and idempotency keys go with their run. What a module keeps for an entity, and
// the receipts of what was written there, stay: the next run needs them.
async function sweepRuns(
  trx: Trx,
  before: number,
  after: string,
  limit: number,
  unwrittenBefore: number,
): Promise<SweptRuns> {
  const runs = trx.selectFrom('runs').select(['id', 'finishedAt', 'journalDue'])
  const rows = await runs.where('id', '>', after).orderBy('id').limit(limit).execute()
  const old = rows.filter(
    ({ finishedAt, journalDue }) =>
      finishedAt !== null && finishedAt < (journalDue === 1 ? unwrittenBefore : before),
  )
  const ids = old.map(({ id }) => id)
  if (ids.length > 0) {
    await trx.deleteFrom('onces').where('runId', 'in', ids).execute()
    await trx.deleteFrom('runs').where('id', 'in', ids).execute()
  }
  const unwritten = old.filter((run) => run.journalDue === 1).length
  return { gone: ids.length, unwritten, next: nextOf(rows, limit) }
}

/** Where the walk goes on, or null at its end. */
const nextOf = <Id>(rows: readonly { readonly id: Id }[], limit: number): Id | null =>
  rows.length === limit ? (rows.at(-1)?.id ?? null) : null

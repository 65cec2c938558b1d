// For people who look: deliveries by page, what came in before with its payload, how much there is of what.
import { sql, type Kysely } from 'kysely'
import type { Log } from '../../../lib/log.ts'
import { unpackBody } from './body.ts'
import type { DeliveryQuery, OverviewStore, PastDelivery } from '../../port/delivery-port.ts'
import { deliveryRecords, withDecisions } from './delivery-record.ts'
import type { Database } from '../../schema.ts'

/** The stage's queries. */
export function createOverviewStore(db: Kysely<Database>, log: Log): OverviewStore {
  return {
    async deliveries(query) {
      // One more than asked for tells whether there is another page.
      const rows = await deliveriesQuery(db, { ...query, limit: query.limit + 1 }).execute()
      const page = rows.slice(0, query.limit)
      const next = rows.length > query.limit ? (page.at(-1)?.id ?? null) : null
      return { deliveries: await withDecisions(db, page), next }
    },
    async delivery(guid) {
      const row = await pastQuery(db).where('guid', '=', guid).executeTakeFirst()
      return row ? ((await toPast(db, [row]))[0] ?? null) : null
    },
    async past(since, after, limit) {
      let last = after
      for (;;) {
        const rows = await pastSinceQuery(db, since, last, limit).execute()
        const readable = rows.filter((row) => isReadable(row, log))
        // A page of nothing but damaged ones would look like the end.
        if (readable.length > 0 || rows.length === 0) return toPast(db, readable)
        last = rows.at(-1)?.id ?? last
      }
    },
    async counts() {
      const count = async (query: { executeTakeFirst(): Promise<{ n: number } | undefined> }) =>
        Number((await query.executeTakeFirst())?.n ?? 0)
      const queries = countQueries(db)
      return {
        received: await count(queries.received),
        runs: {
          queued: await count(queries.queued),
          running: await count(queries.running),
          paused: await count(queries.paused),
        },
        messages: { queued: await count(queries.unsent), dead: await count(queries.dead) },
      }
    },
  }
}

/** A page of deliveries; exported so that a test can ask for its plan. */
export function deliveriesQuery(db: Kysely<Database>, { entity, user, before, limit }: DeliveryQuery) {
  let query = deliveryRecords(db).orderBy('deliveries.id', 'desc').limit(limit)
  if (before !== undefined) query = query.where('deliveries.id', '<', before)
  if (entity !== undefined) query = query.where('entity', '=', entity)
  if (user === undefined) return query
  if (entity !== undefined) {
    return query.where((eb) =>
      eb.exists(
        eb
          .selectFrom('decisions')
          .select(sql.lit(1).as('named'))
          .whereRef('delivery_id', '=', 'deliveries.id')
          .where('user_name', '=', user),
      ),
    )
  }
  // Through the user's own decisions: a member of one repository among many must not walk through all of them.
  return query.where((eb) => {
    let own = eb
      .selectFrom('decisions')
      .select('delivery_id')
      .distinct()
      .where('user_name', '=', user)
      .orderBy('delivery_id', 'desc')
      .limit(limit)
    if (before !== undefined) own = own.where('delivery_id', '<', before)
    return eb('deliveries.id', 'in', own)
  })
}

const pastQuery = (db: Kysely<Database>) =>
  deliveryRecords(db)
    .innerJoin('payloads', 'payloads.delivery_id', 'deliveries.id')
    .select(['body', 'replays'])

type PastRow = Awaited<ReturnType<ReturnType<typeof pastQuery>['execute']>>[number]

/** Deliveries of a time with their payloads; exported so that a test can ask for its plan. */
export const pastSinceQuery = (db: Kysely<Database>, since: number, after: number, limit: number) =>
  pastQuery(db)
    .where('deliveries.id', '>', after)
    .where('received_at', '>=', since)
    .orderBy('deliveries.id')
    .limit(limit)

function isReadable(row: PastRow, log: Log): boolean {
  try {
    unpackBody(row.body)
    return true
  } catch (error) {
    log.warn({ delivery: row.guid, err: String(error) }, 'the stored payload cannot be read: left out')
    return false
  }
}

async function toPast(db: Kysely<Database>, rows: readonly PastRow[]): Promise<PastDelivery[]> {
  const records = await withDecisions(db, rows)
  return rows.flatMap((row, position) => {
    const record = records[position]
    if (!record) return []
    const { id, replays, body } = row
    return [{ ...record, id, replays, payload: unpackBody(body) }]
  })
}

/** One query per number, each over an index; exported so that a test can ask for their plans. */
export function countQueries(db: Kysely<Database>) {
  const n = sql<number>`count(*)`.as('n')
  const runs = db.selectFrom('runs').select(n)
  return {
    received: db.selectFrom('deliveries').select(n).where('status', '=', sql.lit('received')),
    queued: runs.where('status', '=', sql.lit('queued')),
    running: runs.where('status', '=', sql.lit('running')),
    paused: runs.where('finished_at', 'is', null).where('status', '=', 'paused'),
    unsent: db.selectFrom('outbox').select(n).where('status', '=', sql.lit('queued')),
    dead: db.selectFrom('outbox').select(n).where('status', '=', sql.lit('dead')),
  }
}

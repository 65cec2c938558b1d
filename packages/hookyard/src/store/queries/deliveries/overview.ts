// For people who look: deliveries by page, what came in before with its payload, how much there is of what.
import { sql } from 'kysely'
import type { Log } from '../../../lib/log.ts'
import type { Db } from '../../schema.ts'
import type { DeliveryQuery, OverviewStore, PastDelivery } from '../../store.ts'
import { unpackBody } from './body.ts'
import { deliveryRecords, toDeliveryRecords, withDecisions } from './delivery-record.ts'

/** The stage's queries. */
export function createOverviewStore(db: Db, log: Log): OverviewStore {
  return {
    async deliveries(query) {
      // One more than asked for tells whether there is another page.
      const rows = await deliveriesQuery(db, { ...query, limit: query.limit + 1 }).execute()
      const page = rows.slice(0, query.limit)
      const next = rows.length > query.limit ? (page.at(-1)?.id ?? null) : null
      return { deliveries: await toDeliveryRecords(db, page), next }
    },
    async delivery(guid) {
      const rows = await pastQuery(db).where('guid', '=', guid).execute()
      return (await toPast(db, rows))[0] ?? null
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
      const { received, queued, running, paused, unsent, dead } = countQueries(db)
      const count = async (query: typeof received | typeof queued | typeof unsent) =>
        Number((await query.executeTakeFirst())?.n ?? 0)
      return {
        received: await count(received),
        runs: { queued: await count(queued), running: await count(running), paused: await count(paused) },
        messages: { queued: await count(unsent), dead: await count(dead) },
      }
    },
  }
}

/** A page of deliveries; exported so that a test can ask for its plan. */
export function deliveriesQuery(db: Db, { entity, user, before, limit }: DeliveryQuery) {
  let query = deliveryRecords(db).orderBy('deliveries.id', 'desc').limit(limit)
  if (before !== undefined) query = query.where('deliveries.id', '<', before)
  if (entity !== undefined) query = query.where('entity', '=', entity)
  if (user === undefined) return query
  if (entity !== undefined) {
    return query.where(({ exists, selectFrom }) => {
      const named = selectFrom('decisions').whereRef('deliveryId', '=', 'deliveries.id')
      return exists(named.select('deliveryId').where('userName', '=', user))
    })
  }
  // Through the user's own decisions: a member of one repository among many must not walk through all of them.
  let own = db.selectFrom('decisions').select('deliveryId').distinct().where('userName', '=', user)
  if (before !== undefined) own = own.where('deliveryId', '<', before)
  return query.where('deliveries.id', 'in', own.orderBy('deliveryId', 'desc').limit(limit))
}

const pastQuery = (db: Db) =>
  deliveryRecords(db)
    .innerJoin('payloads', 'payloads.deliveryId', 'deliveries.id')
    .select(['body', 'replays'])

type PastRow = Awaited<ReturnType<ReturnType<typeof pastQuery>['execute']>>[number]

/** Deliveries of a time with their payloads; exported so that a test can ask for its plan. */
export const pastSinceQuery = (db: Db, since: number, after: number, limit: number) =>
  pastQuery(db)
    .where('deliveries.id', '>', after)
    .where('receivedAt', '>=', since)
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

async function toPast(db: Db, rows: readonly PastRow[]): Promise<PastDelivery[]> {
  const records = await withDecisions(db, rows)
  return records.map(({ body, ...record }) => ({ ...record, payload: unpackBody(body) }))
}

/** One query per number, each over an index; exported so that a test can ask for their plans. */
export function countQueries(db: Db) {
  const n = sql<number>`count(*)`.as('n')
  const runs = db.selectFrom('runs').select(n)
  const messages = db.selectFrom('outbox').select(n)
  return {
    received: db.selectFrom('deliveries').select(n).where('status', '=', sql.lit('received')),
    queued: runs.where('status', '=', sql.lit('queued')),
    running: runs.where('status', '=', sql.lit('running')),
    paused: runs.where('finishedAt', 'is', null).where('status', '=', 'paused'),
    unsent: messages.where('status', '=', sql.lit('queued')),
    dead: messages.where('status', '=', sql.lit('dead')),
  }
}

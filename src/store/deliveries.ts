// Deliveries: accepted in batches, waiting to be dispatched, shown with their decisions.
import { sql, type Kysely, type Transaction } from 'kysely'
import type { Log } from '../lib/log.ts'
import { unpackBody } from './body.ts'
import { chunks } from './chunks.ts'
import { commitPlans } from './commit.ts'
import { entityStates } from './entity-states.ts'
import type { Database } from './schema.ts'
import type {
  Accepted,
  Decision,
  DeliveryRecord,
  DeliveryStore,
  NewDelivery,
  ReceivedDelivery,
} from './store.ts'
import { openWindows } from './windows.ts'

/** Inserts those whose GUID is not held yet, inside the transaction; true for each that was. */
export type InsertDeliveries = (
  trx: Transaction<Database>,
  batch: readonly NewDelivery[],
) => boolean[] | Promise<boolean[]>

/** The stage's queries; the hot insert is each database's own. */
export function createDeliveryStore(db: Kysely<Database>, insert: InsertDeliveries, log: Log): DeliveryStore {
  return {
    accept: (batch) => accept(db, insert, batch),
    pending: (limit) => pending(db, limit, log),
    entityStates: (keys) => entityStates(db, keys),
    commit: (plans) => db.transaction().execute((trx) => commitPlans(trx, plans)),
    async get(guid) {
      const rows = await records(db).where('guid', '=', guid).execute()
      return (await withDecisions(db, rows))[0] ?? null
    },
    payload: (guid) => payload(db, guid),
    async ofEntity(entity, limit) {
      const rows = await records(db).where('entity', '=', entity).orderBy('id', 'desc').limit(limit).execute()
      return withDecisions(db, rows)
    },
  }
}

// ONE transaction: the answer 202 stands on its commit, and a batch is kept whole or not at all.
async function accept(
  db: Kysely<Database>,
  insert: InsertDeliveries,
  batch: readonly NewDelivery[],
): Promise<Accepted[]> {
  if (batch.length === 0) return []
  return db.transaction().execute(async (trx) => {
    const isNew = await insert(trx, batch)
    const answers: Accepted[] = []
    for (const [position, delivery] of batch.entries()) {
      answers.push(isNew[position] ? { status: 'accepted' } : await redelivered(trx, delivery))
    }
    return answers
  })
}

// GitHub's Redeliver button: the same hook sends the same GUID again, which retries what had failed.
async function redelivered(trx: Transaction<Database>, delivery: NewDelivery): Promise<Accepted> {
  if (delivery.hookId === null) return { status: 'duplicate' }
  const failed = await trx
    .selectFrom('runs')
    .select(['id', 'module', 'entity', 'cooldown_ms as cooldownMs'])
    .where('delivery', '=', delivery.guid)
    .where('status', '=', 'failed')
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('deliveries')
          .select('id')
          .where('guid', '=', delivery.guid)
          .where('hook_id', '=', delivery.hookId),
      ),
    )
    .orderBy('id')
    .execute()
  if (failed.length === 0) return { status: 'duplicate' }
  const runs = failed.map((run) => run.id)
  await queueAfresh(trx, runs, delivery.receivedAt)
  await openWindows(
    trx,
    failed.map((run) => ({ ...run, from: delivery.receivedAt })),
  )
  return { status: 'retried', runs }
}

async function queueAfresh(trx: Transaction<Database>, runIds: readonly string[], at: number): Promise<void> {
  const cleared = {
    reason: null,
    summary: null,
    details: null,
    error: null,
    started_at: null,
    finished_at: null,
  }
  for (const ids of chunks(runIds, 1)) {
    await trx
      .updateTable('runs')
      .set({ ...cleared, status: 'queued', run_at: at, failures: 0, cancel_reason: null, journal_due: 0 })
      .where('id', 'in', ids)
      .execute()
  }
}

/** Deliveries not yet dispatched; exported so that a test can ask for its plan. */
export const pendingQuery = (db: Kysely<Database>, limit: number) =>
  db
    .selectFrom('deliveries')
    .innerJoin('payloads', 'payloads.delivery_id', 'deliveries.id')
    .select(['id', 'guid', 'hook_id as hookId', 'event', 'action', 'repository', 'entity', 'body'])
    .select('received_at as receivedAt')
    .where('status', '=', sql.lit('received'))
    .orderBy('id')
    .limit(limit)

async function pending(db: Kysely<Database>, limit: number, log: Log): Promise<ReceivedDelivery[]> {
  for (;;) {
    const rows = await pendingQuery(db, limit).execute()
    const readable: ReceivedDelivery[] = []
    for (const { body, ...delivery } of rows) {
      try {
        readable.push({ ...delivery, payload: unpackBody(body) })
      } catch (error) {
        await setAside(db, delivery, error, log)
      }
    }
    // When all of them were damaged, the next ones have their turn at once.
    if (readable.length > 0 || rows.length === 0) return readable
  }
}

async function setAside(
  db: Kysely<Database>,
  { id, guid }: { id: number; guid: string },
  cause: unknown,
  log: Log,
): Promise<void> {
  const error = `the stored payload cannot be read: ${String(cause)}`
  log.error({ delivery: guid, err: error }, 'a delivery is damaged and was set aside as failed')
  await db.updateTable('deliveries').set({ status: 'failed', error }).where('id', '=', id).execute()
}

async function payload(db: Kysely<Database>, guid: string): Promise<string | null> {
  const row = await db
    .selectFrom('deliveries')
    .innerJoin('payloads', 'payloads.delivery_id', 'deliveries.id')
    .select('body')
    .where('guid', '=', guid)
    .executeTakeFirst()
  if (!row) return null
  try {
    return unpackBody(row.body)
  } catch (error) {
    throw new Error(`the stored payload of delivery ${guid} cannot be read: ${String(error)}`, {
      cause: error,
    })
  }
}

const records = (db: Kysely<Database>) =>
  db
    .selectFrom('deliveries')
    .select(['id', 'guid', 'hook_id as hookId', 'event', 'action', 'repository', 'entity', 'status', 'error'])
    .select('received_at as receivedAt')

type IdentifiedRecord = Omit<DeliveryRecord, 'decisions'> & { readonly id: number }

async function withDecisions(
  db: Kysely<Database>,
  rows: readonly IdentifiedRecord[],
): Promise<DeliveryRecord[]> {
  const decisions = new Map<number, Decision[]>(rows.map((row) => [row.id, []]))
  for (const ids of chunks([...decisions.keys()], 1)) {
    const found = await db
      .selectFrom('decisions')
      .select(['delivery_id', 'user_name as user', 'module', 'outcome', 'reason', 'run_id as runId'])
      .where('delivery_id', 'in', ids)
      .orderBy('id')
      .execute()
    for (const { delivery_id, ...decision } of found) decisions.get(delivery_id)?.push(decision)
  }
  return rows.map(({ id, ...record }) => ({ ...record, decisions: decisions.get(id) ?? [] }))
}

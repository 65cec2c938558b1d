// Deliveries: accepted in batches, waiting to be dispatched, shown with their decisions.
import { sql } from 'kysely'
import type { Log } from '../../../lib/log.ts'
import type { Db, Trx } from '../../schema.ts'
import type { Accepted, DeliveryStore, NewDelivery, PendingDelivery, Plan } from '../../store.ts'
import { queueAfresh } from '../runs/end-run.ts'
import { powersOfTwo, runCompiled } from '../statements.ts'
import { unpackBody } from './body.ts'
import { commitPlans } from './commit-plans.ts'
import { deliveryRecords, toDeliveryRecords } from './delivery-record.ts'
import { entityStates } from './entity-states.ts'

/** What each database does its own way, because every delivery passes there. */
export interface DeliveryWrites {
  /** Inserts those whose GUID is not held yet, inside the transaction; true for each that was. */
  insert(trx: Trx, batch: readonly NewDelivery[]): boolean[] | Promise<boolean[]>
  /**
   * Lets `work` commit without waiting for the disk: what it writes survives the process, and a failure of the
   * machine only together with the next commit that is synced.
   */
  unsynced<Result>(work: () => Promise<Result>): Promise<Result>
}

/** The stage's queries. */
export function createDeliveryStore(db: Db, writes: DeliveryWrites, log: Log): DeliveryStore {
  const commit = (plans: readonly Plan[]) => db.transaction().execute((trx) => commitPlans(trx, plans))
  return {
    accept: (batch) => accept(db, writes, batch),
    pending: (limit) => runCompiled(db, 'pending', () => pendingQuery(db, limit), [limit]),
    payloads: (deliveries) => payloads(db, deliveries, log),
    entityStates: (keys) => entityStates(db, keys),
    commit: (plans) => (isDoneAgain(plans) ? writes.unsynced(() => commit(plans)) : commit(plans)),
    async get(guid) {
      const rows = await deliveryRecords(db).where('guid', '=', guid).execute()
      return (await toDeliveryRecords(db, rows))[0] ?? null
    },
    payload: (guid) => payload(db, guid),
    async ofEntity(entity, limit) {
      const found = deliveryRecords(db).where('entity', '=', entity)
      return toDeliveryRecords(db, await found.orderBy('deliveries.id', 'desc').limit(limit).execute())
    },
  }
}

// Decisions that a failing machine forgets are made again, since their deliveries are `received` again, and a run
// starts with a synced commit. But a message leaves without one, and a replay has been answered.
const isDoneAgain = (plans: readonly Plan[]): boolean =>
  plans.every((plan) => plan.messages.length === 0 && plan.replay === undefined)

// ONE transaction: the answer 202 stands on its commit, and a batch is kept whole or not at all.
async function accept(
  db: Db,
  { insert }: DeliveryWrites,
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
async function redelivered(trx: Trx, delivery: NewDelivery): Promise<Accepted> {
  if (delivery.hookId === null) return { status: 'duplicate' }
  const { guid, hookId } = delivery
  const sameHook = trx
    .selectFrom('deliveries')
    .select('id')
    .where(({ and }) => and({ guid, hookId }))
  const failed = await trx
    .selectFrom('runs')
    .select(['id', 'module', 'entity', 'cooldownMs'])
    .where(({ and }) => and({ delivery: guid, status: 'failed' }))
    .where(({ exists }) => exists(sameHook))
    .orderBy('id')
    .execute()
  if (failed.length === 0) return { status: 'duplicate' }
  await queueAfresh(trx, failed, delivery.receivedAt)
  return { status: 'retried', runs: failed.map((run) => run.id) }
}

/** Deliveries not yet dispatched; exported so that a test can ask for its plan. */
export const pendingQuery = (db: Db, limit: number) =>
  db
    .selectFrom('deliveries')
    .select(['id', 'guid', 'hookId', 'event', 'action', 'repository', 'entity', 'receivedAt'])
    .where('status', '=', sql.lit('received'))
    .orderBy('id')
    .limit(limit)

/** Payloads that are read at once, as stored and as unpacked, in bytes; one may be larger. */
const READ_BYTES = 8 * 1024 * 1024

/** A damaged delivery is marked as failed: it must not hold up those behind it. */
async function payloads(db: Db, deliveries: readonly PendingDelivery[], log: Log) {
  const first = await firstBytes(db, deliveries)
  const bodies = new Map<number, Uint8Array>()
  for (const ids of powersOfTwo(first.map(({ id }) => id))) {
    const rows = await runCompiled(db, 'bodies', () => bodiesQuery(db, ids), ids)
    for (const row of rows) bodies.set(row.deliveryId, row.body)
  }
  const texts: (string | null)[] = []
  let characters = 0
  for (const { id, guid } of first) {
    if (characters > READ_BYTES) break
    try {
      const body = bodies.get(id)
      if (!body) throw new Error('there is none')
      const text = unpackBody(body)
      characters += text.length
      texts.push(text)
    } catch (cause) {
      texts.push(null)
      const error = `the stored payload cannot be read: ${String(cause)}`
      log.error({ delivery: guid, err: error }, 'a delivery is damaged and was marked as failed')
      await db.updateTable('deliveries').set({ status: 'failed', error }).where('id', '=', id).execute()
    }
  }
  return texts
}

/** Payloads as they are stored; exported so that a test can ask for its plan. */
export const bodiesQuery = (db: Db, ids: readonly number[]) =>
  db.selectFrom('payloads').select(['deliveryId', 'body']).where('deliveryId', 'in', ids)

/** The sizes of these, as stored; exported so that a test can ask for its plan. */
export const sizesQuery = (db: Db, ids: readonly number[]) =>
  db
    .selectFrom('payloads')
    .select(['deliveryId', sql<number>`length(body)`.as('bytes')])
    .where('deliveryId', 'in', ids)

/** As many as have so few bytes together, and one at the least. */
async function firstBytes(db: Db, deliveries: readonly PendingDelivery[]) {
  const sizes = new Map<number, number>()
  for (const ids of powersOfTwo(deliveries.map(({ id }) => id))) {
    const rows = await runCompiled(db, 'sizes', () => sizesQuery(db, ids), ids)
    for (const row of rows) sizes.set(row.deliveryId, row.bytes)
  }
  let bytes = 0
  const end = deliveries.findIndex(({ id }, at) => (bytes += sizes.get(id) ?? 0) > READ_BYTES && at > 0)
  return end < 0 ? deliveries : deliveries.slice(0, end)
}

async function payload(db: Db, guid: string): Promise<string | null> {
  const bodies = db.selectFrom('deliveries').innerJoin('payloads', 'payloads.deliveryId', 'deliveries.id')
  const row = await bodies.select('body').where('guid', '=', guid).executeTakeFirst()
  try {
    return row ? unpackBody(row.body) : null
  } catch (cause) {
    throw new Error(`the stored payload of delivery ${guid} cannot be read: ${String(cause)}`, { cause })
  }
}

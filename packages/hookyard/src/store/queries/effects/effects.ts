// Effects: what was written outside, by key, so that a repeat finds it; results of `once`; settings.
import { sql, type Kysely } from 'kysely'
import { fromJson } from '../json.ts'
import type { Database } from '../../schema.ts'
import type { Effect, EffectKey, EffectStore } from '../../store.ts'

/** The stage's queries. */
export function createEffectStore(db: Kysely<Database>): EffectStore {
  return {
    find: (key) => findEffect(db, key),
    async intend({ module, entity, kind, key }, runId, fingerprint, at) {
      const intent = { status: 'intended' as const, fingerprint, run_id: runId, updated_at: at }
      await db
        .insertInto('effects')
        .values({ module, entity, kind, key, ...intent })
        .onConflict((conflict) => conflict.columns(['module', 'entity', 'kind', 'key']).doUpdateSet(intent))
        .execute()
    },
    async record({ module, entity, kind, key }, receipt, at) {
      const { numUpdatedRows } = await db
        .updateTable('effects')
        .set({ status: 'done', receipt_id: receipt.id, receipt_url: receipt.url, updated_at: at })
        .where((eb) => eb.and({ module, entity, kind, key }))
        .executeTakeFirst()
      if (numUpdatedRows === 0n) {
        throw new Error(
          `effect ${kind} ${key} of ${module} on ${entity} has no intent: call intend() before the act`,
        )
      }
    },
    onceBegin: (runId, key) => onceBegin(db, runId, key),
    onceEnd: (runId, key, result, maxBytes) => onceEnd(db, runId, key, result, maxBytes),
    onceKept: (runId) => onceKept(db, runId),
    async onceForget(runId, key) {
      await db.deleteFrom('onces').where('run_id', '=', runId).where('key', '=', key).execute()
    },
    async isReceipt(kind, id) {
      const found = await receiptQuery(db, kind, id).executeTakeFirst()
      return found !== undefined
    },
    setting: (name, initial) => setting(db, name, initial),
  }
}

/** Exported so that a test can ask for its plan. */
export const receiptQuery = (db: Kysely<Database>, kind: string, id: number) =>
  db.selectFrom('effects').select('key').where('receipt_id', '=', id).where('kind', '=', kind).limit(1)

async function findEffect(
  db: Kysely<Database>,
  { module, entity, kind, key }: EffectKey,
): Promise<Effect | null> {
  const row = await db
    .selectFrom('effects')
    .select(['status', 'fingerprint', 'receipt_id', 'receipt_url', 'run_id'])
    .where((eb) => eb.and({ module, entity, kind, key }))
    .executeTakeFirst()
  if (!row) return null
  const { status, fingerprint, receipt_id: id, receipt_url: url, run_id: runId } = row
  return { status, fingerprint, receipt: id === null || url === null ? null : { id, url }, runId }
}

async function onceBegin(
  db: Kysely<Database>,
  runId: string,
  key: string,
): Promise<{ state: 'new' | 'begun' } | { state: 'done'; result: unknown }> {
  return db.transaction().execute(async (trx) => {
    const begun = await trx
      .insertInto('onces')
      .values({ run_id: runId, key, done: 0 })
      .onConflict((conflict) => conflict.doNothing())
      .returning('key')
      .executeTakeFirst()
    if (begun) return { state: 'new' }
    const { done, result } = await trx
      .selectFrom('onces')
      .select(['done', 'result'])
      .where('run_id', '=', runId)
      .where('key', '=', key)
      .executeTakeFirstOrThrow()
    // No text at all: the function returned undefined, which JSON cannot say.
    return done === 1
      ? { state: 'done', result: result === null ? undefined : fromJson(result) }
      : { state: 'begun' }
  })
}

async function onceEnd(
  db: Kysely<Database>,
  runId: string,
  key: string,
  value: unknown,
  maxBytes: number,
): Promise<boolean> {
  const result = value === undefined ? null : JSON.stringify(value)
  const ended = { done: 1, result }
  return db.transaction().execute(async (trx) => {
    if ((await onceKept(trx, runId, key)) + Buffer.byteLength(result ?? '') > maxBytes) return false
    await trx
      .insertInto('onces')
      .values({ run_id: runId, key, ...ended })
      .onConflict((conflict) => conflict.columns(['run_id', 'key']).doUpdateSet(ended))
      .execute()
    return true
  })
}

async function onceKept(db: Kysely<Database>, runId: string, beside?: string): Promise<number> {
  const { bytes } = await db
    .selectFrom('onces')
    .select(sql<number | null>`sum(octet_length(result))`.as('bytes'))
    .where('run_id', '=', runId)
    .$if(beside !== undefined, (query) => query.where('key', '!=', beside!))
    .executeTakeFirstOrThrow()
  // PostgreSQL sums into a text.
  return Number(bytes ?? 0)
}

async function setting(db: Kysely<Database>, name: string, initial: string): Promise<string> {
  return db.transaction().execute(async (trx) => {
    await trx
      .insertInto('settings')
      .values({ name, value: initial })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const kept = await trx
      .selectFrom('settings')
      .select('value')
      .where('name', '=', name)
      .executeTakeFirstOrThrow()
    return kept.value
  })
}

// Effects: what was written outside, by key, so that a repeat finds it; results of `once`; settings.
import { sql } from 'kysely'
import type { Db } from '../../schema.ts'
import type { EffectStore } from '../../store.ts'
import { fromJson } from '../statements.ts'

/** The stage's queries. */
export function createEffectStore(db: Db): EffectStore {
  return {
    async find({ module, entity, kind, key }) {
      const row = await db
        .selectFrom('effects')
        .select(['status', 'fingerprint', 'receiptId', 'receiptUrl', 'runId'])
        .where(({ and }) => and({ module, entity, kind, key }))
        .executeTakeFirst()
      if (!row) return null
      const { receiptId: id, receiptUrl: url, ...effect } = row
      return { ...effect, receipt: id === null || url === null ? null : { id, url } }
    },
    async intend({ module, entity, kind, key }, runId, fingerprint, at) {
      const intent = { status: 'intended' as const, fingerprint, runId, updatedAt: at }
      await db
        .insertInto('effects')
        .values({ module, entity, kind, key, ...intent })
        .onConflict((conflict) => conflict.columns(['module', 'entity', 'kind', 'key']).doUpdateSet(intent))
        .execute()
    },
    async record({ module, entity, kind, key }, receipt, at) {
      const { numUpdatedRows } = await db
        .updateTable('effects')
        .set({ status: 'done', receiptId: receipt.id, receiptUrl: receipt.url, updatedAt: at })
        .where(({ and }) => and({ module, entity, kind, key }))
        .executeTakeFirst()
      const effect = `effect ${kind} ${key} of ${module} on ${entity}`
      if (numUpdatedRows === 0n) throw new Error(`${effect} has no intent: call intend() before the act`)
    },
    onceBegin: (runId, key) =>
      db.transaction().execute(async (trx) => {
        const begun = await trx
          .insertInto('onces')
          .values({ runId, key, done: 0 })
          .onConflict((conflict) => conflict.doNothing())
          .returning('key')
          .executeTakeFirst()
        if (begun) return { state: 'new' }
        const { done, result } = await trx
          .selectFrom('onces')
          .select(['done', 'result'])
          .where(({ and }) => and({ runId, key }))
          .executeTakeFirstOrThrow()
        if (done === 0) return { state: 'begun' }
        // No text at all: the function returned undefined, which JSON cannot say.
        return { state: 'done', result: result === null ? undefined : fromJson(result) }
      }),
    onceEnd(runId, key, value, maxBytes) {
      const result = value === undefined ? null : JSON.stringify(value)
      const ended = { done: 1, result }
      return db.transaction().execute(async (trx) => {
        if ((await onceKept(trx, runId, key)) + Buffer.byteLength(result ?? '') > maxBytes) return false
        await trx
          .insertInto('onces')
          .values({ runId, key, ...ended })
          .onConflict((conflict) => conflict.columns(['runId', 'key']).doUpdateSet(ended))
          .execute()
        return true
      })
    },
    onceKept: (runId) => onceKept(db, runId),
    async onceForget(runId, key) {
      await db.deleteFrom('onces').where('runId', '=', runId).where('key', '=', key).execute()
    },
    isReceipt: async (kind, id) => (await receiptQuery(db, kind, id).executeTakeFirst()) !== undefined,
    setting: (name, initial) =>
      db.transaction().execute(async (trx) => {
        const first = trx.insertInto('settings').values({ name, value: initial })
        await first.onConflict((conflict) => conflict.doNothing()).execute()
        const kept = trx.selectFrom('settings').select('value').where('name', '=', name)
        return (await kept.executeTakeFirstOrThrow()).value
      }),
  }
}

/** Exported so that a test can ask for its plan. */
export const receiptQuery = (db: Db, kind: string, id: number) =>
  db.selectFrom('effects').select('key').where('receiptId', '=', id).where('kind', '=', kind).limit(1)

async function onceKept(db: Db, runId: string, beside?: string): Promise<number> {
  const { bytes } = await db
    .selectFrom('onces')
    .select(sql<number | null>`sum(octet_length(result))`.as('bytes'))
    .where('runId', '=', runId)
    .$if(beside !== undefined, (query) => query.where('key', '!=', beside!))
    .executeTakeFirstOrThrow()
  // PostgreSQL sums into a text.
  return Number(bytes ?? 0)
}

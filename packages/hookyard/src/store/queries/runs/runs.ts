// Runs: created, claimed, settled, shown. A row is its own queue entry.
import { sql, type ExpressionBuilder, type Kysely } from 'kysely'
import type { Log } from '../../../lib/log.ts'
import { cancelRun } from './cancel-run.ts'
import { chunks } from '../chunks.ts'
import { claimable, claimRuns, reclaimRuns } from './claim.ts'
import { createRun } from './create-run.ts'
import { answerQuestion, expireQuestions, nextExpiryQuery } from '../questions/questions.ts'
import { retryRun } from './queue-afresh.ts'
import { toRunRecords } from './run-record.ts'
import type { Database } from '../../schema.ts'
import { settleRun } from './settle.ts'
import { addSpending, spentQuery } from './spendings.ts'
import type { RunQuery, RunStatus, RunStore } from '../../store.ts'
import { closeWindow, pullWaiting } from './windows.ts'

/** The stage's queries. */
export function createRunStore(db: Kysely<Database>, log: Log): RunStore {
  const transaction = db.transaction()
  return {
    create: (run, options = {}) => transaction.execute((trx) => createRun(trx, run, options)),
    claim: (owner, limit, now, leaseUntil, caps = new Map()) =>
      transaction.execute((trx) => claimRuns(trx, { owner, limit, now, leaseUntil, caps }, log)),
    heartbeat: (owner, runIds, leaseUntil) => heartbeat(db, owner, runIds, leaseUntil),
    settle: (owner, settlement) => transaction.execute((trx) => settleRun(trx, owner, settlement)),
    reclaim: (now, all) => transaction.execute((trx) => reclaimRuns(trx, now, all)),
    cancel: (runId, reason, at) =>
      transaction.execute(async (trx) => {
        const cancelled = await cancelRun(trx, runId, reason, at)
        const window = cancelled === 'ended' ? await closeWindow(trx, runId) : null
        if (window) await pullWaiting(trx, window)
        return cancelled
      }),
    retry: (runId, at) => transaction.execute((trx) => retryRun(trx, runId, at)),
    answer: (answer) => transaction.execute((trx) => answerQuestion(trx, answer)),
    expireQuestions: (now) => transaction.execute((trx) => expireQuestions(trx, now)),
    async taint(runId) {
      await db.updateTable('runs').set({ tainted: 1 }).where('id', '=', runId).execute()
    },
    async get(id) {
      const rows = await db.selectFrom('runs').selectAll().where('id', '=', id).execute()
      return (await toRunRecords(db, rows))[0] ?? null
    },
    async list(query) {
      return toRunRecords(db, await listQuery(db, query).execute())
    },
    async unjournaled(limit, after, exceptModules) {
      return toRunRecords(db, await unjournaledQuery(db, limit, after, exceptModules).execute())
    },
    async journaled(runIds) {
      for (const ids of chunks(runIds, 1)) {
        await db.updateTable('runs').set({ journal_due: 0 }).where('id', 'in', ids).execute()
      }
    },
    async nextDue(after) {
      const due = claimable(db).select('run_at as at').orderBy('run_at').limit(1)
      const run = await (after === undefined ? due : due.where('run_at', '>', after)).executeTakeFirst()
      const question = await nextExpiryQuery(db).executeTakeFirst()
      const times = [run, question].flatMap((due) => due?.at ?? [])
      return times.length === 0 ? null : Math.min(...times)
    },
    spend: (spending) => transaction.execute((trx) => addSpending(trx, spending)),
    async spent(day, of) {
      const sums: number[] = []
      for (const scope of of) sums.push((await spentQuery(db, day, scope).executeTakeFirst())?.usd ?? 0)
      return sums
    },
  }
}

/** Finished runs without their journal file; exported so that a test can ask for its plan. */
export const unjournaledQuery = (
  db: Kysely<Database>,
  limit: number,
  after = '',
  exceptModules: readonly string[] = [],
) =>
  db
    .selectFrom('runs')
    .selectAll()
    .where('journal_due', '=', sql.lit(1))
    .where('id', '>', after)
    .$if(exceptModules.length > 0, (query) => query.where('module', 'not in', exceptModules))
    .orderBy('id')
    .limit(limit)

// Ended runs have an index by status, unfinished ones are few: neither reads the whole history.
function hasStatus(eb: ExpressionBuilder<Database, 'runs'>, status: RunStatus) {
  if (!UNFINISHED.has(status)) return eb.and([eb('status', '=', status), eb('finished_at', 'is not', null)])
  const unfinished = eb.selectFrom('runs as open').select('open.id').where('open.finished_at', 'is', null)
  return eb('id', 'in', unfinished.where('open.status', '=', status))
}

const UNFINISHED: ReadonlySet<RunStatus> = new Set(['queued', 'running', 'paused'])

/** Newest first; ids sort by their time, so the cursor stays in place while new runs come. Exported for its plan. */
export function listQuery(
  db: Kysely<Database>,
  { module, status, entity, recipient, before, limit }: RunQuery,
) {
  let query = db.selectFrom('runs').selectAll().orderBy('id', 'desc').limit(limit)
  if (module !== undefined) query = query.where('module', '=', module)
  if (status !== undefined) query = query.where((eb) => hasStatus(eb, status))
  if (entity !== undefined) query = query.where('entity', '=', entity)
  if (before !== undefined) query = query.where('id', '<', before)
  if (recipient !== undefined) {
    query = query.where((eb) =>
      eb.exists(
        eb
          .selectFrom('run_recipients')
          .select('run_id')
          .whereRef('run_id', '=', 'runs.id')
          .where('recipient', '=', recipient),
      ),
    )
  }
  return query
}

async function heartbeat(
  db: Kysely<Database>,
  owner: string,
  runIds: readonly string[],
  leaseUntil: number,
): Promise<{ id: string; reason: string }[]> {
  const held = new Map<string, string | null>()
  for (const ids of chunks(runIds, 1)) {
    const rows = await db
      .updateTable('runs')
      .set({ lease_until: leaseUntil })
      .where('id', 'in', ids)
      .where('lease_owner', '=', owner)
      .where('status', '=', 'running')
      .returning(['id', 'cancel_reason'])
      .execute()
    for (const row of rows) held.set(row.id, row.cancel_reason)
  }
  return runIds.flatMap((id) => {
    const reason = held.has(id) ? held.get(id) : 'lost'
    return reason == null ? [] : [{ id, reason }]
  })
}

// Runs: created, claimed, settled, shown. A row is its own queue entry.
import { sql, type ExpressionBuilder } from 'kysely'
import type { Log } from '../../../lib/log.ts'
import type { Database, Db, Trx } from '../../schema.ts'
import type { RunQuery, RunStatus, RunStore, Spending, SpendingScope } from '../../store.ts'
import { answerQuestion, expireQuestions, nextExpiryQuery } from '../questions/questions.ts'
import { chunks } from '../statements.ts'
import { claimable, claimRuns } from './claim.ts'
import { createRun } from './create-run.ts'
import { cancelRun, retryRun } from './end-run.ts'
import { reclaimRuns } from './reclaim.ts'
import { toRunRecords } from './run-record.ts'
import { settleRun } from './settle.ts'
import { closeWindow, pullWaiting } from './windows.ts'

/** The stage's queries. */
export function createRunStore(db: Db, log: Log): RunStore {
  const transaction = db.transaction()
  const update = (...ids: readonly string[]) => db.updateTable('runs').where('id', 'in', ids)
  return {
    create: (run, options = {}) => transaction.execute((trx) => createRun(trx, run, options)),
    claim: (owner, limit, now, leaseUntil, caps = new Map()) =>
      transaction.execute((trx) => claimRuns(trx, { owner, limit, now, leaseUntil, caps }, log)),
    async heartbeat(owner, runIds, leaseUntil) {
      const held = new Map<string, string | null>()
      for (const ids of chunks(runIds)) {
        const kept = update(...ids).set({ leaseUntil })
        const owned = kept.where('leaseOwner', '=', owner).where('status', '=', 'running')
        for (const row of await owned.returning(['id', 'cancelReason']).execute())
          held.set(row.id, row.cancelReason)
      }
      return runIds.flatMap((id) => {
        const reason = held.has(id) ? held.get(id) : 'lost'
        return reason == null ? [] : [{ id, reason }]
      })
    },
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
      await update(runId).set({ tainted: 1 }).execute()
    },
    async get(id) {
      const rows = await db.selectFrom('runs').selectAll().where('id', '=', id).execute()
      return (await toRunRecords(db, rows))[0] ?? null
    },
    list: async (query) => toRunRecords(db, await listQuery(db, query).execute()),
    unjournaled: async (...page) => toRunRecords(db, await unjournaledQuery(db, ...page).execute()),
    async journaled(runIds) {
      for (const ids of chunks(runIds))
        await update(...ids)
          .set({ journalDue: 0 })
          .execute()
    },
    async nextDue(after) {
      const due = claimable(db).select('runAt as at').orderBy('runAt').limit(1)
      const run = await (after === undefined ? due : due.where('runAt', '>', after)).executeTakeFirst()
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
export const unjournaledQuery = (db: Db, limit: number, after = '', exceptModules: readonly string[] = []) =>
  db
    .selectFrom('runs')
    .selectAll()
    .where('journalDue', '=', sql.lit(1))
    .where('id', '>', after)
    .$if(exceptModules.length > 0, (query) => query.where('module', 'not in', exceptModules))
    .orderBy('id')
    .limit(limit)

const UNFINISHED: ReadonlySet<RunStatus> = new Set(['queued', 'running', 'paused'])

// Ended runs have an index by status, unfinished ones are few: neither reads the whole history.
function hasStatus(eb: ExpressionBuilder<Database, 'runs'>, status: RunStatus) {
  if (!UNFINISHED.has(status)) return eb.and([eb('status', '=', status), eb('finishedAt', 'is not', null)])
  const unfinished = eb.selectFrom('runs as open').select('open.id').where('open.finishedAt', 'is', null)
  return eb('id', 'in', unfinished.where('open.status', '=', status))
}

/** Newest first; ids sort by their time, so the cursor stays in place while new runs come. Exported for its plan. */
export function listQuery(db: Db, { module, status, entity, recipient, before, limit }: RunQuery) {
  let query = db.selectFrom('runs').selectAll().orderBy('id', 'desc').limit(limit)
  if (module !== undefined) query = query.where('module', '=', module)
  if (status !== undefined) query = query.where((eb) => hasStatus(eb, status))
  if (entity !== undefined) query = query.where('entity', '=', entity)
  if (before !== undefined) query = query.where('id', '<', before)
  if (recipient === undefined) return query
  return query.where(({ exists, selectFrom }) => {
    const heard = selectFrom('runRecipients').select('runId').whereRef('runId', '=', 'runs.id')
    return exists(heard.where('recipient', '=', recipient))
  })
}

/** What an agent has cost, added to the run and to its day: caps are compared with it, whatever becomes of the run. */
async function addSpending(trx: Trx, spending: Spending): Promise<void> {
  const { runId, day, module, repository, user, usd } = spending
  const cost = trx.updateTable('runs').set(({ eb }) => ({ costUsd: eb('costUsd', '+', usd) }))
  await cost.where('id', '=', runId).execute()
  await trx
    .insertInto('spendings')
    .values({ day, module, repository: repository ?? '', userName: user ?? '', usd })
    .onConflict((conflict) =>
      conflict
        .columns(['day', 'module', 'repository', 'userName'])
        .doUpdateSet(({ eb, ref }) => ({ usd: eb('spendings.usd', '+', ref('excluded.usd')) })),
    )
    .execute()
}

/** The sum of a day; exported so that a test can ask for its plan. */
export function spentQuery(db: Db, day: string, { module, repository, user }: SpendingScope) {
  const ofDay = db.selectFrom('spendings').where('day', '=', day)
  let query = ofDay.select(({ fn }) => fn.sum<number | null>('usd').as('usd'))
  if (module !== undefined) query = query.where('module', '=', module)
  if (repository !== undefined) query = query.where('repository', '=', repository)
  if (user !== undefined) query = query.where('userName', '=', user)
  return query
}

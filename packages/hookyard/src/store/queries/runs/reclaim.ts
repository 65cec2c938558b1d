// Runs of a runner that crashed are taken back and queued again, for whoever looks next. The caller brings the transaction.
import { sql } from 'kysely'
import type { Db, Trx } from '../../schema.ts'
import { endRun } from './end-run.ts'

/** Running runs whose lease ran out (or all); exported so that a test can ask for its plan. */
export const leasedQuery = (db: Db, now: number, all: boolean) =>
  db
    .selectFrom('runs')
    .selectAll()
    .where('status', '=', sql.lit('running'))
    .$if(!all, (query) => query.where('leaseUntil', '<', now))
    .orderBy('leaseUntil')
    .orderBy('id')

/** Queues again the running runs whose lease ran out (or all); those to be cancelled end instead. */
export async function reclaimRuns(trx: Trx, now: number, all: boolean): Promise<string[]> {
  const queued: string[] = []
  for (const { id, attempt, cancelReason: reason, error } of await leasedQuery(trx, now, all).execute()) {
    await trx
      .updateTable('attempts')
      .set({ status: 'lost', finishedAt: now })
      .where(({ and }) => and({ runId: id, attempt }))
      .execute()
    if (reason !== null) {
      await endRun(trx, id, { status: 'cancelled', reason, error, at: now })
      continue
    }
    const requeued = { status: 'queued', runAt: now, leaseOwner: null, leaseUntil: null } as const
    await trx.updateTable('runs').set(requeued).where('id', '=', id).execute()
    queued.push(id)
  }
  return queued
}

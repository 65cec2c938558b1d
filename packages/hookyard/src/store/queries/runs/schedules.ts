// Schedules: up to when their ticks are handled, and the repositories that a tick may be about.
import { sql, type Kysely, type Transaction } from 'kysely'
import { chunks } from '../chunks.ts'
import { powersOfTwo, runCompiled } from '../compiled-once.ts'
import { createRun } from './create-run.ts'
import type { Database } from '../../schema.ts'
import type { CommittedTick, DueTick, ScheduleStore } from '../../store.ts'

/** The stage's queries. */
export function createScheduleStore(db: Kysely<Database>): ScheduleStore {
  return {
    handledUntil: (schedules, now) => db.transaction().execute((trx) => handledUntil(trx, schedules, now)),
    commit: (tick) => db.transaction().execute((trx) => commitTick(trx, tick)),
    async repositoriesSince(at) {
      const rows = await db
        .selectFrom('repositories')
        .select('name')
        .where('seen_at', '>=', at)
        .orderBy('name')
        .execute()
      return rows.map((row) => row.name)
    },
  }
}

async function handledUntil(
  trx: Transaction<Database>,
  schedules: readonly string[],
  now: number,
): Promise<number[]> {
  const known = new Map<string, number>()
  for (const names of chunks(schedules, 1)) {
    const rows = await trx.selectFrom('schedules').selectAll().where('schedule', 'in', names).execute()
    for (const row of rows) known.set(row.schedule, row.handled_until)
  }
  for (const schedule of new Set(schedules)) {
    if (known.has(schedule)) continue
    // Another process may have been first; both begin at about the same time.
    await trx
      .insertInto('schedules')
      .values({ schedule, handled_until: now })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
  return schedules.map((schedule) => known.get(schedule) ?? now)
}

async function commitTick(
  trx: Transaction<Database>,
  { schedule, module, at, after, runs }: DueTick,
): Promise<CommittedTick | null> {
  const moved = await trx
    .updateTable('schedules')
    .set({ handled_until: at })
    .where('schedule', '=', schedule)
    .where('handled_until', '=', after)
    .executeTakeFirst()
  if (moved.numUpdatedRows === 0n) return null
  const created: string[] = []
  const replaced: string[] = []
  const tick = new Date(at).toISOString()
  for (const run of runs) {
    const idempotency = { scope: `schedule\n${module}`, key: `${tick}\n${run.entity}`, fingerprint: '' }
    const result = await createRun(trx, run, { idempotency })
    if (result.status !== 'created') continue
    created.push(run.id)
    replaced.push(...(result.replaced ?? []))
  }
  return { created, replaced }
}

/** How old a repository's mark may grow before a delivery renews it, in ms. */
const MARK_MS = 86_400_000

/** Remembers the repositories of these deliveries. */
export async function markRepositories(
  trx: Transaction<Database>,
  deliveryIds: readonly number[],
): Promise<void> {
  for (const ids of powersOfTwo(deliveryIds)) {
    const build = () =>
      trx
        .insertInto('repositories')
        .columns(['name', 'seen_at'])
        .expression((eb) =>
          eb
            .selectFrom('deliveries')
            .select((of) => ['repository as name', of.fn.max('received_at').as('seen_at')])
            .where('id', 'in', ids)
            .where('repository', 'is not', null)
            .groupBy('repository'),
        )
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet((eb) => ({ seen_at: eb.ref('excluded.seen_at') }))
            .where((eb) => eb('repositories.seen_at', '<', eb('excluded.seen_at', '-', sql.lit(MARK_MS)))),
        )
    await runCompiled(trx, 'mark repositories', build, ids)
  }
}

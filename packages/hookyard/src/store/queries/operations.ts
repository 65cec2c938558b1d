// What keeps the service running: leases between processes, switches of modules, schedules up to when they are handled.
import { sql } from 'kysely'
import type { DueTick, LeaseStore, ScheduleStore, SwitchStore } from '../store.ts'
import type { Db, Trx } from '../schema.ts'
import { createRun } from './runs/create-run.ts'
import { chunks } from './statements.ts'

/** Which of several processes does what only one may do. */
export function createLeaseStore(db: Db): LeaseStore {
  return {
    async take(name, owner, now, until) {
      // A lease that ends later than anybody takes one was written under a clock that has since been set back.
      const longest = until + (until - now)
      const free = sql<boolean>`leases.owner = ${owner} or leases.until <= ${now} or leases.until > ${longest}`
      const held = await db
        .insertInto('leases')
        .values({ name, owner, until })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ owner, until }).where(free))
        .returning('name')
        .executeTakeFirst()
      return held !== undefined
    },
    async release(name, owner) {
      await db.deleteFrom('leases').where('name', '=', name).where('owner', '=', owner).execute()
    },
  }
}

/** Modules that a user has switched. */
export function createSwitchStore(db: Db): SwitchStore {
  return {
    async all() {
      const rows = await db.selectFrom('moduleSwitches').selectAll().orderBy('module').execute()
      return rows.map(({ module, enabled, switchedBy: by, switchedAt: at }) => {
        return { module, enabled: enabled === 1, by, at }
      })
    },
    async set({ module, enabled, by, at }) {
      const kept = { enabled: enabled ? 1 : 0, switchedBy: by, switchedAt: at }
      await db
        .insertInto('moduleSwitches')
        .values({ module, ...kept })
        .onConflict((conflict) => conflict.column('module').doUpdateSet(kept))
        .execute()
    },
    async remove(module) {
      await db.deleteFrom('moduleSwitches').where('module', '=', module).execute()
    },
  }
}

/** Ticks that are handled, and the repositories that a tick may be about. */
export function createScheduleStore(db: Db): ScheduleStore {
  return {
    handledUntil: (schedules, now) => db.transaction().execute((trx) => handledUntil(trx, schedules, now)),
    commit: (tick) => db.transaction().execute((trx) => commitTick(trx, tick)),
    async repositoriesSince(at) {
      const names = db.selectFrom('repositories').select('name').where('seenAt', '>=', at).orderBy('name')
      return (await names.execute()).map((row) => row.name)
    },
  }
}

async function handledUntil(trx: Trx, schedules: readonly string[], now: number): Promise<number[]> {
  const known = new Map<string, number>()
  for (const names of chunks(schedules)) {
    const rows = await trx.selectFrom('schedules').selectAll().where('schedule', 'in', names).execute()
    for (const row of rows) known.set(row.schedule, row.handledUntil)
  }
  for (const schedule of new Set(schedules)) {
    if (known.has(schedule)) continue
    // Another process may have been first; both begin at about the same time.
    const begun = trx.insertInto('schedules').values({ schedule, handledUntil: now })
    await begun.onConflict((conflict) => conflict.doNothing()).execute()
  }
  return schedules.map((schedule) => known.get(schedule) ?? now)
}

async function commitTick(trx: Trx, { schedule, module, at, after, runs }: DueTick) {
  const moved = await trx
    .updateTable('schedules')
    .set({ handledUntil: at })
    .where('schedule', '=', schedule)
    .where('handledUntil', '=', after)
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

// Cooldown windows. One per module and entity; the run that opened it closes it by failing or being cancelled.
import { sql } from 'kysely'
import type { Database, Db } from '../../schema.ts'
import { chunks } from '../statements.ts'

export interface Opening {
  readonly id: string
  readonly module: string
  readonly entity: string
  /** ms since the epoch: when the run that opens the window starts. */
  readonly from: number
  readonly cooldownMs: number
}

/** Opens the windows of runs; one without a cooldown opens none. The window that ends last counts, then the newest. */
export async function openWindows(db: Db, openings: readonly Opening[]): Promise<void> {
  const latest = new Map<string, Database['windows']>()
  for (const { id: runId, module, entity, from, cooldownMs } of openings) {
    if (cooldownMs <= 0) continue
    const key = `${module}\n${entity}`
    const until = from + cooldownMs
    if (until >= (latest.get(key)?.until ?? 0)) latest.set(key, { module, entity, until, runId })
  }
  for (const rows of chunks([...latest.values()], 4)) {
    await db
      .insertInto('windows')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .columns(['module', 'entity'])
          .doUpdateSet(({ ref }) => ({ until: ref('excluded.until'), runId: ref('excluded.runId') }))
          .whereRef('windows.until', '<=', 'excluded.until'),
      )
      .execute()
  }
}

/** Closes the window that the run opened, if it is still the open one. Returns where one was closed. */
export async function closeWindow(db: Db, runId: string): Promise<{ module: string; entity: string } | null> {
  const closed = db.deleteFrom('windows').where('runId', '=', runId).returning(['module', 'entity'])
  return (await closed.executeTakeFirst()) ?? null
}

/**
 * With no window open any more, the waiting run starts when it is due for its own sake. The run in whose place a new one
 * came may have closed its window, and the new one opened another.
 */
export async function pullWaiting(db: Db, { module, entity }: { module: string; entity: string }) {
  await sql`update runs set run_at = due_at
    where module = ${module} and entity = ${entity} and waiting = 1 and run_at > due_at and not exists (
      select 1 from windows where windows.module = ${module} and windows.entity = ${entity})`.execute(db)
}

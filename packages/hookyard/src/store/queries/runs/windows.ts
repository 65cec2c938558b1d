// Cooldown windows. One per module and entity; the run that opened it closes it by failing or being cancelled.
import { sql, type Kysely } from 'kysely'
import { chunks } from '../chunks.ts'
import type { Database } from '../../schema.ts'

export interface Opening {
  readonly id: string
  readonly module: string
  readonly entity: string
  /** ms since the epoch: when the run that opens the window starts. */
  readonly from: number
  readonly cooldownMs: number
}

/** Opens the windows of runs; one without a cooldown opens none. The window that ends last counts, then the newest. */
export async function openWindows(db: Kysely<Database>, openings: readonly Opening[]): Promise<void> {
  const latest = new Map<string, Database['windows']>()
  for (const { id, module, entity, from, cooldownMs } of openings) {
    if (cooldownMs <= 0) continue
    const key = `${module}\n${entity}`
    const until = from + cooldownMs
    if (until >= (latest.get(key)?.until ?? 0)) latest.set(key, { module, entity, until, run_id: id })
  }
  for (const rows of chunks([...latest.values()], 4)) {
    await db
      .insertInto('windows')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .columns(['module', 'entity'])
          .doUpdateSet((eb) => ({ until: eb.ref('excluded.until'), run_id: eb.ref('excluded.run_id') }))
          .whereRef('windows.until', '<=', 'excluded.until'),
      )
      .execute()
  }
}

/** Closes the window that the run opened, if it is still the open one. Returns where one was closed. */
export async function closeWindow(
  db: Kysely<Database>,
  runId: string,
): Promise<{ module: string; entity: string } | null> {
  const closed = await db
    .deleteFrom('windows')
    .where('run_id', '=', runId)
    .returning(['module', 'entity'])
    .executeTakeFirst()
  return closed ?? null
}

/** With no window open any more, the waiting run starts when it is due for its own sake. */
export async function pullWaiting(
  db: Kysely<Database>,
  { module, entity }: { module: string; entity: string },
): Promise<void> {
  await db
    .updateTable('runs')
    .set((eb) => ({ run_at: eb.ref('due_at') }))
    .where('module', '=', module)
    .where('entity', '=', entity)
    .where('waiting', '=', sql.lit(1))
    .whereRef('run_at', '>', 'due_at')
    // The run in whose place a new one came may have closed its window, and the new one opened another.
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('windows')
            .select('run_id')
            .where('windows.module', '=', module)
            .where('windows.entity', '=', entity),
        ),
      ),
    )
    .execute()
}

// Modules that a user has switched.
import type { Kysely } from 'kysely'
import type { Database } from '../schema.ts'
import type { SwitchStore } from '../store.ts'

/** The stage's queries. */
export function createSwitchStore(db: Kysely<Database>): SwitchStore {
  return {
    async all() {
      const rows = await db.selectFrom('module_switches').selectAll().orderBy('module').execute()
      return rows.map((row) => ({
        module: row.module,
        enabled: row.enabled === 1,
        by: row.switched_by,
        at: row.switched_at,
      }))
    },
    async set({ module, enabled, by, at }) {
      const kept = { enabled: enabled ? 1 : 0, switched_by: by, switched_at: at }
      await db
        .insertInto('module_switches')
        .values({ module, ...kept })
        .onConflict((conflict) => conflict.column('module').doUpdateSet(kept))
        .execute()
    },
    async remove(module) {
      await db.deleteFrom('module_switches').where('module', '=', module).execute()
    },
  }
}

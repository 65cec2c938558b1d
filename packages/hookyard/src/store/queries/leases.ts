// Leases: which of several processes does what only one may do.
import type { Kysely } from 'kysely'
import type { Database } from '../schema.ts'
import type { LeaseStore } from '../store.ts'

/** The stage's queries. */
export function createLeaseStore(db: Kysely<Database>): LeaseStore {
  return {
    async take(name, owner, now, until) {
      // A lease that ends later than anybody takes one was written under a clock that has since been set back.
      const longest = until + (until - now)
      const held = await db
        .insertInto('leases')
        .values({ name, owner, until })
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet({ owner, until })
            .where((eb) =>
              eb.or([
                eb('leases.owner', '=', owner),
                eb('leases.until', '<=', now),
                eb('leases.until', '>', longest),
              ]),
            ),
        )
        .returning('name')
        .executeTakeFirst()
      return held !== undefined
    },
    async release(name, owner) {
      await db.deleteFrom('leases').where('name', '=', name).where('owner', '=', owner).execute()
    },
  }
}

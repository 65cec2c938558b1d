// The port over one database handle; the adapters bring the handle and what they do their own way.
import type { Kysely } from 'kysely'
import type { Log } from '../lib/log.ts'
import { createChatStore } from './chat.ts'
import { createDeliveryStore, type DeliveryWrites } from './deliveries.ts'
import { createEffectStore } from './effects.ts'
import { createLeaseStore } from './leases.ts'
import { createSwitchStore } from './module-switches.ts'
import { createOutboxStore } from './outbox.ts'
import { createOverviewStore } from './overview.ts'
import { createRetentionStore } from './retention.ts'
import { createRunStore } from './runs.ts'
import { createScheduleStore } from './schedules.ts'
import type { Database } from './schema.ts'
import type { Store } from './store.ts'

/** About what a delivery takes: where it has no room, none has. */
const TRIAL = 'x'.repeat(16_384)

/** Writes a row and takes it away in one transaction: as many pages as a delivery go to the disk, synced; no row stays. */
async function tryToWrite(db: Kysely<Database>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.insertInto('leases').values({ name: 'trial', owner: TRIAL, until: 0 }).execute()
    await trx.deleteFrom('leases').where('name', '=', 'trial').execute()
  })
}

/** The store's stages over `db`, which the caller has migrated. `close` closes the handle. */
export function createStore(db: Kysely<Database>, writes: DeliveryWrites, log: Log): Store {
  return {
    deliveries: createDeliveryStore(db, writes, log),
    runs: createRunStore(db, log),
    effects: createEffectStore(db),
    outbox: createOutboxStore(db, log),
    schedules: createScheduleStore(db),
    leases: createLeaseStore(db),
    overview: createOverviewStore(db, log),
    switches: createSwitchStore(db),
    chat: createChatStore(db),
    retention: createRetentionStore(db),
    ping: () => tryToWrite(db),
    close: () => db.destroy(),
  }
}

// The port over one database handle; the adapters bring the handle and what they do their own way.
import type { Log } from '../lib/log.ts'
import { createChatStore } from './queries/chat/chat.ts'
import { createDeliveryStore, type DeliveryWrites } from './queries/deliveries/deliveries.ts'
import { createOverviewStore } from './queries/deliveries/overview.ts'
import { createEffectStore } from './queries/effects/effects.ts'
import { createLeaseStore, createScheduleStore, createSwitchStore } from './queries/operations.ts'
import { createOutboxStore } from './queries/outbox/outbox.ts'
import { createRetentionStore } from './queries/retention.ts'
import { createRunStore } from './queries/runs/runs.ts'
import type { Db } from './schema.ts'
import type { Store } from './store.ts'

/** About what a delivery takes: where it has no room, none has. */
const TRIAL = 'x'.repeat(16_384)

/** The store's stages over `db`, which the caller has migrated. `close` closes the handle. */
export const createStore = (db: Db, writes: DeliveryWrites, log: Log): Store => ({
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
  // Writes a row and takes it away in one transaction: as many pages as a delivery go to the disk, synced; no row stays.
  ping: () =>
    db.transaction().execute(async (trx) => {
      await trx.insertInto('leases').values({ name: 'trial', owner: TRIAL, until: 0 }).execute()
      await trx.deleteFrom('leases').where('name', '=', 'trial').execute()
    }),
  close: () => db.destroy(),
})

// What `retention` says is kept no longer goes from the database, once an hour and piece by piece, so that deliveries
// come in meanwhile. Journal files are the operator's, and stay. Of several processes the one with the lease works.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { toError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { LeaseStore, RetentionStore, Swept } from '../store/store.ts'

const EVERY_MS = 3_600_000
/** Rows looked at in one transaction: a few ms. */
const PIECE = 200
const LEASE = 'retention'

export interface RetentionOptions {
  readonly store: { readonly retention: RetentionStore; readonly leases: LeaseStore }
  /** How long each is kept, in ms. A getter: a reload swaps it. */
  readonly periods: () => { readonly deliveriesMs: number; readonly runsMs: number }
  /** This process, as the owner of the lease. */
  readonly owner: string
  readonly clock: Clock
  readonly log: Log
}

export interface Retention {
  /** Sweeps now, and once an hour from then on. */
  start(): void
  /** Sweeps now; resolves when it is done. Never rejects. */
  sweep(): Promise<void>
  /** Waits for the piece under way. */
  stop(): Promise<void>
}

/** One per process. */
export function createRetention({ store, periods, owner, clock, log }: RetentionOptions): Retention {
  let stopped = false
  let sweeping: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined

  async function sweepOnce(): Promise<void> {
    const now = clock()
    if (!(await store.leases.take(LEASE, owner, now, now + EVERY_MS))) return
    const { deliveriesMs, runsMs } = periods()
    const { retention } = store
    const gone = {
      deliveries: await walk(0, (after) => retention.deliveries(now - deliveriesMs, after, PIECE)),
      runs: await walk('', (after) => retention.runs(now - runsMs, after, PIECE)),
      messages: await walk(0, (after) => retention.messages(now - runsMs, after, PIECE)),
    }
    await store.leases.release(LEASE, owner)
    if (gone.deliveries + gone.runs + gone.messages > 0)
      log.info(gone, 'what was kept long enough was deleted')
  }

  async function walk<Id>(from: Id, piece: (after: Id) => Promise<Swept<Id>>): Promise<number> {
    let gone = 0
    for (let after: Id | null = from; after !== null && !stopped;) {
      const swept: Swept<Id> = await piece(after)
      gone += swept.gone
      after = swept.next
      await nextTurn()
    }
    return gone
  }

  function sweep(): Promise<void> {
    sweeping ??= sweepOnce()
      .catch((thrown: unknown) =>
        log.error({ err: toError(thrown) }, 'old rows could not be deleted; tried again in an hour'),
      )
      .finally(() => (sweeping = null))
    return sweeping
  }

  return {
    start() {
      void sweep()
      timer = setInterval(() => void sweep(), EVERY_MS)
    },
    sweep,
    async stop() {
      stopped = true
      clearInterval(timer)
      await sweeping
    },
  }
}

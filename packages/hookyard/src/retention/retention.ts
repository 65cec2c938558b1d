// What `retention` says is kept no longer goes from the database, once an hour and piece by piece, so that deliveries
// come in meanwhile. Journal files are the operator's, and stay. Of several processes the one with the lease works.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { toError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { LeaseStore, RetentionStore, Swept } from '../store/store.ts'

const EVERY_MS = 3_600_000
/** Rows looked at in one transaction: a few ms. */
const PIECE = 200
/** So many pieces in which nothing was old enough does a sweep look at; the next one goes on behind them. */
const FRUITLESS_PIECES = 500
/** A run whose journal file cannot be written is kept for so many times `retention.runs`, then it goes without one. */
const UNWRITTEN_PERIODS = 2
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

export type Retention = ReturnType<typeof createRetention>

/** One per process. */
export function createRetention({ store, periods, owner, clock, log }: RetentionOptions) {
  let stopped = false
  let sweeping: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined
  /** Where the walk of each kind stopped looking at rows that are too young. */
  const stoppedAt = new Map<string, unknown>()

  async function sweepOnce(): Promise<void> {
    const now = clock()
    if (!(await store.leases.take(LEASE, owner, now, now + EVERY_MS))) return
    const { deliveriesMs, runsMs } = periods()
    const { retention } = store
    let unwritten = 0
    const gone = {
      deliveries: await walk<number>('deliveries', 0, (after) =>
        retention.deliveries(now - deliveriesMs, after, PIECE),
      ),
      runs: await walk<string>('runs', '', async (after) => {
        const swept = await retention.runs(now - runsMs, after, PIECE, now - UNWRITTEN_PERIODS * runsMs)
        unwritten += swept.unwritten
        return swept
      }),
      messages: await walk<number>('messages', 0, (after) => retention.messages(now - runsMs, after, PIECE)),
    }
    await store.leases.release(LEASE, owner)
    if (gone.deliveries + gone.runs + gone.messages > 0)
      log.info(gone, 'what was kept long enough was deleted')
    if (unwritten > 0)
      log.warn({ runs: unwritten }, 'runs were deleted whose journal files could not be written all the time')
  }

  // Rows behind a young one may be old: a clock that ran ahead has stamped it. A whole table is not looked at each
  // hour for that: behind the first fruitless piece the walk goes on where the one before stopped.
  async function walk<Id extends number | string>(
    kind: string,
    from: Id,
    piece: (after: Id) => Promise<Swept<Id>>,
  ): Promise<number> {
    let gone = 0
    let fruitless = 0
    let after: Id | null = from
    while (after !== null && fruitless < FRUITLESS_PIECES && !stopped) {
      const swept: Swept<Id> = await piece(after)
      gone += swept.gone
      after = swept.next
      if (swept.gone === 0) fruitless += 1
      const before = stoppedAt.get(kind) as Id | undefined
      if (fruitless === 1 && after !== null && before !== undefined && before > after) after = before
      await nextTurn()
    }
    if (after === null) stoppedAt.delete(kind)
    else stoppedAt.set(kind, after)
    return gone
  }

  /** Sweeps now; resolves when it is done. Never rejects. */
  function sweep(): Promise<void> {
    sweeping ??= sweepOnce()
      .catch((thrown: unknown) =>
        log.error({ err: toError(thrown) }, 'old rows could not be deleted; tried again in an hour'),
      )
      .finally(() => (sweeping = null))
    return sweeping
  }

  return {
    /** Sweeps now, and once an hour from then on. */
    start() {
      void sweep()
      timer = setInterval(() => void sweep(), EVERY_MS)
    },
    sweep,
    /** Waits for the piece under way. */
    async stop() {
      stopped = true
      clearInterval(timer)
      await sweeping
    },
  }
}

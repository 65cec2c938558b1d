// Leases: a run under way belongs to its process as long as that renews its lease. A process that crashed renews none:
// whichever process looks next takes its runs over, which are queued again.
import type { Clock } from '../lib/clock.ts'
import { toError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { RunStore } from '../store/store.ts'

export const LEASE_MS = 15_000
const HEARTBEAT_MS = 5_000

export interface LeaseOptions {
  readonly store: Pick<RunStore, 'heartbeat' | 'reclaim'>
  /** This process, as the owner of its leases. */
  readonly owner: string
  readonly clock: Clock
  readonly log: Log
}

/**
 * Renews the leases of the runs that are `running`; those that are to stop, cancelled or taken over, go to `stop` with the
 * reason. `reclaim` takes over what nobody keeps a lease of, this process itself included; not at every call.
 */
export function createLeases(
  { store, owner, clock, log }: LeaseOptions,
  running: () => readonly string[],
  stop: (runIds: readonly string[], reason: string) => void,
) {
  let reclaimedAt = -Infinity
  let timer: NodeJS.Timeout | undefined

  async function renew(): Promise<void> {
    const runs = running()
    if (runs.length === 0) return
    try {
      const ended = await store.heartbeat(owner, runs, clock() + LEASE_MS)
      for (const { id, reason } of ended) stop([id], reason)
    } catch (thrown) {
      log.warn({ err: toError(thrown) }, 'the heartbeat could not be written')
    }
  }

  return {
    start: () => void (timer = setInterval(() => void renew(), HEARTBEAT_MS)),
    end: () => clearInterval(timer),
    async reclaim(): Promise<void> {
      const now = clock()
      if (Math.abs(now - reclaimedAt) < HEARTBEAT_MS) return
      reclaimedAt = now
      // First, so that a clock that jumped takes no run from one that goes on with it.
      await renew()
      const lost = await store.reclaim(now, false)
      if (lost.length === 0) return
      log.warn({ runs: lost }, 'the lease of these runs ran out; they are queued again')
      stop(lost, 'lost')
    },
  }
}

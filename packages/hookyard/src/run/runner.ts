// Due runs -> settlements. Enters: rows with status `queued` whose time has come, claimed under a lease, and those
// that a question's end makes due. Leaves: one settlement each, written in one transaction. Must never happen: a run lost by a crash (its lease runs
// out), or two processes on one run (only the lease's owner may settle it).
import type { Clock } from '../lib/clock.ts'
import { toError } from '../lib/errors.ts'
import type { ClaimedRun, RunStore, Settlement } from '../store/store.ts'
import { InterruptionError } from './run-module.ts'
import { STORE_RETRY_MS, type WriteOptions, writeSettlement } from './write-settlement.ts'

const LEASE_MS = 15_000
const HEARTBEAT_MS = 5_000
/** A missed wake-up costs a poll, never a run, in ms. */
const POLL_MS = 5_000

export interface RunnerOptions extends WriteOptions {
  readonly store: RunStore
  /** Executes one attempt. */
  readonly execute: (run: ClaimedRun, stop: AbortSignal) => Promise<Settlement>
  readonly concurrency: number
  /** Of these, so many for each module, by name. @default no cap */
  readonly caps?: () => ReadonlyMap<string, number>
  readonly clock: Clock
  /** After each settlement: messages may wait, a journal file is to be written. */
  readonly onSettled: (settlement: Settlement) => void
  /** These paused runs have ended, because nobody answered in time. */
  readonly onExpired: (runIds: readonly string[]) => void
}

export interface Runner {
  start(): void
  /** A run may be due. */
  wake(): void
  /** Stops running runs with this reason. */
  cancel(runIds: readonly string[], reason: string): void
  /** Waits `graceMs` for running runs, then aborts them; they go on after the next start. */
  stop(graceMs: number): Promise<void>
  readonly running: number
}

interface Attempt {
  readonly stop: AbortController
  readonly done: Promise<void>
}

const wasLost = ({ reason }: AbortSignal): boolean =>
  reason instanceof InterruptionError && reason.by.kind === 'cancelled' && reason.by.reason === 'lost'

/** The loop that claims, executes and settles. */
export function createRunner(options: RunnerOptions): Runner {
  const { store, log, clock } = options
  const active = new Map<string, Attempt>()
  let started = false
  let stopped = false
  let claiming: Promise<void> | null = null
  let again = false
  let reclaimedAt = -Infinity
  let timer: NodeJS.Timeout | undefined
  let heartbeat: NodeJS.Timeout | undefined

  function wake(): void {
    if (!started || stopped) return
    if (claiming) {
      again = true
      return
    }
    clearTimeout(timer)
    claiming = claimAll()
      .catch((thrown: unknown) => {
        log.error({ err: toError(thrown) }, 'runs could not be claimed; tried again soon')
        return STORE_RETRY_MS
      })
      .then((waitMs) => {
        claiming = null
        if (stopped) return
        if (again) {
          again = false
          wake()
        } else timer = setTimeout(wake, waitMs)
      })
  }

  /** Claims what is due and there is room for; answers how long to wait for the next look, in ms. */
  async function claimAll(): Promise<number> {
    let now = clock()
    const { ended } = await store.expireQuestions(now)
    if (ended.length > 0) options.onExpired(ended)
    await reclaim()
    for (;;) {
      const room = options.concurrency - active.size
      if (room <= 0 || stopped) return POLL_MS
      now = clock()
      const runs = await store.claim(options.owner, room, now, now + LEASE_MS, options.caps?.())
      for (const run of runs) begin(run)
      if (runs.length < room) break
    }
    // What was due and not claimed waits for another run of its entity or module: that run's end wakes the loop.
    const due = await store.nextDue(now)
    if (due === null || due <= now) return POLL_MS
    return Math.min(Math.max(due - clock(), 0), POLL_MS)
  }

  /** Takes back whatever nobody keeps a lease of, this process itself included; not at every wake. */
  async function reclaim(): Promise<void> {
    const now = clock()
    if (Math.abs(now - reclaimedAt) < HEARTBEAT_MS) return
    reclaimedAt = now
    // First, so that a clock that jumped takes no run from one that goes on with it.
    await beat()
    const lost = await store.reclaim(now, false)
    if (lost.length === 0) return
    log.warn({ runs: lost }, 'the lease of these runs ran out; they are queued again')
    cancel(lost, 'lost')
  }

  function begin(run: ClaimedRun): void {
    // Its last attempt may still hang here: it was told to stop, and what it settles counts for nothing.
    cancel([run.id], 'lost')
    const stop = new AbortController()
    const attempt: Attempt = { stop, done: work(run, stop.signal).finally(() => end(run.id, attempt)) }
    active.set(run.id, attempt)
  }

  function end(runId: string, attempt: Attempt): void {
    if (active.get(runId) === attempt) active.delete(runId)
    wake()
  }

  async function work(run: ClaimedRun, stop: AbortSignal): Promise<void> {
    const isOver = () => stopped || wasLost(stop)
    try {
      options.onSettled(await writeSettlement(options, run, options.execute(run, stop), isOver))
    } catch (thrown) {
      log.error({ err: toError(thrown), run: run.id }, 'a run could not be settled; its lease will run out')
    }
  }

  async function beat(): Promise<void> {
    if (active.size === 0) return
    try {
      for (const { id, reason } of await store.heartbeat(
        options.owner,
        [...active.keys()],
        clock() + LEASE_MS,
      )) {
        cancel([id], reason)
      }
    } catch (thrown) {
      log.warn({ err: toError(thrown) }, 'the heartbeat could not be written')
    }
  }

  function cancel(runIds: readonly string[], reason: string): void {
    for (const id of runIds) active.get(id)?.stop.abort(new InterruptionError({ kind: 'cancelled', reason }))
  }

  return {
    start() {
      if (stopped) return
      started = true
      heartbeat = setInterval(() => void beat(), HEARTBEAT_MS)
      wake()
    },
    wake,
    cancel,
    async stop(graceMs) {
      stopped = true
      clearTimeout(timer)
      await claiming
      const all = Promise.all([...active.values()].map((run) => run.done))
      const grace = setTimeout(() => {
        for (const run of active.values()) run.stop.abort(new InterruptionError({ kind: 'shutdown' }))
      }, graceMs)
      await all
      clearTimeout(grace)
      clearInterval(heartbeat)
    },
    get running() {
      return active.size
    },
  }
}

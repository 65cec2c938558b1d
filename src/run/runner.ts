// Due runs -> settlements. Enters: rows with status `queued` whose time has come, claimed under a lease, and those
// that a question's end makes due. Leaves: one settlement each, written in one transaction. Must never happen: a run lost by a crash (its lease runs
// out), or two processes on one run (only the lease's owner may settle it).
import type { Clock } from '../lib/clock.ts'
import { toError } from '../errors.ts'
import type { Log } from '../lib/log.ts'
import type { ClaimedRun, RunStore, Settlement } from '../store/store.ts'
import { InterruptionError } from './run-module.ts'

const LEASE_MS = 15_000
const HEARTBEAT_MS = 5_000
/** A missed wake-up costs a poll, never a run, in ms. */
const POLL_MS = 5_000
const STORE_RETRY_MS = 1_000

export interface RunnerOptions {
  readonly store: RunStore
  /** Executes one attempt; never rejects. */
  readonly execute: (run: ClaimedRun, stop: AbortSignal) => Promise<Settlement>
  /** This process, as the owner of its leases. */
  readonly owner: string
  readonly concurrency: number
  readonly clock: Clock
  readonly log: Log
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

/** The loop that claims, executes and settles. */
export function createRunner(options: RunnerOptions): Runner {
  const { store, log, clock } = options
  const active = new Map<string, { stop: AbortController; done: Promise<void> }>()
  let started = false
  let stopped = false
  let claiming: Promise<void> | null = null
  let again = false
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
    for (;;) {
      const room = options.concurrency - active.size
      if (room <= 0 || stopped) return POLL_MS
      now = clock()
      const runs = await store.claim(options.owner, room, now, now + LEASE_MS)
      for (const run of runs) begin(run)
      if (runs.length < room) break
    }
    // What was due and not claimed waits for another run of its entity: that run's end wakes the loop.
    const due = await store.nextDue()
    if (due === null || due <= now) return POLL_MS
    return Math.min(Math.max(due - clock(), 0), POLL_MS)
  }

  function begin(run: ClaimedRun): void {
    const stop = new AbortController()
    const done = options
      .execute(run, stop.signal)
      .then((settlement) => settle(settlement))
      .catch((thrown: unknown) =>
        log.error({ err: toError(thrown), run: run.id }, 'a run could not be settled'),
      )
      .finally(() => {
        active.delete(run.id)
        wake()
      })
    active.set(run.id, { stop, done })
  }

  /** A settlement that cannot be written is written later: the work behind it is done and must not be repeated. */
  async function settle(settlement: Settlement): Promise<void> {
    for (;;) {
      try {
        const held = await store.settle(options.owner, settlement)
        if (!held)
          log.warn({ run: settlement.runId }, 'the lease of this run was lost; its settlement is dropped')
        options.onSettled(settlement)
        return
      } catch (thrown) {
        log.error(
          { err: toError(thrown), run: settlement.runId },
          'the settlement could not be written; tried again',
        )
        if (stopped) throw thrown
        await new Promise((resolve) => setTimeout(resolve, STORE_RETRY_MS))
      }
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

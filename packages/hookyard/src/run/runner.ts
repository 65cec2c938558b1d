// Due runs -> settlements. Enters: rows with status `queued` whose time has come, claimed under a lease, and those
// that a question's end makes due. Leaves: one settlement each, written in one transaction. Must never happen: a run lost
// by a crash (reclaim-crashed-runs.ts), or two processes on one run (only the lease's owner may settle it).
import { toError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Module } from '../registry/manifest.ts'
import { isStoreFailure } from '../store/port/store-error.ts'
import type { ClaimedRun, RunStore, Settlement } from '../store/store.ts'
import { createLeases, LEASE_MS, type LeaseOptions } from './reclaim-crashed-runs.ts'
import { InterruptionError } from './run-module.ts'

/** A missed wake-up costs a poll, never a run, in ms. */
const POLL_MS = 5_000
/** The pause after an error of the store, in ms. */
const STORE_RETRY_MS = 1_000

export interface RunnerOptions extends LeaseOptions {
  readonly store: RunStore
  /** Executes one attempt. */
  readonly execute: (run: ClaimedRun, stop: AbortSignal) => Promise<Settlement>
  /** How a run ends whose own settlement could not be made or written, for good. */
  readonly unwritable: (run: ClaimedRun, error: Error) => Settlement
  readonly concurrency: number
  /** Of these, so many for each module, by name. @default no cap */
  readonly caps?: () => ReadonlyMap<string, number>
  /** After each settlement: messages may wait, a journal file is to be written. */
  readonly onSettled: (settlement: Settlement) => void
  /** These paused runs have ended, because nobody answered in time. */
  readonly onExpired: (runIds: readonly string[]) => void
}

export type Runner = ReturnType<typeof createRunner>

interface Attempt {
  readonly stop: AbortController
  readonly done: Promise<void>
}

const wasLost = ({ reason }: AbortSignal): boolean =>
  reason instanceof InterruptionError && reason.by.kind === 'cancelled' && reason.by.reason === 'lost'

/** The loop that claims, executes and settles. */
export function createRunner(options: RunnerOptions) {
  const { store, log, clock } = options
  const active = new Map<string, Attempt>()
  const leases = createLeases(options, () => [...active.keys()], cancel)
  let started = false
  let stopped = false
  let claiming: Promise<void> | null = null
  let again = false
  let timer: NodeJS.Timeout | undefined

  /** A run may be due. */
  function wake(): void {
    if (!started || stopped) return
    again = claiming !== null
    if (again) return
    clearTimeout(timer)
    claiming = claimAll()
      .catch((thrown: unknown) => {
        log.error({ err: toError(thrown) }, 'runs could not be claimed; tried again soon')
        return STORE_RETRY_MS
      })
      .then((waitMs) => {
        claiming = null
        if (again) wake()
        else if (!stopped) timer = setTimeout(wake, waitMs)
      })
  }

  /** Claims what is due and there is room for; answers how long to wait for the next look, in ms. */
  async function claimAll(): Promise<number> {
    let now = clock()
    const { ended } = await store.expireQuestions(now)
    if (ended.length > 0) options.onExpired(ended)
    await leases.reclaim()
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

  function begin(run: ClaimedRun): void {
    // Its last attempt may still hang here: it was told to stop, and what it settles counts for nothing.
    cancel([run.id], 'lost')
    const stop = new AbortController()
    const done = work(run, stop.signal).finally(() => {
      if (active.get(run.id) === attempt) active.delete(run.id)
      wake()
    })
    const attempt: Attempt = { stop, done }
    active.set(run.id, attempt)
  }

  async function work(run: ClaimedRun, stop: AbortSignal): Promise<void> {
    try {
      options.onSettled(await settle(options, run, stop, () => stopped || wasLost(stop)))
    } catch (thrown) {
      log.error({ err: toError(thrown), run: run.id }, 'a run could not be settled; its lease will run out')
    }
  }

  /** Stops running runs with this reason. */
  function cancel(runIds: readonly string[], reason: string): void {
    for (const id of runIds) active.get(id)?.stop.abort(new InterruptionError({ kind: 'cancelled', reason }))
  }

  return {
    start(): void {
      if (stopped) return
      started = true
      leases.start()
      wake()
    },
    wake,
    cancel,
    /** Waits `graceMs` for running runs, then aborts them; they go on after the next start. */
    async stop(graceMs: number): Promise<void> {
      stopped = true
      clearTimeout(timer)
      await claiming
      const grace = setTimeout(() => {
        for (const { stop } of active.values()) stop.abort(new InterruptionError({ kind: 'shutdown' }))
      }, graceMs)
      await Promise.all([...active.values()].map(({ done }) => done))
      clearTimeout(grace)
      leases.end()
    },
    get running(): number {
      return active.size
    },
  }
}

/**
 * Executes an attempt and writes its settlement. What the store cannot take now is written later: the work behind it is
 * done and must not be repeated. What it can never take, because of what the module said, ends without that. Answers what
 * was written, or dropped because the lease was lost.
 * @throws the store's error when `isOver`; what is thrown when not even the end without the module's words can be written.
 */
async function settle(
  { store, execute, unwritable, owner, log }: RunnerOptions,
  run: ClaimedRun,
  stop: AbortSignal,
  isOver: () => boolean,
): Promise<Settlement> {
  let givenUp = false
  const giveUp = (thrown: unknown): Settlement => {
    givenUp = true
    log.error({ err: toError(thrown), run: run.id }, 'what a run ended with cannot be stored')
    return unwritable(run, toError(thrown))
  }
  const began = performance.now()
  let settlement = await execute(run, stop).then((made) => {
    logSettlement(log, run, made, performance.now() - began)
    return made
  }, giveUp)
  for (;;) {
    try {
      const held = await store.settle(owner, settlement)
      if (!held) log.warn({ run: run.id }, 'the lease of this run was lost; its settlement is dropped')
      return settlement
    } catch (thrown) {
      if (isStoreFailure(thrown)) {
        log.error({ err: toError(thrown), run: run.id }, 'the settlement could not be written; tried again')
        if (isOver()) throw thrown
        await new Promise((resolve) => setTimeout(resolve, STORE_RETRY_MS))
      } else if (givenUp) throw thrown
      else settlement = giveUp(thrown)
    }
  }
}

/** Each attempt that failed, each question and each end of a run is a line. `ms`: how long the attempt took. */
function logSettlement(log: Log, run: ClaimedRun, settlement: Settlement, ms: number): void {
  const { id, module, entity, attempt } = run
  const { error } = settlement
  const fields = { run: id, module, entity, attempt, ms: Math.round(ms), ...(error !== null && { error }) }
  if (settlement.kind === 'paused') return log.info(fields, 'a run asks a question, and waits for the answer')
  if (settlement.kind === 'finished') {
    const { status, reason } = settlement
    return log[status === 'failed' ? 'warn' : 'info']({ ...fields, status, reason }, 'a run has ended')
  }
  const again = { ...fields, again_at: new Date(settlement.runAt).toISOString() }
  if (settlement.counted) return log.warn(again, 'an attempt failed; the run is tried again')
  return log.info(again, 'an attempt was interrupted; the run goes on later')
}

/**
 * How many workers a module may have at a time, by its name, so that its hung runs leave one to the others: `max_workers`,
 * else all but one while there is another module, whether its runs wait or not: a worker that is taken is not given back
 * when they come.
 */
export function workerCaps(modules: readonly Module[], concurrency: number): ReadonlyMap<string, number> {
  const enabled = modules.filter((module) => module.enabled)
  const usual = enabled.length > 1 ? Math.max(1, concurrency - 1) : concurrency
  return new Map(enabled.map(({ name, maxWorkers }) => [name, maxWorkers ?? usual]))
}

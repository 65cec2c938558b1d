// The clock's hand: ticks of schedules that have come -> runs. Enters: the schedules in force, and up to when each
// one's ticks are handled. Leaves: runs, in the same transaction that marks their tick. Must never happen: a tick
// that runs twice (the mark), or one that a restart swallows: of those that were missed the newest one runs, late.
import type { Access } from '../access/access.ts'
import { type AskReading, type Readings, askReadings } from '../access/reading.ts'
import { toError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { ScheduleBinding } from '../registry/module-registry.ts'
import type { LeaseStore, ScheduleStore } from '../store/store.ts'
import { planTick, repositoriesOf } from './plan-tick.ts'
import { newestTick, nextTick, scheduleKey } from './ticks.ts'

/** How far back a missed tick is still worth a run, in ms. */
const LOOK_BACK_MS = 24 * 3_600_000
/** A repository that has been silent for so long is not looked after any more, unless `repos` names it. */
const SEEN_MS = 90 * 24 * 3_600_000
/** From then on the log calls a tick late, in ms. */
const LATE_MS = 60_000
const LEASE = 'scheduler'
const LEASE_MS = 15_000
/** Between two looks at the clock, in ms; the store is asked only when a tick has come or the lease ages. */
const POLL_MS = 1_000

export interface SchedulerOptions {
  readonly store: { readonly schedules: ScheduleStore; readonly leases: LeaseStore }
  /** Getters: a reload swaps both between two looks. */
  readonly schedules: () => readonly ScheduleBinding[]
  readonly access: () => Pick<Access, 'audience' | 'addedBeyond' | 'named' | 'reaches' | 'admins' | 'mayCall'>
  readonly askReading: AskReading
  readonly newRunId: () => string
  /** This process, as the owner of the lease. */
  readonly owner: string
  readonly clock: Clock
  readonly log: Log
  readonly onCreated: (runIds: readonly string[]) => void
}

export interface Scheduler {
  /** Resolves after the first look: from then on no tick is missed. Never rejects. */
  start(): Promise<void>
  /** Looks at the clock now; resolves when what was due is done. */
  look(): Promise<void>
  /** Waits for the look under way, and leaves the lease to others. */
  stop(): Promise<void>
}

interface Known {
  /** Ticks up to then are handled. */
  readonly handledUntil: number
  /** Before then there is nothing to do; null = never again. */
  readonly nextAt: number | null
}

/** One per process; of several processes the one with the lease works. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { store, clock, log } = options
  let known = new Map<string, Known>()
  let lease: { readonly takenAt: number } | null = null
  let looking: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  async function lookOnce(): Promise<void> {
    const now = clock()
    if (!(await holdLease(now))) return
    const bindings = options.schedules()
    await learn(bindings, now)
    for (const binding of bindings) {
      const key = scheduleKey(binding.module.name, binding.trigger)
      const at = known.get(key)?.nextAt
      if (at != null && at <= now) await handle(binding, key, now)
    }
  }

  /** True while this process is the one that schedules. */
  async function holdLease(now: number): Promise<boolean> {
    const age = lease === null ? Infinity : now - lease.takenAt
    if (age >= 0 && age < LEASE_MS / 3) return true
    const held = await store.leases.take(LEASE, options.owner, now, now + LEASE_MS)
    // Meanwhile another process may have handled ticks.
    if (!held || lease === null) known = new Map()
    lease = held ? { takenAt: now } : null
    return held
  }

  async function learn(bindings: readonly ScheduleBinding[], now: number): Promise<void> {
    const unknown = bindings.filter(({ module, trigger }) => !known.has(scheduleKey(module.name, trigger)))
    if (unknown.length === 0) return
    const keys = unknown.map(({ module, trigger }) => scheduleKey(module.name, trigger))
    const handled = await store.schedules.handledUntil(keys, now)
    unknown.forEach((binding, position) => remember(binding, handled[position] ?? now, now))
  }

  function remember({ module, trigger }: ScheduleBinding, handledUntil: number, now: number): void {
    const nextAt = nextTick(trigger, Math.max(handledUntil, now - LOOK_BACK_MS))
    known.set(scheduleKey(module.name, trigger), { handledUntil, nextAt })
  }

  async function handle(binding: ScheduleBinding, key: string, now: number): Promise<void> {
    const { module, trigger } = binding
    const after = known.get(key)?.handledUntil ?? now
    const tick = newestTick(trigger, Math.max(after, now - LOOK_BACK_MS), now)
    if (tick === null) return remember(binding, after, now)
    const perRepository = module.enabled && module.manifest.subject === 'repository'
    const seen = perRepository ? await store.schedules.repositoriesSince(now - SEEN_MS) : []
    const access = options.access()
    const readings = new Map<string, Readings>()
    for (const repository of perRepository ? repositoriesOf({ access, seen }) : []) {
      const found = await askReadings(repository, access, options.askReading)
      if (found) readings.set(repository, found)
    }
    const { newRunId } = options
    const runs = planTick({ module, trigger, tick, now, access, seen, readings, newRunId })
    const made = await store.schedules.commit({ schedule: key, module: module.name, at: tick, after, runs })
    if (made === null) {
      known.delete(key) // another process was first: its mark is read at the next look
      return
    }
    remember(binding, tick, now)
    const fields = { module: module.name, tick: new Date(tick).toISOString(), runs: made.created.length }
    if (now - tick >= LATE_MS) {
      const late_by_seconds = Math.floor((now - tick) / 1_000)
      log.warn({ ...fields, late_by_seconds }, 'a tick that was missed runs late')
    } else log.info(fields, 'a schedule is due')
    if (made.created.length > 0) options.onCreated(made.created)
  }

  function look(): Promise<void> {
    looking ??= lookOnce()
      .catch((thrown: unknown) => {
        log.error({ err: toError(thrown) }, 'schedules could not be looked at; tried again soon')
        known = new Map()
      })
      .finally(() => (looking = null))
    return looking
  }

  async function tick(): Promise<void> {
    await look()
    if (!stopped) timer = setTimeout(() => void tick(), POLL_MS)
  }

  return {
    start: tick,
    look,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await looking
      if (lease === null) return
      await store.leases.release(LEASE, options.owner).catch((thrown: unknown) => {
        log.warn({ err: toError(thrown) }, 'the lease of the scheduler runs out by itself')
      })
    },
  }
}

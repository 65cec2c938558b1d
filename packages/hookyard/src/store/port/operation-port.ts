// What keeps the service running: schedules, leases between processes, switches of modules, retention.
import type { NewRun } from './run-port.ts'

/** A tick that has come, with the runs that it leads to. */
export interface DueTick {
  /** Names the schedule: module, cron pattern, time zone. */
  readonly schedule: string
  readonly module: string
  /** The planned time, and the one up to which ticks were handled when this one was planned. */
  readonly at: number
  readonly after: number
  readonly runs: readonly NewRun[]
}

/** Ids of the runs that were made, and of those that they replaced. */
export interface CommittedTick {
  readonly created: readonly string[]
  readonly replaced: readonly string[]
}

export interface ScheduleStore {
  /** Up to when the ticks of these schedules are handled, in their order; a new one begins `now`. */
  handledUntil(schedules: readonly string[], now: number): Promise<number[]>
  /**
   * One transaction: the tick's runs, and the mark that it is handled. A run of a module and entity for a tick
   * is made once, whichever schedule names that tick. Null, and nothing written: it was handled already.
   */
  commit(tick: DueTick): Promise<CommittedTick | null>
  /** Repositories (`owner/name`, lower case) that have sent a delivery since then. */
  repositoriesSince(at: number): Promise<string[]>
}

export interface LeaseStore {
  /** Takes or extends a lease; false while another owner holds it. */
  take(name: string, owner: string, now: number, until: number): Promise<boolean>
  release(name: string, owner: string): Promise<void>
}

/** A user's word on whether a module is on: it stands over the configuration until it is taken back. */
export interface ModuleSwitch {
  readonly module: string
  readonly enabled: boolean
  /** The user's name. */
  readonly by: string
  readonly at: number
}

export interface SwitchStore {
  all(): Promise<ModuleSwitch[]>
  set(moduleSwitch: ModuleSwitch): Promise<void>
  /** The configuration's word counts again. */
  remove(module: string): Promise<void>
}

export interface Swept<Id> {
  /** How many were deleted. */
  readonly gone: number
  /** Where to go on, as `after`; null: there are no rows behind. */
  readonly next: Id | null
}

export interface SweptRuns extends Swept<string> {
  /** How many of those deleted have no journal file. */
  readonly unwritten: number
}

/** Each looks at `limit` rows after the given id, and deletes those from before a time (ms) that nothing needs. */
export interface RetentionStore {
  /** Dispatched deliveries, with payload and decisions, but for those that an unfinished run is about. */
  deliveries(before: number, after: number, limit: number): Promise<Swept<number>>
  /** Finished runs; those whose journal file is not written only from before `unwrittenBefore`. */
  runs(before: number, after: string, limit: number, unwrittenBefore: number): Promise<SweptRuns>
  /** Messages that were sent or refused for good. */
  messages(before: number, after: number, limit: number): Promise<Swept<number>>
}

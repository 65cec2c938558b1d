// The port that stands between the stages. Words, once for the whole program:
//   delivery  what GitHub (or a generic sender) posted      decision  delivery x user x module -> outcome, reason
//   run       one module on one trigger                     attempt   one execution of a run
//   entity    the key of what it is about (owner/repo#42)   window    an open cooldown of (module, entity)
//   effect    something written outside, key and receipt    message   an outbox row
//   spending  USD that an agent's answer cost, by run and by day
//   question  what a paused run asks its people             tick      a planned time of a schedule
//   setting   what a user set by chat, over the configuration
// There is no jobs table: a row is its own queue entry (docs/adr/0003). Times are ms since the epoch.
import type { Concurrency } from '../registry/manifest.ts'
import type {
  Accepted,
  Decision,
  DeliveryRecord,
  NewDelivery,
  OverviewStore,
  PendingDelivery,
} from './port/delivery-port.ts'
import type { ChatStore } from './port/chat-port.ts'
import type { EffectStore } from './port/effect-port.ts'
import type { NewMessage, OutboxStore } from './port/outbox-port.ts'
import type { GivenAnswer, NewQuestion, Question } from './port/question-port.ts'
import type { RetentionStore } from './port/retention-port.ts'
import type { SwitchStore } from './port/switch-port.ts'

export type {
  Accepted,
  Counts,
  Decision,
  DecisionOutcome,
  DeliveryPage,
  DeliveryQuery,
  DeliveryRecord,
  DeliveryStatus,
  NewDelivery,
  OverviewStore,
  PastDelivery,
  PendingDelivery,
  ReceivedDelivery,
} from './port/delivery-port.ts'
export type * from './port/chat-port.ts'
export type { Effect, EffectKey, EffectStore } from './port/effect-port.ts'
export type { NewMessage, OutboxRow, OutboxStore, SentMessage } from './port/outbox-port.ts'
export type {
  GivenAnswer,
  NewQuestion,
  Question,
  QuestionChoice,
  QuestionStatus,
} from './port/question-port.ts'
export type { RetentionStore, Swept, SweptRuns } from './port/retention-port.ts'
export type { ModuleSwitch, SwitchStore } from './port/switch-port.ts'
export { StalePlanError, StoreError, isStoreFailure } from './port/store-error.ts'

export interface Store {
  readonly deliveries: DeliveryStore
  readonly runs: RunStore
  readonly effects: EffectStore
  readonly outbox: OutboxStore
  readonly schedules: ScheduleStore
  readonly leases: LeaseStore
  readonly overview: OverviewStore
  readonly switches: SwitchStore
  readonly chat: ChatStore
  readonly retention: RetentionStore
  /** Resolves when a delivery could be stored; costs a small write. */
  ping(): Promise<void>
  close(): Promise<void>
}

// ── deliveries ───────────────────────────────────────────────────────────────────────────────────

/** What is already under way for (module, entity) when a delivery is decided. */
export interface EntityState {
  readonly module: string
  readonly entity: string
  /** When the cooldown window ends, which may be past already; null = no window. */
  readonly windowUntil: number | null
  /** The run that newer deliveries still coalesce into. */
  readonly waiting: { readonly id: string; readonly firstAt: number; readonly dueAt: number } | null
  /** Runs queued (and not waiting), running or paused. */
  readonly unfinished: readonly string[]
}

export interface NewRun {
  readonly id: string
  readonly module: string
  readonly entity: string
  readonly repository: string | null
  readonly trigger: RunTrigger
  readonly delivery: string | null
  readonly recipients: readonly string[]
  readonly runAt: number
  /** When it is due for its own sake; `runAt` may be later because of a window. */
  readonly dueAt: number
  /** True: newer deliveries coalesce into it until it starts. */
  readonly waiting: boolean
  readonly concurrency: Concurrency
  readonly cooldownMs: number
  readonly input: unknown
  /** How many `ctx.invoke` stand between this run and its first cause. */
  readonly depth: number
  /** A tainted run made it, and gave it its input; absent: none did. */
  readonly tainted?: boolean
  readonly createdAt: number
}

export interface RunTrigger {
  readonly type: 'webhook' | 'command' | 'schedule' | 'invoke' | 'resume'
  readonly event: string | null
  readonly action: string | null
  readonly by: string | null
  /** ISO 8601. */
  readonly at: string
  /** What `ctx.trigger.data` holds; absent: the payload of the run's delivery. */
  readonly data?: Readonly<Record<string, unknown>>
  /** The user on whose account a run goes that another run invoked: whoever invoked the first of them. */
  readonly user?: string
}

/** All that one delivery leads to; written in one transaction, or not at all. */
export interface Plan {
  readonly deliveryId: number
  readonly guid: string
  readonly status: 'dispatched' | 'failed'
  readonly error: string | null
  readonly decisions: readonly Decision[]
  readonly runs: readonly NewRun[]
  readonly coalesced: readonly CoalescedRun[]
  /** Unfinished runs to cancel, with the reason that they end with. */
  readonly cancelled: readonly { readonly runId: string; readonly reason: string }[]
  readonly messages: readonly NewMessage[]
  readonly at: number
  /** A replay: 1 for the first. Its decisions stand beside the earlier ones. */
  readonly replay?: number
}

export interface CoalescedRun {
  readonly runId: string
  readonly delivery: string
  readonly trigger: RunTrigger
  readonly recipients: readonly string[]
  readonly runAt: number
  readonly dueAt: number
  readonly cooldownMs: number
}

export interface DeliveryStore {
  /** Inserts all in one transaction, synced to disk before it resolves. One answer per delivery, in order. */
  accept(batch: readonly NewDelivery[]): Promise<Accepted[]>
  /** Deliveries not yet dispatched, oldest first. */
  pending(limit: number): Promise<PendingDelivery[]>
  /**
   * The payloads of the first of these deliveries, in their order: as many as have some 8 MiB, and one at the least. null:
   * it is damaged, and the delivery was set aside as failed.
   */
  payloads(pending: readonly PendingDelivery[]): Promise<(string | null)[]>
  /** What is under way for these pairs, in their order. */
  entityStates(keys: readonly { module: string; entity: string }[]): Promise<EntityState[]>
  /**
   * Writes the plans, all or none; a plan whose delivery is not `received` any more is skipped, but for replays.
   * Returns the ids of running runs that were asked to stop.
   * @throws StalePlanError when a run to coalesce into was claimed meanwhile, another one now waits, one came that
   * `cancel_running` is to cancel, or a replay is not the delivery's next one.
   */
  commit(plans: readonly Plan[]): Promise<string[]>
  get(guid: string): Promise<DeliveryRecord | null>
  payload(guid: string): Promise<string | null>
  /** Deliveries of an entity, newest first. */
  ofEntity(entity: string, limit: number): Promise<DeliveryRecord[]>
}

// ── runs ─────────────────────────────────────────────────────────────────────────────────────────

export type RunStatus = 'queued' | 'running' | 'paused' | 'done' | 'failed' | 'skipped' | 'cancelled'

export interface RunRecord {
  readonly id: string
  readonly module: string
  readonly entity: string
  readonly repository: string | null
  readonly trigger: RunTrigger
  readonly delivery: string | null
  readonly recipients: readonly string[]
  readonly status: RunStatus
  readonly reason: string | null
  readonly attempt: number
  /** Attempts that failed by the module's own doing; crashes of the service are not among them. */
  readonly failures: number
  readonly attempts: readonly Attempt[]
  /** What it has asked so far, in order; the last one is open while the run is paused. */
  readonly questions: readonly Question[]
  readonly summary: string | null
  readonly details: unknown
  readonly error: string | null
  readonly costUsd: number
  readonly input: unknown
  readonly depth: number
  /**
   * What it says may come from an agent: it asked one, or got the state or the input of a run that did. For good, whatever
   * becomes of the run.
   */
  readonly tainted: boolean
  readonly cooldownMs: number
  readonly createdAt: number
  readonly runAt: number
  readonly startedAt: number | null
  readonly finishedAt: number | null
}

export interface Attempt {
  readonly attempt: number
  readonly startedAt: number
  readonly finishedAt: number | null
  readonly status: string
  readonly error: string | null
}

export interface ClaimedRun extends RunRecord {
  /** The webhook's payload, when a delivery caused the run. */
  readonly payload: string | null
  /** What the module kept for this entity; in a resumed run the state that it paused with. */
  readonly state: unknown
}

/** How an attempt ended. */
export type Settlement = {
  readonly runId: string
  readonly attempt: number
  readonly at: number
  readonly error: string | null
  readonly details: unknown
  readonly costUsd: number
  readonly messages: readonly NewMessage[]
} & (
  | {
      readonly kind: 'finished'
      readonly status: 'done' | 'failed' | 'skipped' | 'cancelled'
      readonly reason: string | null
      readonly summary: string | null
      readonly state?: unknown
    }
  /** Queued again; `counted` = a failure of the module's own. */
  | { readonly kind: 'again'; readonly runAt: number; readonly counted: boolean }
  | { readonly kind: 'paused'; readonly question: NewQuestion }
)

export interface RunQuery {
  readonly module?: string | undefined
  readonly status?: RunStatus | undefined
  readonly entity?: string | undefined
  /** Only runs that have this recipient. */
  readonly recipient?: string | undefined
  /** Run id; older runs follow. */
  readonly before?: string | undefined
  readonly limit: number
}

export interface RunStore {
  /** Refuses inside an open window that it is to respect; a known key answers with its run. */
  create(run: NewRun, options?: CreateOptions): Promise<CreateResult>
  /**
   * Due runs, respecting `concurrency` per entity, leased to `owner` until `leaseUntil`; of each module so many at a
   * time as `caps` gives this owner (no cap for one that is not named).
   */
  claim(
    owner: string,
    limit: number,
    now: number,
    leaseUntil: number,
    caps?: ReadonlyMap<string, number>,
  ): Promise<ClaimedRun[]>
  /**
   * Extends leases; answers with those runs that are to stop: cancelled, with the reason, or no longer
   * this owner's, with the reason `lost`.
   */
  heartbeat(
    owner: string,
    runIds: readonly string[],
    leaseUntil: number,
  ): Promise<{ id: string; reason: string }[]>
  /**
   * One transaction: attempt, outcome, state, windows, messages; `costUsd` is added to the run's.
   * False when the lease was lost meanwhile. `again` and `paused` of a run that is to be cancelled cancel it.
   */
  settle(owner: string, settlement: Settlement): Promise<boolean>
  /**
   * Queues again the running runs whose lease ran out (or all, for a sole owner's dead predecessor), and
   * answers with their ids; those that were to be cancelled are cancelled instead.
   */
  reclaim(now: number, all: boolean): Promise<string[]>
  /**
   * Ends a queued or paused run as cancelled and asks a running one to stop; `finished`: there is nothing left
   * to cancel, or no such run.
   */
  cancel(runId: string, reason: string, at: number): Promise<'ended' | 'asked' | 'finished'>
  /** Queues a failed or cancelled run afresh, with a window of its own; false: it is neither, or there is none. */
  retry(runId: string, at: number): Promise<boolean>
  /**
   * Takes the answer to the open question of a paused run and queues the run again, with the trigger `resume`.
   * False, and nothing written: the question is open no more, or its time was up.
   */
  answer(answer: GivenAnswer): Promise<boolean>
  /** Questions whose time is up: those with a default resume their run with it, the others end it as skipped. */
  expireQuestions(now: number): Promise<{ resumed: readonly string[]; ended: readonly string[] }>
  /** Marks the run as tainted, for good. */
  taint(runId: string): Promise<void>
  get(id: string): Promise<RunRecord | null>
  list(query: RunQuery): Promise<RunRecord[]>
  /** Finished runs whose journal file is not written yet, behind the run `after`, but for those of some modules. */
  unjournaled(limit: number, after?: string, exceptModules?: readonly string[]): Promise<RunRecord[]>
  journaled(ids: readonly string[]): Promise<void>
  /**
   * When the next queued run that no running one holds back is due, only those later than `after`, or the next
   * question's end; or null.
   */
  nextDue(after?: number): Promise<number | null>
  /**
   * Adds to the run's cost and to the sums of the day, in one transaction: a run that crashes later has spent it
   * all the same. What is told here is not told again by `settle`.
   */
  spend(spending: Spending): Promise<void>
  /** What each of these has spent on a day, in USD, in their order. */
  spent(day: string, of: readonly SpendingScope[]): Promise<number[]>
}

export interface Spending {
  readonly runId: string
  readonly module: string
  readonly repository: string | null
  /** Who invoked the run; null when nobody did. */
  readonly user: string | null
  /** In UTC, `2026-11-22`. */
  readonly day: string
  readonly usd: number
}

/** What is given must match; `{}` is everything. */
export interface SpendingScope {
  readonly module?: string
  readonly repository?: string
  readonly user?: string
}

export interface CreateOptions {
  /** The run that invokes this one, which never comes in its invoker's place. */
  readonly invokedBy?: string
  readonly respectWindow?: boolean
  readonly idempotency?: { readonly scope: string; readonly key: string; readonly fingerprint: string }
}

export type CreateResult =
  /** `replaced`: runs that it cancelled (`cancel_running`); those that run were asked to stop. Absent: none. */
  | { readonly status: 'created'; readonly runId: string; readonly replaced?: readonly string[] }
  | { readonly status: 'existing'; readonly runId: string }
  | { readonly status: 'conflict' }
  | { readonly status: 'cooldown'; readonly until: number }

// ── schedules ────────────────────────────────────────────────────────────────────────────────────

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

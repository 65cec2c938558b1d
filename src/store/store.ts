// The port that stands between the stages. Words, once for the whole program:
//   delivery  what GitHub (or a generic sender) posted      decision  delivery x user x module -> outcome, reason
//   run       one module on one trigger                     attempt   one execution of a run
//   entity    the key of what it is about (owner/repo#42)   window    an open cooldown of (module, entity)
//   effect    something written outside, key and receipt    message   an outbox row
//   spending  USD that an agent's answer cost, by run and by day
// There is no jobs table: a row is its own queue entry (docs/adr/0003). Times are ms since the epoch.
import type { Concurrency } from '../registry/manifest.ts'
import type { Message } from '../send/message.ts'

export interface Store {
  readonly deliveries: DeliveryStore
  readonly runs: RunStore
  readonly effects: EffectStore
  readonly outbox: OutboxStore
  /** Resolves when the store can answer; rejects when it cannot. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** `code`: `locked`, `closed`, `died`, `unusable`, `stale_plan`, or the database's own (`SQLITE_FULL` …). */
export class StoreError extends Error {
  readonly code: string

  constructor(code: string, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'StoreError'
    this.code = code
  }
}

/** The world moved between decide and commit: nothing was written; read the entity states and decide again. */
export class StalePlanError extends StoreError {
  constructor(message: string) {
    super('stale_plan', message)
    this.name = 'StalePlanError'
  }
}

// ── deliveries ───────────────────────────────────────────────────────────────────────────────────

export interface NewDelivery {
  readonly guid: string
  readonly hookId: string | null
  readonly event: string
  readonly action: string | null
  /** `owner/name` in lower case, or null. */
  readonly repository: string | null
  readonly entity: string
  readonly body: Uint8Array
  readonly receivedAt: number
}

export type Accepted =
  | { readonly status: 'accepted' | 'duplicate' }
  | { readonly status: 'retried'; readonly runs: readonly string[] }

export interface ReceivedDelivery extends Omit<NewDelivery, 'body'> {
  readonly id: number
  /** The JSON as it arrived. */
  readonly payload: string
}

export type DeliveryStatus = 'received' | 'dispatched' | 'failed'
export type DecisionOutcome = 'ran' | 'coalesced' | 'skipped' | 'notified' | 'no_message'

export interface Decision {
  readonly user: string
  /** null: the decision about the formatted message. */
  readonly module: string | null
  readonly outcome: DecisionOutcome
  readonly reason: string | null
  readonly runId: string | null
}

export interface DeliveryRecord extends Omit<NewDelivery, 'body'> {
  readonly status: DeliveryStatus
  readonly error: string | null
  readonly decisions: readonly Decision[]
}

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
  readonly createdAt: number
}

export interface RunTrigger {
  readonly type: 'webhook' | 'command' | 'schedule' | 'invoke' | 'resume'
  readonly event: string | null
  readonly action: string | null
  readonly by: string | null
  /** ISO 8601. */
  readonly at: string
  /** The user on whose account a run goes that another run invoked: whoever invoked the first of them. */
  readonly user?: string
}

export interface NewMessage {
  readonly address: string
  readonly message: Message
  /** A second message with the same key is dropped. */
  readonly dedupeKey: string
  readonly runId: string | null
  readonly delivery: string | null
  readonly createdAt: number
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
  pending(limit: number): Promise<ReceivedDelivery[]>
  /** What is under way for these pairs, in their order. */
  entityStates(keys: readonly { module: string; entity: string }[]): Promise<EntityState[]>
  /**
   * Writes the plans, all or none; a plan whose delivery is not `received` any more is skipped.
   * Returns the ids of running runs that were asked to stop.
   * @throws StalePlanError when a run to coalesce into was claimed meanwhile, or another one now waits.
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
  readonly summary: string | null
  readonly details: unknown
  readonly error: string | null
  readonly costUsd: number
  readonly input: unknown
  readonly depth: number
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
  /** What the module kept for this entity. */
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
)

export interface RunQuery {
  readonly module?: string
  readonly status?: RunStatus
  readonly entity?: string
  /** Only runs that have this recipient. */
  readonly recipient?: string
  /** Run id; older runs follow. */
  readonly before?: string
  readonly limit: number
}

export interface RunStore {
  /** `window: respect` refuses inside an open window; a known key answers with its run. */
  create(run: NewRun, options?: CreateOptions): Promise<CreateResult>
  /** Due runs, respecting `concurrency` per entity, leased to `owner` until `leaseUntil`. */
  claim(owner: string, limit: number, now: number, leaseUntil: number): Promise<ClaimedRun[]>
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
   * False when the lease was lost meanwhile. `again` for a run that is to be cancelled cancels it.
   */
  settle(owner: string, settlement: Settlement): Promise<boolean>
  /**
   * Queues again the running runs whose lease ran out (or all, for a sole owner's dead predecessor), and
   * answers with their ids; those that were to be cancelled are cancelled instead.
   */
  reclaim(now: number, all: boolean): Promise<string[]>
  get(id: string): Promise<RunRecord | null>
  list(query: RunQuery): Promise<RunRecord[]>
  /** Finished runs whose journal file is not written yet. */
  unjournaled(limit: number): Promise<RunRecord[]>
  journaled(ids: readonly string[]): Promise<void>
  /** When the next queued run that no running one of its entity holds back is due, or null. */
  nextDue(): Promise<number | null>
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
  readonly respectWindow?: boolean
  readonly idempotency?: { readonly scope: string; readonly key: string; readonly fingerprint: string }
}

export type CreateResult =
  | { readonly status: 'created' | 'existing'; readonly runId: string }
  | { readonly status: 'conflict' }
  | { readonly status: 'cooldown'; readonly until: number }

// ── effects ──────────────────────────────────────────────────────────────────────────────────────

export interface EffectKey {
  readonly module: string
  readonly entity: string
  /** The verb: comment, review, label, check … */
  readonly kind: string
  readonly key: string
}

export interface Effect {
  readonly status: 'intended' | 'done'
  /** Hash of what was written last. */
  readonly fingerprint: string
  readonly receipt: { readonly id: number; readonly url: string } | null
  readonly runId: string
}

export interface EffectStore {
  find(key: EffectKey): Promise<Effect | null>
  /** Before the act. Keeps an earlier receipt. */
  intend(key: EffectKey, runId: string, fingerprint: string, at: number): Promise<void>
  /** After the act. */
  record(key: EffectKey, receipt: { id: number; url: string }, at: number): Promise<void>
  /** The stored result of `once`; `begun` without a result: it was interrupted. */
  onceBegin(
    runId: string,
    key: string,
  ): Promise<{ state: 'new' | 'begun' } | { state: 'done'; result: unknown }>
  onceEnd(runId: string, key: string, result: unknown): Promise<void>
  onceForget(runId: string, key: string): Promise<void>
  /** A value kept by the installation (the marker's key …); the first writer's `initial` stays. */
  setting(name: string, initial: string): Promise<string>
}

// ── outbox ───────────────────────────────────────────────────────────────────────────────────────

export interface OutboxRow {
  readonly id: number
  readonly address: string
  readonly message: Message
  readonly tries: number
  readonly createdAt: number
}

/** A message as `why` shows it. */
export interface SentMessage {
  readonly address: string
  readonly message: Message
  readonly status: 'queued' | 'sent' | 'dead'
  readonly tries: number
  readonly lastError: string | null
  readonly runId: string | null
  readonly createdAt: number
  readonly sentAt: number | null
}

export interface OutboxStore {
  add(messages: readonly NewMessage[]): Promise<void>
  /** The oldest unsent row of each address whose time has come, in order of age. */
  due(now: number, limit: number): Promise<OutboxRow[]>
  sent(id: number, at: number): Promise<void>
  /** Unreachable or limited: try again at `nextAt`. */
  again(id: number, nextAt: number, error: string): Promise<void>
  /** Refused for good: a dead letter. */
  dead(id: number, error: string, at: number): Promise<void>
  /** When the next unsent row is due, or null. */
  nextDue(): Promise<number | null>
  /** Every message that a delivery led to, its runs' included, oldest first. */
  ofDelivery(guid: string): Promise<SentMessage[]>
  ofRun(runId: string): Promise<SentMessage[]>
}

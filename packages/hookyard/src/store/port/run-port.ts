// Runs: one module on one trigger, from its creation to its end.
import type { Concurrency } from '../../registry/manifest.ts'
import type { NewMessage } from './outbox-port.ts'
import type { GivenAnswer, NewQuestion, Question } from './question-port.ts'

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

/** What caused the run at first, however often it has asked since. */
export function originalTrigger(trigger: RunTrigger): RunTrigger {
  const original = trigger.type === 'resume' ? trigger.data?.['original'] : undefined
  return original === undefined ? trigger : (original as RunTrigger)
}

export type RunStatus = 'queued' | 'running' | 'paused' | 'done' | 'failed' | 'skipped' | 'cancelled'

export interface RunRecord extends Omit<NewRun, 'dueAt' | 'waiting' | 'concurrency' | 'tainted'> {
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
  /**
   * What it says may come from an agent: it asked one, or got the state or the input of a run that did. For good, whatever
   * becomes of the run.
   */
  readonly tainted: boolean
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

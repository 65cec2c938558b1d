// Deliveries: what came in, what was decided about it, and what people who look back may ask.
import type { NewMessage } from './outbox-port.ts'
import type { NewRun } from './run-port.ts'

export interface NewDelivery {
  readonly guid: string
  readonly hookId: string | null
  readonly event: string
  readonly action: string | null
  /** `owner/name` in lower case, or null. */
  readonly repository: string | null
  readonly entity: string
  readonly body: Uint8Array
  /** Of a large body what dispatch looks at, as JSON; it is not stored. With it, `accept` may take the body's memory. */
  readonly excerpt?: Uint8Array
  readonly receivedAt: number
}

export type Accepted =
  | { readonly status: 'accepted' | 'duplicate' }
  | { readonly status: 'retried'; readonly runs: readonly string[] }

export interface ReceivedDelivery extends Omit<NewDelivery, 'body' | 'excerpt'> {
  readonly id: number
  /** The JSON as it arrived. */
  readonly payload: string
}

/** One that waits to be dispatched. Its payload is read apart: mostly it is still at hand. */
export type PendingDelivery = Omit<ReceivedDelivery, 'payload'>

export type DeliveryStatus = 'received' | 'dispatched' | 'failed'
export type DecisionOutcome = 'ran' | 'coalesced' | 'skipped' | 'notified' | 'no_message'

export interface Decision {
  readonly user: string
  /** null: the decision about the formatted message. */
  readonly module: string | null
  readonly outcome: DecisionOutcome
  readonly reason: string | null
  readonly runId: string | null
  /** Of the first replay 1; absent: when the delivery came in. */
  readonly replay?: number
}

export interface DeliveryRecord extends Omit<NewDelivery, 'body' | 'excerpt'> {
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

export interface CoalescedRun extends Pick<
  NewRun,
  'trigger' | 'recipients' | 'runAt' | 'dueAt' | 'cooldownMs'
> {
  readonly runId: string
  readonly delivery: string
}

export interface DeliveryStore {
  /** Inserts all in one transaction, synced to disk before it resolves. One answer per delivery, in order. */
  accept(batch: readonly NewDelivery[]): Promise<Accepted[]>
  /** Deliveries not yet dispatched, oldest first. */
  pending(limit: number): Promise<PendingDelivery[]>
  /**
   * The payloads of the first of these deliveries, in their order: as many as have some 8 MiB, and one at the least. null:
   * it is damaged, and the delivery was marked as failed.
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

/** A delivery that was dispatched before, with all that is needed to decide it again. */
export interface PastDelivery extends DeliveryRecord, ReceivedDelivery {
  /** How often it has been replayed. */
  readonly replays: number
}

export interface DeliveryQuery {
  readonly entity?: string | undefined
  /** Only those that were decided about this user. */
  readonly user?: string | undefined
  /** `next` of the page before. */
  readonly before?: number | undefined
  readonly limit: number
}

export interface DeliveryPage {
  readonly deliveries: readonly DeliveryRecord[]
  /** null: there are no more. */
  readonly next: number | null
}

/** How much there is of what. */
export interface Counts {
  /** Deliveries that wait to be dispatched. */
  readonly received: number
  readonly runs: { readonly queued: number; readonly running: number; readonly paused: number }
  /** `dead`: refused for good. */
  readonly messages: { readonly queued: number; readonly dead: number }
}

/** Reading alone. */
export interface OverviewStore {
  /** Newest first; what comes meanwhile moves no page. */
  deliveries(query: DeliveryQuery): Promise<DeliveryPage>
  /** @throws Error when its payload is damaged */
  delivery(guid: string): Promise<PastDelivery | null>
  /** Those received since then, after this one (0: from the first), oldest first; damaged ones are left out. */
  past(since: number, after: number, limit: number): Promise<PastDelivery[]>
  counts(): Promise<Counts>
}

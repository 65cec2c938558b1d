// The port's words about deliveries, and what people who look back may ask.

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

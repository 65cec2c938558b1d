// Messages: lines of spans, which each sender renders in its service's own way, and the rows that they wait in.

export type Span =
  | string
  | { readonly bold: string }
  | { readonly code: string }
  | { readonly link: string; readonly text: string }

export type Line = readonly Span[]

/**
 * `plain: true`: one text without any mark-up, sent as it is (the generic webhook's messages).
 * `tail`: how many of the last lines must survive when a service's limit forces a cut.
 * `buttons`: rows of them, for services that have such; the text alone must say what can be answered.
 */
export interface Message {
  readonly lines: readonly Line[]
  readonly plain?: boolean
  readonly tail?: number
  readonly buttons?: readonly (readonly Button[])[]
}

export interface Button {
  readonly text: string
  /** What comes back when it is pressed; 1 to 64 bytes. */
  readonly data: string
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

export interface OutboxRow extends Pick<NewMessage, 'address' | 'message' | 'createdAt'> {
  readonly id: number
  readonly tries: number
}

/** A message as `why` shows it. */
export interface SentMessage extends Omit<NewMessage, 'dedupeKey' | 'delivery'> {
  readonly status: 'queued' | 'sent' | 'dead'
  readonly tries: number
  readonly lastError: string | null
  readonly sentAt: number | null
}

export interface OutboxStore {
  add(messages: readonly NewMessage[]): Promise<void>
  /**
   * The unsent row of each address whose turn it is, if its time has come, in the order of turns. Rows of one run leave
   * in order; runs, and rows of no run, take turns.
   */
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
  /** The dedupe keys of a run's messages. */
  keysOfRun(runId: string): Promise<string[]>
}

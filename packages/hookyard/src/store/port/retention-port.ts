// The port's words about what is kept no longer.

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

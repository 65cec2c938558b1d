// The port's words about what is kept no longer.

export interface Swept<Id> {
  /** How many were deleted. */
  readonly gone: number
  /** Where to go on, as `after`; null: all that is old enough has been looked at. */
  readonly next: Id | null
}

/** Each looks at `limit` rows after the given id, and deletes those from before a time (ms) that nothing needs. */
export interface RetentionStore {
  /** Dispatched deliveries, with payload and decisions, but for those that an unfinished run is about. */
  deliveries(before: number, after: number, limit: number): Promise<Swept<number>>
  /** Finished runs whose journal file is written. */
  runs(before: number, after: string, limit: number): Promise<Swept<string>>
  /** Messages that were sent or refused for good. */
  messages(before: number, after: number, limit: number): Promise<Swept<number>>
}

// How the store fails: by itself, or because of what it was to write.

/** `code`: `locked`, `closed`, `died`, `full`, `unusable`, `file_changed`, `stale_plan`, or the database's own (`SQLITE_FULL` …). */
export class StoreError extends Error {
  readonly code: string

  constructor(code: string, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'StoreError'
    this.code = code
  }
}

// What better-sqlite3 and the thread call the faults of what was to be written; whatever else fails is the store's.
const FAULT_OF_THE_ROW = /^(failed|stale_plan)$|^SQLITE_(CONSTRAINT|TOOBIG|MISMATCH|RANGE)/

/**
 * Whether the store itself failed (no room, no disk, no thread), so that the same call will do once it is back. False for
 * an error of what was to be written, and for what is no error of the store at all.
 */
export const isStoreFailure = (thrown: unknown): boolean =>
  thrown instanceof StoreError && !FAULT_OF_THE_ROW.test(thrown.code)

/** The world moved between decide and commit: nothing was written; read the entity states and decide again. */
export class StalePlanError extends StoreError {
  constructor(message: string) {
    super('stale_plan', message)
    this.name = 'StalePlanError'
  }
}

/** The command did not do what was asked; the message says why and what to do. Exit code 1. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  /** snake_case, for programs. */
  readonly code: string = 'failed'
}

/** The command was called wrongly. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'wrong_usage'
}

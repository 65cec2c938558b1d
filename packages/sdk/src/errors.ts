// Recognised by brand, not by instanceof: a module may bring its own copy of the SDK.

const BRAND = Symbol.for('@hookyard/sdk.error')

/** Another try would fail alike: ends the run `failed` at once. `reason` is a snake_case word. */
export class PermanentError extends Error {
  readonly [BRAND] = 'permanent'
  readonly reason: string

  constructor(message: string, options: { reason?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'PermanentError'
    this.reason = options.reason ?? 'permanent'
  }
}

/** Try again, but not before `delayMs` milliseconds. Counts as a failed attempt. */
export class RetryAfterError extends Error {
  readonly [BRAND] = 'retry_after'
  readonly delayMs: number

  constructor(message: string, delayMs: number, options: { cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'RetryAfterError'
    this.delayMs = delayMs
  }
}

/** Which of the two classes above this error is, whatever copy of the SDK made it. */
export function errorKind(error: unknown): 'permanent' | 'retry_after' | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  return (error as Record<symbol, unknown>)[BRAND] as 'permanent' | 'retry_after' | undefined
}

/** Whether another try would fail alike: GitHub refused, a budget is spent, an answer cannot be corrected. */
export const isPermanent = (error: unknown): boolean => errorKind(error) === 'permanent'

/**
 * The snake_case word that an error carries (`github_forbidden`, `budget`, `agent_timeout` …), whoever threw it; null
 * when it carries none.
 */
export function reasonOf(error: unknown): string | null {
  const reason = (error as { reason?: unknown } | null | undefined)?.reason
  return typeof reason === 'string' && /^[a-z][a-z0-9_]{0,63}$/.test(reason) ? reason : null
}

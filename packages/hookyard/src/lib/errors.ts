// One question decides an error's class: who should read it, and is it worth another try?

/** The codes of contract section 4, each with its HTTP status. */
export const CODES = {
  invalid_signature: 401,
  invalid_json: 400,
  not_an_object: 400,
  missing_event: 400,
  missing_delivery: 400,
  unsupported_media_type: 415,
  too_large: 413,
  storage_unavailable: 503,
  unauthorized: 401,
  insufficient_scope: 403,
  not_authorized: 403,
  unknown_module: 404,
  unknown_run: 404,
  unknown_delivery: 404,
  invoke_disabled: 403,
  invalid_input: 400,
  idempotency_conflict: 409,
  wrong_state: 409,
  cooldown: 429,
  rate_limited: 429,
  not_found: 404,
} as const

export type Code = keyof typeof CODES

/** Shown to the person verbatim, never retried. `status` and `headers` go out with the HTTP answer. */
export class UserError extends Error {
  readonly code: Code
  readonly status: number
  readonly headers: Record<string, string>

  constructor(
    code: Code,
    message: string,
    options: { status?: number; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'UserError'
    this.code = code
    this.status = options.status ?? CODES[code]
    this.headers = options.headers ?? {}
  }
}

/** For the operator: another try would fail alike. `reason` is the snake_case word kept with a run. */
export class PermanentError extends Error {
  readonly reason: string

  constructor(message: string, options: { reason?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'PermanentError'
    this.reason = options.reason ?? 'permanent'
  }
}

/** For the operator: try again, but not before `delayMs`. */
export class RetryAfterError extends Error {
  readonly delayMs: number

  constructor(message: string, delayMs: number, options: { cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'RetryAfterError'
    this.delayMs = delayMs
  }
}

/** Whatever was thrown, as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

// One question decides an error's class: who should read it, and is it worth another try?

/** The codes of contract section 4, each with its HTTP status. */
export const CODES = {
  invalid_signature: 401, // the webhook's signature or secret does not fit
  invalid_json: 400, // the body is no JSON
  not_an_object: 400, // the body is JSON, but no object
  missing_event: 400, // the webhook has no `X-GitHub-Event`
  missing_delivery: 400, // the webhook has no `X-GitHub-Delivery`, or one that is no GUID
  unsupported_media_type: 415, // the `Content-Type` is not one that is read here
  too_large: 413, // the body has too many bytes or values
  storage_unavailable: 503, // nothing was stored; send it again later
  unauthorized: 401, // there is no valid token
  insufficient_scope: 403, // the token lacks the scope
  not_authorized: 403, // the token's user may not do this, or not there
  unknown_module: 404, // there is no such module
  unknown_run: 404, // there is no such run, or it may not be seen
  unknown_delivery: 404, // there is no such delivery, or it may not be seen
  invoke_disabled: 403, // the module says `invoke: false`
  invalid_input: 400, // the body, the query or the input does not fit
  idempotency_conflict: 409, // the key came before with another body
  wrong_state: 409, // the run or module is not in a state for this
  cooldown: 429, // a cooldown window of the entity is open
  rate_limited: 429, // the token sends too many requests
  not_found: 404, // there is nothing at this path
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

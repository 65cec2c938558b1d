// A refusal in GitHub's shape. Thrown by the routes, written out by the server.

export interface RefusalDetail {
  readonly resource: string
  readonly code: string
  readonly field: string
  readonly message?: string
}

/** `status` is that of HTTP; the message is GitHub's `message`. */
export class Refusal extends Error {
  readonly status: number
  /** Objects for `Validation Failed`, sentences for `Unprocessable Entity`. */
  readonly errors: readonly (RefusalDetail | string)[] | null

  constructor(status: number, message: string, errors: readonly (RefusalDetail | string)[] | null = null) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.errors = errors
  }
}

/** 404, also for what must not be seen. */
export const notFound = (): Refusal => new Refusal(404, 'Not Found')

/** 422 with the reasons as sentences. */
export const unprocessable = (...reasons: string[]): Refusal =>
  new Refusal(422, 'Unprocessable Entity', reasons)

/** 422 with a reason per field. */
export const validationFailed = (...errors: RefusalDetail[]): Refusal =>
  new Refusal(422, 'Validation Failed', errors)

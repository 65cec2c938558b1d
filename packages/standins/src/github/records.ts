// What a test reads afterwards: the requests as they came (never their tokens), and what was wrong with them or with
// our own answers.

export interface RecordedRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Parsed JSON, or the text when it is none; null without a body. */
  readonly body: unknown
  /** Milliseconds since the epoch. */
  readonly at: number
  /** What kind of credential came with it; `unknown`: one that names nobody. */
  auth: 'none' | 'token' | 'app' | 'installation' | 'unknown'
  /** HTTP status answered; null when it was never answered. */
  status: number | null
}

export interface Violation {
  /**
   * `operation`: none of the description's; `request`: refused as not described; `undescribed`: taken by GitHub, but it
   * ignores a part; `answer`: the stand-in's own answer is not as described, which is a bug of the stand-in.
   */
  readonly kind: 'operation' | 'request' | 'undescribed' | 'answer'
  readonly method: string
  readonly path: string
  readonly message: string
}

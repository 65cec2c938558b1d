// What a load generator is told, and what it answers. Two programs speak this: generate.ts beside this file, and,
// where it exists, a faster one in C (see start.ts).

/** One request that is sent again and again, each time with a GUID of its own. */
export interface Shot {
  readonly event: string
  /** Path of the file that holds the body. */
  readonly bodyFile: string
  /** HMAC-SHA-256 of the body, in hex. */
  readonly signature: string
}

export interface Job {
  readonly port: number
  readonly path: string
  /** Taken in turn. */
  readonly shots: readonly Shot[]
  /** Keep-alive connections; each has at most one request under way. */
  readonly connections: number
  /** Sent but not measured, in seconds. */
  readonly warmupSeconds: number
  readonly seconds: number
  /** Requests per second of an open loop; null: closed loop, each connection as fast as it is answered. */
  readonly rate: number | null
  /** Stops after this many requests, warm-up included; null: by time alone. */
  readonly maxRequests: number | null
}

/** Latencies in milliseconds, from the moment a request was due. */
export interface Load {
  readonly generator: 'node' | 'c'
  /** Measured requests and how long they took together, in seconds. */
  readonly requests: number
  readonly seconds: number
  readonly perSecond: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
  /** Of the measured requests: answered with another status than 2xx, or not at all. */
  readonly refused: number
  readonly broken: number
  /** Every request answered with 2xx, warm-up included. */
  readonly accepted: number
  /** How late the generator itself woke up, 99th percentile in ms; null when it cannot tell (closed loop, C). */
  readonly lateness99: number | null
}

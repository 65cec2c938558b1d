// What an API back-end is made of.
import type { Clock } from '../../../lib/clock.ts'
import type { Log } from '../../../lib/log.ts'
import type { Environment } from '../child-environment.ts'
import type { Vendor } from './vendor.ts'

export interface ApiOptions {
  readonly vendor: Vendor
  /** null: the server asks for none. */
  readonly apiKey: string | null
  /** null: the vendor's own address. */
  readonly baseUrl: string | null
  /** The operator's price in USD per million tokens, in place of the built-in table's. */
  readonly price: { readonly input: number; readonly output: number } | null
  /** For the proxy's variables alone. */
  readonly environment: Environment
  readonly clock: Clock
  readonly log: Log
}

/** What one question has taught about the API, for the next ones. */
export interface ApiMemory {
  /** The server refuses a JSON Schema: it is written into the prompt instead. */
  refusesSchemas: boolean
  /** What was said once and need not be said again. */
  readonly said: Set<string>
}

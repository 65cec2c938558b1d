// A model behind an API as a back-end: one question is one request. The AI SDK is loaded with the first question,
// so that a service which never asks does not carry it.
import type { Clock } from '../../../lib/clock.ts'
import type { Log } from '../../../lib/log.ts'
import type { AgentBackend } from '../backend.ts'
import type { Vendor } from './vendor.ts'

export interface ApiOptions {
  readonly vendor: Vendor
  /** null: the server asks for none. */
  readonly apiKey: string | null
  /** null: the vendor's own address. */
  readonly baseUrl: string | null
  /** The operator's price in USD per million tokens, in place of the built-in table's. */
  readonly price: { readonly input: number; readonly output: number } | null
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

/** A back-end that asks an API. Nothing is sent before the first question, and nothing is tried twice. */
export function createApiBackend(options: ApiOptions): AgentBackend {
  const memory: ApiMemory = { refusesSchemas: false, said: new Set() }
  return {
    name: options.vendor,
    async run(request) {
      request.signal.throwIfAborted()
      const { askModel } = await import('./ask-model.ts')
      return askModel(options, memory, request)
    },
  }
}

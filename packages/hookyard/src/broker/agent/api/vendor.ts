// The three kinds of API, and what Claude's short names mean at them.
import type { Clock } from '../../../lib/clock.ts'
import type { Log } from '../../../lib/log.ts'
import type { Environment } from '../child-environment.ts'

export type Vendor = 'anthropic' | 'openai' | 'openai-compatible'

/** The `claude` program's own short names, as it resolved them on 2026-11-22. */
const CLAUDE_NAMES: Readonly<Record<string, string>> = {
  sonnet: 'claude-sonnet-5-5',
  opus: 'claude-opus-5-5',
  haiku: 'claude-haiku-5-5',
  fable: 'claude-fable-5-2',
}

/** The name to ask the API for; only Anthropic's API is meant by a short name. */
export const modelName = (vendor: Vendor, model: string): string =>
  vendor === 'anthropic' && Object.hasOwn(CLAUDE_NAMES, model) ? (CLAUDE_NAMES[model] ?? model) : model

const ADDRESSES = { anthropic: 'https://api.anthropic.com/v1', openai: 'https://api.openai.com/v1' } as const

/** Where the API is. Anthropic's own tools write the address without its version (`ANTHROPIC_BASE_URL`). */
export function addressOf(vendor: Vendor, baseUrl: string | null): string {
  if (baseUrl === null) return vendor === 'openai-compatible' ? '' : ADDRESSES[vendor]
  const trimmed = baseUrl.replace(/\/+$/, '')
  return vendor === 'anthropic' && !/\/v\d+$/.test(trimmed) ? `${trimmed}/v1` : trimmed
}

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

// The three kinds of API, and what Claude's short names mean at them.

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

/**
 * Where the API is. Anthropic's own tools take the address without its version (`ANTHROPIC_BASE_URL`), so both
 * ways of writing it are understood.
 */
export function addressOf(vendor: Vendor, baseUrl: string | null): string {
  if (baseUrl === null) return vendor === 'openai-compatible' ? '' : ADDRESSES[vendor]
  const trimmed = baseUrl.replace(/\/+$/, '')
  return vendor === 'anthropic' && !/\/v\d+$/.test(trimmed) ? `${trimmed}/v1` : trimmed
}

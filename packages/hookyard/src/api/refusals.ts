// Which refusals an operation may answer with: those of its kind, and its own.
import { type Code, CODES } from '../lib/errors.ts'
import type { Description } from './operation.ts'

const OF_TOKENS: readonly Code[] = ['unauthorized', 'rate_limited']
const OF_SCOPES: readonly Code[] = ['insufficient_scope', 'storage_unavailable']
const OF_BODIES: readonly Code[] = [
  'invalid_json',
  'not_an_object',
  'invalid_input',
  'unsupported_media_type',
  'too_large',
]

/** Every code that the operation may answer with, by status. */
export function refusalsOf({
  scope,
  method,
  params,
  query,
  refusals = [],
}: Description): Map<number, Code[]> {
  const codes = new Set<Code>([
    // What asks for no token names all of its refusals itself.
    ...(scope === 'open' ? [] : OF_TOKENS),
    ...(scope === 'open' || scope === 'token' ? [] : OF_SCOPES),
    ...(scope !== 'open' && method === 'post' ? OF_BODIES : []),
    ...(query ? (['invalid_input'] as const) : []),
    // What no path can hold leads nowhere.
    ...(params ? (['not_found'] as const) : []),
    ...refusals,
  ])
  return Map.groupBy([...codes].toSorted(), (code) => CODES[code])
}

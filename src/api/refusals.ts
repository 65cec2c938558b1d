// Which refusals an operation may answer with: those of its kind, and its own.
import { type Code, CODES } from '../errors.ts'
import type { Description } from './operation.ts'

const OF_TOKENS: readonly Code[] = ['unauthorized', 'rate_limited', 'storage_unavailable']
const OF_BODIES: readonly Code[] = [
  'invalid_json',
  'not_an_object',
  'invalid_input',
  'unsupported_media_type',
  'too_large',
]

/** Every code that the operation may answer with, by status. */
export function refusalsOf({ scope, method, query, refusals = [] }: Description): Map<number, Code[]> {
  const codes = new Set<Code>([
    ...(scope === 'open' ? [] : OF_TOKENS),
    ...(scope === 'open' || scope === 'token' ? [] : (['insufficient_scope'] as const)),
    ...(method === 'post' ? OF_BODIES : []),
    ...(scope === 'open' && method === 'post' ? (['storage_unavailable'] as const) : []),
    ...(query ? (['invalid_input'] as const) : []),
    ...refusals,
  ])
  return Map.groupBy([...codes].toSorted(), (code) => CODES[code])
}

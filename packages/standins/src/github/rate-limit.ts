// The primary rate limit: counted per resource, told with every answer, and refused when it is used up.
import type { Clock } from '../clock.ts'
import type { Received, Reply } from '../http.ts'
import type { RecordedRequest } from './records.ts'

export interface ResourceLimit {
  readonly limit: number
  readonly used: number
  readonly remaining: number
  /** Seconds since the epoch. */
  readonly reset: number
}

export interface RateLimit {
  /** How it stands: `core`, `search`, `graphql`. */
  overview(resource: string): ResourceLimit
  /** Core's remaining requests, and when the hour is over (ms since the epoch). */
  set(remaining: number, resetAt?: number): void
  /** The answer with GitHub's headers; the refusal when nothing is left. */
  headers(request: Received, record: RecordedRequest, answer: () => Promise<Reply>): Promise<Reply>
}

const LIMITS: Readonly<Record<string, number>> = { core: 5_000, search: 30, graphql: 5_000 }
const WINDOW_MS: Readonly<Record<string, number>> = { core: 3_600_000, search: 60_000, graphql: 3_600_000 }

/** Fresh limits. */
export function createRateLimit(clock: Clock): RateLimit {
  const states = new Map<string, { used: number; resetAt: number }>()
  const stateOf = (resource: string) => {
    const found = states.get(resource)
    if (found && found.resetAt > clock()) return found
    const fresh = { used: 0, resetAt: clock() + (WINDOW_MS[resource] ?? 0) }
    states.set(resource, fresh)
    return fresh
  }
  const overview = (resource: string): ResourceLimit => {
    const [limit, { used, resetAt }] = [LIMITS[resource] ?? 0, stateOf(resource)]
    return { limit, used, remaining: Math.max(limit - used, 0), reset: Math.ceil(resetAt / 1_000) }
  }
  return {
    overview,
    set(remaining, resetAt) {
      const state = stateOf('core')
      state.used = (LIMITS.core ?? 0) - remaining
      state.resetAt = resetAt ?? state.resetAt
    },
    async headers(request, record, answer) {
      const { pathname } = request.url
      const resource = pathname.startsWith('/search/')
        ? 'search'
        : pathname === '/graphql'
          ? 'graphql'
          : 'core'
      const state = stateOf(resource)
      const exhausted = overview(resource).remaining === 0
      const reply = exhausted ? refusal() : await answer()
      // A 304 costs nothing, and neither does asking how much is left.
      const free = exhausted || reply.status === 304 || pathname === '/rate_limit'
      if (!free) state.used += 1
      const { limit, used, remaining, reset } = overview(resource)
      const headers = {
        'x-ratelimit-limit': String(limit),
        'x-ratelimit-remaining': String(remaining),
        'x-ratelimit-used': String(used),
        'x-ratelimit-reset': String(reset),
        'x-ratelimit-resource': resource,
        'x-github-request-id': `${record.at.toString(16).toUpperCase()}:STANDIN`,
        'x-github-media-type': 'github.v3; format=json',
        date: new Date(clock()).toUTCString(),
      }
      return { ...reply, headers: { ...headers, ...reply.headers } }
    },
  }
}

const refusal = (): Reply => ({
  status: 403,
  body: {
    message:
      'API rate limit exceeded for user ID 1. If you reach out to GitHub Support for help, please include the request ID.',
    documentation_url: 'https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api',
    status: '403',
  },
})

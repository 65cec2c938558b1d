// GitHub's rate limits as its headers state them, per credential. Requests are not spaced out: they go as fast
// as they come until GitHub says stop, and then wait for exactly as long as it says.
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { type GitHubAnswer, GitHubLimited, jsonOf } from './errors.ts'

/** Waits `ms`; rejects with the signal's reason as soon as that is aborted. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>

export type Limits = ReturnType<typeof createLimits>

/** Longer than this a run does not sit and wait: it ends, and is tried again when the limit is over. */
const LONGEST_WAIT_MS = 60_000
/** What GitHub's manual asks for when a secondary limit comes without `retry-after`. */
const SECONDARY_WAIT_MS = 60_000

/** One per GitHub client: what one request learns, the others heed. */
export function createLimits(options: { clock: Clock; sleep: Sleep; log: Log }) {
  const { clock, sleep, log } = options
  const blocked = new Map<string, number>()
  const until = (credential: string, path: string) =>
    Math.max(blocked.get(`${credential} *`) ?? 0, blocked.get(`${credential} ${resourceOf(path)}`) ?? 0)

  function block(credential: string, resource: string, delayMs: number): void {
    const key = `${credential} ${resource}`
    blocked.set(key, Math.max(blocked.get(key) ?? 0, clock() + delayMs))
    log.warn({ credential, resource, delay_ms: delayMs }, 'GitHub limit reached; requests wait')
  }

  return {
    /** Waits up to a minute for the credential's limit to end. @throws GitHubLimited when it ends later. */
    async pass(credential: string, path: string, signal?: AbortSignal): Promise<void> {
      for (;;) {
        const delayMs = until(credential, path) - clock()
        if (delayMs <= 0) return
        if (delayMs > LONGEST_WAIT_MS) {
          throw new GitHubLimited(
            `GitHub's rate limit is used up for another ${Math.ceil(delayMs / 1_000)} s`,
            delayMs,
          )
        }
        await sleep(delayMs, signal)
      }
    },
    /** Learns from an answer; true when GitHub refused the request because of a limit. */
    learn(credential: string, path: string, answer: GitHubAnswer): boolean {
      const refused = answer.status === 403 || answer.status === 429
      const retryAfter = seconds(answer.headers.get('retry-after'))
      if (refused && retryAfter !== null) {
        block(credential, '*', retryAfter * 1_000)
        return true
      }
      if (answer.headers.get('x-ratelimit-remaining') === '0') {
        // A refusal whose reset has just passed still waits a moment, or it would come at once again.
        const delayMs = Math.max(resetDelay(answer, clock), refused ? 1_000 : 0)
        if (delayMs > 0) block(credential, resourceOf(path), delayMs)
        if (refused) return true
      }
      if (!refused || (answer.status === 403 && !namesSecondaryLimit(answer))) return false
      block(credential, '*', SECONDARY_WAIT_MS)
      return true
    },
  }
}

/** How far GitHub's clock is ahead of ours, in ms; 0 when the answer does not tell. */
export function clockSkew(answer: GitHubAnswer, clock: Clock): number {
  const theirs = Date.parse(answer.headers.get('date') ?? '')
  return Number.isNaN(theirs) ? 0 : theirs - clock()
}

// `x-ratelimit-reset` is in GitHub's time, so it is compared with GitHub's `date`, not with our clock.
function resetDelay(answer: GitHubAnswer, clock: Clock): number {
  const reset = seconds(answer.headers.get('x-ratelimit-reset'))
  return reset === null ? 0 : reset * 1_000 - (clock() + clockSkew(answer, clock))
}

// A 403 for a secondary limit has no header of its own; GitHub's manual names the message as the sign of it.
function namesSecondaryLimit(answer: GitHubAnswer): boolean {
  const message = (jsonOf(answer) as { message?: unknown } | null | undefined)?.message
  return typeof message === 'string' && /secondary rate limit|abuse detection/i.test(message)
}

function resourceOf(path: string): string {
  if (path === '/graphql') return 'graphql'
  if (path.startsWith('/search/code')) return 'code_search'
  return path.startsWith('/search/') ? 'search' : 'core'
}

function seconds(header: string | null): number | null {
  return header !== null && /^\d{1,12}$/.test(header) ? Number(header) : null
}

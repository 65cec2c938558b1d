// What a login may do in a repository, by GitHub's own word, kept for a minute.
import type { Clock } from '../../lib/clock.ts'
import type { GitHub } from './client.ts'
import { permissionOf } from './reads.ts'

/** How long GitHub's word counts, in ms. */
const KEPT_MS = 60_000
const MAX_KEPT = 10_000

/** @throws GitHub's failure, which is not kept; `GitHubError` 403 when the service may not write there itself. */
type MayLogin = (repository: string, login: string, signal?: AbortSignal) => Promise<boolean>

export interface RepositoryAccess {
  readonly mayRead: MayLogin
  readonly mayWrite: MayLogin
}

/** GitHub's older words. They stand for the newer roles too: `maintain` is write, `triage` is read. */
const WRITING = ['admin', 'write']
const READING = [...WRITING, 'read']

/** One for all repositories of a client. */
export function createRepositoryAccess(options: { github: GitHub; clock: Clock }): RepositoryAccess {
  const { github, clock } = options
  const kept = new Map<string, { readonly at: number; readonly answer: Promise<string> }>()

  function recall(repository: string, login: string, signal?: AbortSignal): Promise<string> {
    const key = `${repository}\n${login}`.toLowerCase()
    const now = clock()
    const known = kept.get(key)
    if (known && now >= known.at && now - known.at < KEPT_MS) return known.answer
    if (kept.size >= MAX_KEPT) kept.clear()
    const answer = permissionOf(github, repository, login, signal)
    kept.set(key, { at: now, answer })
    answer.catch(() => kept.delete(key))
    return answer
  }

  return {
    mayRead: async (...asked) => READING.includes(await recall(...asked)),
    mayWrite: async (...asked) => WRITING.includes(await recall(...asked)),
  }
}

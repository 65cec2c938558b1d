// Who may command modules: people who may write to the repository, by GitHub's own word, kept for a minute.
import type { Clock } from '../../lib/clock.ts'
import type { GitHub } from './client.ts'
import { isRefused } from './refusal.ts'
import { ownerAndName } from './scope.ts'

/** How long GitHub's word counts, in ms. */
const KEPT_MS = 60_000
const MAX_KEPT = 10_000

/** @throws what GitHub's failure is; a failure is not kept. */
export type WriteAccess = (repository: string, login: string, signal?: AbortSignal) => Promise<boolean>

/** One for all repositories of a client. */
export function createWriteAccess({ github, clock }: { github: GitHub; clock: Clock }): WriteAccess {
  const kept = new Map<string, { readonly at: number; readonly answer: Promise<boolean> }>()

  return (repository, login, signal) => {
    const key = `${repository}\n${login}`.toLowerCase()
    const now = clock()
    const known = kept.get(key)
    if (known && now >= known.at && now - known.at < KEPT_MS) return known.answer
    if (kept.size >= MAX_KEPT) kept.clear()
    const answer = askGitHub(github, repository, login, signal)
    kept.set(key, { at: now, answer })
    answer.catch(() => kept.delete(key))
    return answer
  }
}

async function askGitHub(
  github: GitHub,
  repository: string,
  username: string,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    const { rest } = github.octokit(repository, signal)
    const { data } = await rest.repos.getCollaboratorPermissionLevel({
      ...ownerAndName(repository),
      username,
    })
    // The old words stand for the new roles too: `maintain` is write, `triage` is read.
    return data.permission === 'admin' || data.permission === 'write'
  } catch (error) {
    if (isRefused(error, 404)) return false
    throw error
  }
}

// A review takes minutes, and the world goes on: what happened to the pull request in the meantime.
import { PermanentError, reasonOf, type ContextOf, type PullRequestNow } from '@hookyard/sdk'

/** The diff. @throws PermanentError `branch_deleted` when GitHub cannot make one because the branch is gone. */
export async function readDiff({ pr }: ContextOf<'pull_request'>): Promise<string> {
  try {
    return await pr.diff()
  } catch (error) {
    if (pr.head.repo !== null || !['github_not_found', 'github_invalid'].includes(reasonOf(error) ?? ''))
      throw error
    throw new PermanentError(
      `the branch of #${pr.number} was deleted, and GitHub has no diff of it any more; push it again, or close the pull request`,
      { reason: 'branch_deleted', cause: error },
    )
  }
}

/** Why nothing is to be written any more, or null. A pull request that was closed at the start may stay closed. */
export async function reasonToStop({ pr, signal, log }: ContextOf<'pull_request'>): Promise<string | null> {
  let now: PullRequestNow
  try {
    now = await pr.now()
  } catch (error) {
    if (signal.aborted) throw error
    // The review has been paid for; and before every write the service itself looks at the head.
    log.warn('could not look whether the pull request has changed', { error: String(error) })
    return null
  }
  if (pr.state === 'open' && now.state !== 'open') return now.merged ? 'merged' : 'closed'
  return now.head_sha === pr.head.sha ? null : 'superseded'
}

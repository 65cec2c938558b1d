// Parts of the material as text for the agent.
import type { Comment, PullRequest, ReviewThread } from '@hookyard/sdk'
import type { EarlierFinding } from './earlier-findings.ts'

/** Facts about the pull request; branch names are somebody's words too, so this is outside text. */
export function metadataSection(pr: PullRequest): string {
  return [
    `#${pr.number} in ${pr.base.repo.full_name} by ${pr.author}, ${pr.draft ? 'draft' : pr.state}`,
    `from ${pr.head.repo?.full_name ?? 'a deleted fork'}:${pr.head.ref} into ${pr.base.ref}`,
    `head ${pr.head.sha}`,
    `${pr.changed_files ?? '?'} files, +${pr.additions ?? '?'} -${pr.deletions ?? '?'}`,
    ...(pr.labels.length > 0 ? [`labels: ${pr.labels.map(({ name }) => name).join(', ')}`] : []),
  ].join('\n')
}

/** What others said, in the conversation and on lines, oldest first; our own words are left out. */
export function threadSection(comments: readonly Comment[], threads: readonly ReviewThread[]): string[] {
  const said = [
    ...comments.filter(({ own }) => !own).map((comment) => ({ ...comment, where: '' })),
    ...threads.flatMap((thread) =>
      thread.comments
        .filter(({ own }) => !own)
        .map((comment) => ({
          ...comment,
          where: ` on ${thread.path}${thread.line === null ? '' : `:${thread.line}`}`,
        })),
    ),
  ]
  return said
    .toSorted((a, b) => (a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : 0))
    .map(({ created_at, author, where, body }) => `[${created_at}] ${author}${where}:\n${body}`)
}

/** Our earlier findings with their ids, so that the agent can name them. */
export function earlierFindingsSection(known: readonly EarlierFinding[]): string {
  return known
    .filter(({ status }) => status !== 'fixed')
    .map(({ id, status, file, severity, title, thread }) => {
      const line = thread?.line == null ? '' : `:${thread.line}`
      const replies = (thread?.comments ?? []).filter(({ own }) => !own)
      const answer =
        status === 'dismissed' ? 'dismissed by a maintainer' : replies.length > 0 ? 'answered' : 'open'
      return `${id} (${answer}) ${severity} ${file}${line}: ${title}`
    })
    .join('\n')
}

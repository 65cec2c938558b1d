import type { RepositoryState, ReviewCommentState, ReviewState, ThreadState } from '../state.ts'
import { nodeId, simpleUser } from './account.ts'
import type { Links } from './account.ts'
import { repositoryUrl } from './repository.ts'
import { association, htmlUrl, reactionRollup } from './thread.ts'

/** A submitted review has `submitted_at`; a pending one does not. */
export function review(
  links: Links,
  repository: RepositoryState,
  thread: ThreadState,
  state: ReviewState,
): Record<string, unknown> {
  const html = `${htmlUrl(links, repository, thread)}#pullrequestreview-${state.id}`
  const pull = `${repositoryUrl(links, repository)}/pulls/${thread.number}`
  return {
    id: state.id,
    node_id: nodeId('PullRequestReview', state.id),
    user: simpleUser(links, state.user),
    body: state.body,
    state: state.state,
    html_url: html,
    pull_request_url: pull,
    author_association: association(repository, state.user.login),
    _links: { html: { href: html }, pull_request: { href: pull } },
    ...(state.submittedAt === null ? {} : { submitted_at: state.submittedAt }),
    commit_id: state.commitId,
  }
}

/** Both schemas of a review's comment; the list of one review is told lines only in the newer fields. */
export function reviewComment(
  links: Links,
  repository: RepositoryState,
  thread: ThreadState,
  state: ReviewCommentState,
): Record<string, unknown> {
  const base = repositoryUrl(links, repository)
  const url = `${base}/pulls/comments/${state.id}`
  const html = `${htmlUrl(links, repository, thread)}#discussion_r${state.id}`
  const pull = `${base}/pulls/${thread.number}`
  const position = state.diffHunk.split('\n').length - 1
  return {
    url,
    pull_request_review_id: state.reviewId,
    id: state.id,
    node_id: nodeId('PullRequestReviewComment', state.id),
    diff_hunk: state.diffHunk,
    path: state.path,
    position,
    original_position: position,
    commit_id: state.commitId,
    original_commit_id: state.commitId,
    user: simpleUser(links, state.user),
    body: state.body,
    created_at: state.createdAt,
    updated_at: state.createdAt,
    html_url: html,
    pull_request_url: pull,
    author_association: association(repository, state.user.login),
    _links: { self: { href: url }, html: { href: html }, pull_request: { href: pull } },
    reactions: reactionRollup(url, state.reactions),
    ...(state.inReplyTo === null ? {} : { in_reply_to_id: state.inReplyTo }),
    start_line: state.startLine,
    original_start_line: state.startLine,
    start_side: state.startSide,
    line: state.line,
    original_line: state.line,
    side: state.side,
    subject_type: 'line',
  }
}

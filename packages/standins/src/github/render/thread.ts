import { parseDiff } from '../diff.ts'
import { roleOf } from '../state.ts'
import type {
  BranchEnd,
  CommentState,
  PullState,
  ReactionState,
  RepositoryState,
  ThreadState,
  World,
} from '../state.ts'
import { nodeId, simpleUser } from './account.ts'
import type { Links } from './account.ts'
import { label, plainRepository, repositoryUrl } from './repository.ts'

/** The comments of an issue or pull request, oldest first. */
export const commentsOf = (repository: RepositoryState, number: number): CommentState[] =>
  [...repository.comments.values()].filter((comment) => comment.number === number)

/** How somebody is related to a repository: `OWNER`, `COLLABORATOR` or `NONE`. */
export function association(repository: RepositoryState, login: string): string {
  if (repository.owner.login.toLowerCase() === login.toLowerCase()) return 'OWNER'
  const role = roleOf(repository, login)
  return repository.roles.has(login.toLowerCase()) && role !== 'none' && role !== 'read'
    ? 'COLLABORATOR'
    : 'NONE'
}

const CONTENTS = ['+1', '-1', 'laugh', 'hooray', 'confused', 'heart', 'rocket', 'eyes']

/** How often each reaction was given. */
export function reactionRollup(url: string, reactions: readonly ReactionState[]): Record<string, unknown> {
  const count = (content: string) => reactions.filter((reaction) => reaction.content === content).length
  return {
    url: `${url}/reactions`,
    total_count: reactions.length,
    ...Object.fromEntries(CONTENTS.map((content) => [content, count(content)])),
  }
}

/** One reaction. */
export function reaction(links: Links, state: ReactionState): Record<string, unknown> {
  const { id, content, user, createdAt } = state
  return {
    id,
    node_id: nodeId('Reaction', id),
    user: simpleUser(links, user),
    content,
    created_at: createdAt,
  }
}

/** What an issue and a pull request have alike. */
function common(links: Links, repository: RepositoryState, thread: ThreadState): Record<string, unknown> {
  const [assignee = null] = thread.assignees
  const labels = thread.labels.flatMap((name) => repository.labels.get(name.toLowerCase()) ?? [])
  return {
    number: thread.number,
    state: thread.state,
    locked: thread.locked,
    title: thread.title,
    user: simpleUser(links, thread.user),
    body: thread.body,
    labels: labels.map((state) => label(links, repository, state)),
    assignee: assignee && simpleUser(links, assignee),
    assignees: thread.assignees.map((account) => simpleUser(links, account)),
    milestone: null,
    created_at: thread.createdAt,
    updated_at: thread.updatedAt,
    closed_at: thread.closedAt,
    author_association: association(repository, thread.user.login),
    active_lock_reason: null,
  }
}

/** The schema `issue`; a pull request is one too, marked by `pull_request`. */
export function issue(
  links: Links,
  repository: RepositoryState,
  thread: ThreadState,
): Record<string, unknown> {
  const { number, pull } = thread
  const url = `${repositoryUrl(links, repository)}/issues/${number}`
  const html = htmlUrl(links, repository, thread)
  const pullRequest = pull && {
    url: url.replace('/issues/', '/pulls/'),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    merged_at: pull.mergedAt,
  }
  return {
    ...common(links, repository, thread),
    url,
    repository_url: repositoryUrl(links, repository),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: html,
    id: thread.id,
    node_id: nodeId(pull ? 'PullRequest' : 'Issue', thread.id),
    comments: commentsOf(repository, number).length,
    ...(pullRequest ? { pull_request: pullRequest, draft: pull?.draft } : {}),
    closed_by: null,
    reactions: reactionRollup(url, thread.reactions),
    timeline_url: `${url}/timeline`,
    performed_via_github_app: null,
    state_reason: thread.state === 'closed' ? 'completed' : null,
  }
}

/** The page of the issue or pull request. */
export const htmlUrl = (links: Links, { fullName }: RepositoryState, { number, pull }: ThreadState): string =>
  `${links.html}/${fullName}/${pull ? 'pull' : 'issues'}/${number}`

/** The schema `pull-request-simple`: an entry of a list. */
export function pullRequestSimple(
  links: Links,
  world: World,
  repository: RepositoryState,
  thread: ThreadState & { readonly pull: PullState },
): Record<string, unknown> {
  const { number, pull } = thread
  const base = repositoryUrl(links, repository)
  const url = `${base}/pulls/${number}`
  const html = htmlUrl(links, repository, thread)
  const hrefs = {
    self: url,
    html,
    issue: `${base}/issues/${number}`,
    comments: `${base}/issues/${number}/comments`,
    review_comments: `${url}/comments`,
    review_comment: `${base}/pulls/comments{/number}`,
    commits: `${url}/commits`,
    statuses: `${base}/statuses/${pull.head.sha}`,
  }
  return {
    ...common(links, repository, thread),
    url,
    id: thread.id,
    node_id: nodeId('PullRequest', thread.id),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: hrefs.issue,
    commits_url: hrefs.commits,
    review_comments_url: hrefs.review_comments,
    review_comment_url: hrefs.review_comment,
    comments_url: hrefs.comments,
    statuses_url: hrefs.statuses,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.merged ? pull.head.sha : null,
    requested_reviewers: pull.requestedReviewers.map((account) => simpleUser(links, account)),
    requested_teams: [],
    head: branchEnd(links, world, pull.head),
    base: branchEnd(links, world, pull.base),
    _links: Object.fromEntries(Object.entries(hrefs).map(([key, href]) => [key, { href }])),
    auto_merge: null,
    draft: pull.draft,
  }
}

/** The schema `pull-request`: the answer of `GET …/pulls/{number}`. */
export function pullRequest(
  links: Links,
  world: World,
  repository: RepositoryState,
  thread: ThreadState & { readonly pull: PullState },
): Record<string, unknown> {
  const { pull } = thread
  const files = parseDiff(pull.diff)
  const sum = (key: 'additions' | 'deletions') => files.reduce((total, file) => total + file[key], 0)
  return {
    ...pullRequestSimple(links, world, repository, thread),
    merged: pull.merged,
    mergeable: thread.state === 'open' ? true : null,
    rebaseable: thread.state === 'open' ? true : null,
    mergeable_state: pull.draft ? 'draft' : 'clean',
    merged_by: pull.merged ? simpleUser(links, repository.owner) : null,
    comments: commentsOf(repository, thread.number).length,
    review_comments: pull.reviewComments.length,
    maintainer_can_modify: false,
    commits: pull.commits.length,
    additions: sum('additions'),
    deletions: sum('deletions'),
    changed_files: files.length,
  }
}

function branchEnd(links: Links, world: World, end: BranchEnd): Record<string, unknown> {
  const repository = end.repository === null ? undefined : world.repository(end.repository)
  return {
    label: `${end.owner.login}:${end.ref}`,
    ref: end.ref,
    sha: end.sha,
    user: simpleUser(links, end.owner),
    repo: repository ? plainRepository(links, repository) : null,
  }
}

/** A comment on an issue or pull request. */
export function issueComment(
  links: Links,
  repository: RepositoryState,
  state: CommentState,
): Record<string, unknown> {
  const base = repositoryUrl(links, repository)
  const url = `${base}/issues/comments/${state.id}`
  const thread = repository.threads.get(state.number)
  return {
    url,
    html_url: `${thread ? htmlUrl(links, repository, thread) : base}#issuecomment-${state.id}`,
    issue_url: `${base}/issues/${state.number}`,
    id: state.id,
    node_id: nodeId('IssueComment', state.id),
    user: simpleUser(links, state.user),
    created_at: state.createdAt,
    updated_at: state.updatedAt,
    author_association: association(repository, state.user.login),
    body: state.body,
    reactions: reactionRollup(url, state.reactions),
    performed_via_github_app: null,
  }
}

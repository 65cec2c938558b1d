// Reads a webhook payload of GitHub's and makes its repository, subject and people exist, as they were when
// GitHub sent it. Tolerant: payloads of twenty years differ, and what is missing is made up.
import { isObject } from '../is-object.ts'
import { addComment, addIssue, addPullRequest, ensureLabel, ensureRepository, makeCommit } from './seed.ts'
import type { PullOptions, ThreadOptions } from './seed.ts'
import { atLeast, isoTime, roleOf } from './state.ts'
import type { Account, RepositoryState, World } from './state.ts'

type Fields = Record<string, unknown>

/** What the payload was about, when it was about something. */
export interface Seeded {
  /** `owner/name`, or null for payloads without a repository. */
  readonly repository: string | null
  /** Of the issue or pull request, or null. */
  readonly number: number | null
}

/** Makes what the payload speaks of exist. Idempotent for the same payload. */
export function seedPayload(world: World, payload: unknown): Seeded {
  if (!isObject(payload)) return { repository: null, number: null }
  for (const person of [payload.sender, payload.organization]) seedAccount(world, person)
  const repository = seedRepository(world, payload.repository)
  if (!repository) return { repository: null, number: null }
  const sender = text(fields(payload.sender).login)
  // Whoever acts in a private repository can at least read it.
  if (sender && !atLeast(roleOf(repository, sender), 'read'))
    repository.roles.set(sender.toLowerCase(), 'read')

  const number = seedThread(world, repository, payload)
  seedReview(world, repository, number, payload)
  seedWords(world, repository, number, payload)
  seedCommits(world, repository, payload)
  if (isObject(payload.label) && text(payload.label.name)) seedLabels(world, repository, [payload.label])
  return { repository: repository.fullName, number }
}

const fields = (value: unknown): Fields => (isObject(value) ? value : {})
const text = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined)
const whole = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) ? (value as number) : undefined
const list = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isObject) : [])

/** Drops undefined, which optional properties must not be. */
function present<T extends object>(object: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T
}

/** A payload's times are ISO strings, or seconds since the epoch in old push payloads. */
function time(value: unknown): string | undefined {
  if (typeof value === 'number') return isoTime(value * 1_000)
  const ms = typeof value === 'string' ? Date.parse(value) : NaN
  return Number.isNaN(ms) ? undefined : isoTime(ms)
}

function seedAccount(world: World, value: unknown): Account | null {
  const { login, id, type } = fields(value)
  if (!text(login)) return null
  const known = type === 'Bot' || type === 'Organization' || type === 'User' ? { type } : {}
  return world.account(
    login as string,
    { ...known, ...present<{ id?: number }>({ id: whole(id) }) } as { id?: number },
  )
}

function seedRepository(world: World, value: unknown): RepositoryState | null {
  const repository = fields(value)
  const fullName = text(repository.full_name)
  if (!fullName?.includes('/')) return null
  const owner = fields(repository.owner)
  return ensureRepository(world, fullName, {
    ...present<{ id?: number; defaultBranch?: string; ownerId?: number }>({
      id: whole(repository.id),
      defaultBranch: text(repository.default_branch) ?? text(repository.master_branch),
      ownerId: whole(owner.id),
    }),
    private: repository.private === true,
    description: text(repository.description) ?? null,
    ownerType: owner.type === 'Organization' || isObject(repository.organization) ? 'Organization' : 'User',
  })
}

function seedThread(world: World, repository: RepositoryState, payload: Fields): number | null {
  const pull = fields(payload.pull_request)
  const issue = fields(payload.issue)
  const subject = isObject(payload.pull_request) ? pull : issue
  const number = whole(subject.number)
  if (number === undefined) return null
  const options = threadOptions(world, repository, subject, number)
  if (isObject(payload.pull_request))
    addPullRequest(world, repository.fullName, { ...options, ...pullOptions(world, pull) })
  else if (isObject(issue.pull_request)) {
    // A comment's payload knows only that it is a pull request; what is there already knows more.
    if (!repository.threads.get(number)?.pull) addPullRequest(world, repository.fullName, options)
  } else addIssue(world, repository.fullName, options)
  return number
}

function threadOptions(
  world: World,
  repository: RepositoryState,
  subject: Fields,
  number: number,
): ThreadOptions {
  const user = seedAccount(world, subject.user)
  const assignees = list(subject.assignees).map((assignee) => seedAccount(world, assignee)?.login)
  return {
    number,
    labels: seedLabels(world, repository, list(subject.labels)),
    assignees: assignees.filter((login) => login !== undefined),
    state: subject.state === 'closed' ? 'closed' : 'open',
    locked: subject.locked === true,
    user: user?.login ?? 'ghost',
    body: text(subject.body) ?? null,
    ...present<{ id?: number; title?: string; createdAt?: string; updatedAt?: string }>({
      id: whole(subject.id),
      title: text(subject.title),
      createdAt: time(subject.created_at),
      updatedAt: time(subject.updated_at),
    }),
  }
}

function pullOptions(world: World, pull: Fields): PullOptions {
  const [head, base] = [fields(pull.head), fields(pull.base)]
  const headRepository = head.repo === null ? null : seedRepository(world, head.repo)?.fullName
  seedAccount(world, head.user)
  const reviewers = list(pull.requested_reviewers).map((reviewer) => seedAccount(world, reviewer)?.login)
  return {
    draft: pull.draft === true,
    merged: pull.merged === true,
    requestedReviewers: reviewers.filter((login) => login !== undefined),
    head: present<NonNullable<PullOptions['head']>>({
      ref: text(head.ref),
      sha: text(head.sha),
      repository: headRepository,
    }),
    base: present<NonNullable<PullOptions['base']>>({ ref: text(base.ref), sha: text(base.sha) }),
  }
}

function seedLabels(world: World, repository: RepositoryState, labels: readonly Fields[]): string[] {
  return labels.flatMap((label) => {
    const name = text(label.name)
    return name ? [ensureLabel(world, repository, name, text(label.description) ?? null).name] : []
  })
}

function seedReview(world: World, repository: RepositoryState, number: number | null, payload: Fields): void {
  const review = fields(payload.review)
  const pull = number === null ? null : repository.threads.get(number)?.pull
  const id = whole(review.id)
  if (!pull || id === undefined || pull.reviews.some((known) => known.id === id)) return
  const states = {
    approved: 'APPROVED',
    changes_requested: 'CHANGES_REQUESTED',
    dismissed: 'DISMISSED',
  } as const
  pull.reviews.push({
    id,
    user: seedAccount(world, review.user) ?? world.account('ghost'),
    body: text(review.body) ?? '',
    state: states[String(review.state).toLowerCase() as keyof typeof states] ?? 'COMMENTED',
    commitId: text(review.commit_id) ?? pull.head.sha,
    submittedAt: time(review.submitted_at) ?? world.now(),
  })
}

function seedWords(world: World, repository: RepositoryState, number: number | null, payload: Fields): void {
  const comment = fields(payload.comment)
  const id = whole(comment.id)
  if (number === null || id === undefined) return
  const user = seedAccount(world, comment.user) ?? world.account('ghost')
  const body = text(comment.body) ?? ''
  const pull = repository.threads.get(number)?.pull
  if (text(comment.diff_hunk) === undefined) {
    if (payload.action !== 'deleted') addComment(world, repository, number, { login: user.login, body, id })
    return
  }
  if (!pull || payload.action === 'deleted' || pull.reviewComments.some((known) => known.id === id)) return
  pull.reviewComments.push({
    id,
    user,
    body,
    reviewId: whole(comment.pull_request_review_id) ?? null,
    path: text(comment.path) ?? 'README.md',
    line: whole(comment.line) ?? whole(comment.original_line) ?? 1,
    side: comment.side === 'LEFT' ? 'LEFT' : 'RIGHT',
    startLine: whole(comment.start_line) ?? null,
    startSide: null,
    commitId: text(comment.commit_id) ?? pull.head.sha,
    diffHunk: String(comment.diff_hunk),
    createdAt: time(comment.created_at) ?? world.now(),
    inReplyTo: whole(comment.in_reply_to_id) ?? null,
    reactions: [],
  })
}

function seedCommits(world: World, repository: RepositoryState, payload: Fields): void {
  if (payload.ref !== `refs/heads/${repository.defaultBranch}`) return
  for (const commit of list(payload.commits)) {
    const sha = text(commit.id)
    if (sha === undefined || repository.commits.some((known) => known.sha === sha)) continue
    const author = fields(commit.author)
    repository.commits.unshift(
      makeCommit(world, {
        ...present<{ message?: string; name?: string }>({
          message: text(commit.message),
          name: text(author.name),
        }),
        sha,
        login: text(author.username) ?? null,
        parent: repository.commits[0]?.sha ?? null,
      }),
    )
  }
}

// What the stand-in remembers: accounts, repositories, and everything in them. Names are matched without case, as
// GitHub does. Nothing here speaks HTTP.
import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'

export interface Account {
  readonly id: number
  readonly login: string
  readonly type: 'User' | 'Bot' | 'Organization'
}

export interface LabelState {
  readonly id: number
  readonly name: string
  readonly color: string
  readonly description: string | null
}

export interface CommentState {
  readonly id: number
  readonly number: number
  readonly user: Account
  body: string
  readonly createdAt: string
  updatedAt: string
  readonly reactions: ReactionState[]
}

export interface ReactionState {
  readonly id: number
  readonly content: string
  readonly user: Account
  readonly createdAt: string
}

export interface CommitState {
  readonly sha: string
  readonly message: string
  readonly author: { readonly name: string; readonly email: string; readonly date: string }
  readonly login: Account | null
  readonly parent: string | null
}

export interface BranchEnd {
  readonly ref: string
  sha: string
  /** `owner/name` of the repository it is in; null: that one was deleted. */
  readonly repository: string | null
  readonly owner: Account
}

export interface ReviewCommentState {
  readonly id: number
  readonly reviewId: number | null
  readonly user: Account
  readonly path: string
  readonly line: number
  readonly side: 'LEFT' | 'RIGHT'
  readonly startLine: number | null
  readonly startSide: 'LEFT' | 'RIGHT' | null
  body: string
  readonly commitId: string
  readonly diffHunk: string
  readonly createdAt: string
  /** The comment that began the thread; null for that one itself. */
  readonly inReplyTo: number | null
  readonly reactions: ReactionState[]
}

export interface ReviewState {
  readonly id: number
  readonly user: Account
  body: string
  state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'PENDING' | 'DISMISSED'
  readonly commitId: string
  readonly submittedAt: string | null
}

export interface PullState {
  draft: boolean
  merged: boolean
  mergedAt: string | null
  readonly head: BranchEnd
  readonly base: BranchEnd
  readonly requestedReviewers: Account[]
  readonly commits: CommitState[]
  diff: string
  readonly reviews: ReviewState[]
  readonly reviewComments: ReviewCommentState[]
  /** Who resolved a thread, by the id of its first comment. */
  readonly resolved: Map<number, Account>
}

/** An issue or a pull request: they share their numbers and most of their life. */
export interface ThreadState {
  readonly id: number
  readonly number: number
  readonly pull: PullState | null
  title: string
  body: string | null
  state: 'open' | 'closed'
  locked: boolean
  readonly user: Account
  /** Label names, as the repository spells them. */
  labels: string[]
  readonly assignees: Account[]
  readonly reactions: ReactionState[]
  readonly createdAt: string
  updatedAt: string
  closedAt: string | null
}

export interface CheckRunState {
  readonly id: number
  readonly headSha: string
  name: string
  status: string
  conclusion: string | null
  detailsUrl: string | null
  externalId: string | null
  startedAt: string | null
  completedAt: string | null
  output: { title: string | null; summary: string | null; text: string | null; annotations: number }
}

export interface HookDeliveryState {
  readonly id: number
  readonly guid: string
  readonly event: string
  readonly action: string | null
  readonly deliveredAt: string
  readonly redelivery: boolean
  /** HTTP status of the receiver; 0 when it could not be reached. */
  readonly statusCode: number
  readonly duration: number
  readonly payload: Readonly<Record<string, unknown>>
  readonly requestHeaders: Readonly<Record<string, string>>
  readonly responseBody: string | null
}

export interface HookState {
  readonly id: number
  active: boolean
  events: string[]
  url: string
  secret: string | null
  contentType: 'json' | 'form'
  readonly createdAt: string
  updatedAt: string
  /** Newest last. */
  readonly deliveries: HookDeliveryState[]
}

export interface ProjectState {
  readonly nodeId: string
  readonly number: number
  readonly title: string
  /** Login of the user or organization that has it. */
  readonly owner: string
  readonly closed: boolean
  readonly items: { readonly id: string; readonly contentId: string }[]
}

export type Role = 'none' | 'read' | 'triage' | 'write' | 'maintain' | 'admin'

export interface RepositoryState {
  readonly id: number
  readonly owner: Account
  readonly name: string
  readonly fullName: string
  readonly private: boolean
  readonly description: string | null
  readonly defaultBranch: string
  readonly createdAt: string
  /** By lower-case name. */
  readonly labels: Map<string, LabelState>
  readonly threads: Map<number, ThreadState>
  readonly comments: Map<number, CommentState>
  readonly checkRuns: Map<number, CheckRunState>
  readonly hooks: Map<number, HookState>
  /** By lower-case login. */
  readonly roles: Map<string, Role>
  /** Path -> text, the same at every ref; `REF:PATH` -> text, at that ref alone (null: not there). */
  readonly files: Map<string, string | null>
  /** Of the default branch, newest first. */
  readonly commits: CommitState[]
}

export interface World {
  readonly accounts: ReadonlyMap<string, Account>
  readonly repositories: ReadonlyMap<string, RepositoryState>
  readonly projects: ProjectState[]
  /** ISO 8601 without milliseconds, as GitHub writes times. */
  now(): string
  nextId(): number
  /** A sha that nobody has used. */
  nextSha(): string
  account(login: string, known?: { id?: number; type?: Account['type'] }): Account
  addRepository(repository: RepositoryState): void
  /** By `owner/name`; undefined when there is none. */
  repository(fullName: string): RepositoryState | undefined
}

/**
 * An empty world. `admin`: the login that administers every repository unless told otherwise. Ids count from
 * 3,000,000,001, so that they never meet those of GitHub's example payloads.
 */
export function createWorld(clock: Clock, admin: string): World {
  const accounts = new Map<string, Account>()
  const repositories = new Map<string, RepositoryState>()
  let lastId = 3_000_000_000
  const nextId = () => (lastId += 1)
  return {
    accounts,
    repositories,
    projects: [],
    now: () => isoTime(clock()),
    nextId,
    nextSha: () => createHash('sha1').update(String(nextId())).digest('hex'),
    account(login, known = {}) {
      const found = accounts.get(login.toLowerCase())
      if (found) return found
      const type = known.type ?? (login.endsWith('[bot]') ? 'Bot' : 'User')
      const account = { id: known.id ?? nextId(), login, type }
      accounts.set(login.toLowerCase(), account)
      return account
    },
    addRepository(repository) {
      repositories.set(repository.fullName.toLowerCase(), repository)
      repository.roles.set(admin.toLowerCase(), 'admin')
    },
    repository: (fullName) => repositories.get(fullName.toLowerCase()),
  }
}

/** Milliseconds since the epoch as GitHub writes them: `2026-01-31T12:00:00Z`. */
export const isoTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

const ROLES: readonly Role[] = ['none', 'read', 'triage', 'write', 'maintain', 'admin']

/** The role of a login: as set, else the owner is admin, else everyone may read what is public. */
export function roleOf(repository: RepositoryState, login: string): Role {
  const set = repository.roles.get(login.toLowerCase())
  if (set) return set
  if (repository.owner.login.toLowerCase() === login.toLowerCase()) return 'admin'
  return repository.private ? 'none' : 'read'
}

/** Whether `role` is at least `wanted`. */
export const atLeast = (role: Role, wanted: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(wanted)

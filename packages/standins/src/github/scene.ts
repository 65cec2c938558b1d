// The hands of a test or the demo in the stand-in's world: put things there, change them, read what was written. None
// of it goes over HTTP, and none of it is recorded.
import { nodeId } from './render/account.ts'
import { commentsOf } from './render/thread.ts'
import { createThreadHands } from './scene-threads.ts'
import type { ThreadHands } from './scene-threads.ts'
import { addComment, addIssue, addPullRequest, ensureLabel, ensureRepository, makeCommit } from './seed.ts'
import type { PullOptions, RepositoryOptions, ThreadOptions } from './seed.ts'
import { seedPayload } from './seed-payload.ts'
import type { Seeded } from './seed-payload.ts'
import type { CheckRunState, PullState, RepositoryState, Role, ThreadState, World } from './state.ts'

export interface SeenComment {
  readonly id: number
  readonly login: string
  readonly body: string
  readonly createdAt: string
  readonly updatedAt: string
  /** Contents: `eyes`, `+1` … */
  readonly reactions: readonly string[]
}

export interface SeenReview {
  readonly id: number
  readonly login: string
  readonly body: string
  /** `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `PENDING`, `DISMISSED`. */
  readonly state: string
  readonly commitId: string
  readonly comments: readonly {
    readonly path: string
    readonly line: number
    readonly side: string
    readonly body: string
  }[]
}

export interface SeenThing {
  readonly isPull: boolean
  readonly title: string
  readonly body: string | null
  readonly state: string
  readonly locked: boolean
  readonly draft: boolean
  readonly merged: boolean
  readonly assignees: readonly string[]
}

export interface Scene extends ThreadHands {
  /** Makes everything that a webhook payload speaks of exist. */
  seedFromPayload(payload: unknown): Seeded
  /** Does nothing when it is there. */
  createRepository(repository: string, options?: RepositoryOptions): void
  /** Answers with its number. */
  createPullRequest(repository: string, options?: PullOptions): number
  createIssue(repository: string, options?: ThreadOptions): number
  createLabel(repository: string, name: string, description?: string): void
  /** The file has this text at every ref, or at `ref` (a branch or a sha) alone; null: it is not there. */
  putFile(repository: string, path: string, text: string | null, ref?: string): void
  /** A comment of somebody else's; answers with its id. */
  addComment(repository: string, number: number, comment: { login: string; body: string }): number
  setDiff(repository: string, number: number, diff: string): void
  /** Moves the head of the pull request to a new commit (and to a new diff); answers with its sha. */
  pushCommit(
    repository: string,
    number: number,
    options?: { message?: string; sha?: string; diff?: string },
  ): string
  /** Changes what is given. */
  change(repository: string, number: number, changes: ThreadChanges): void
  setPermission(repository: string, login: string, role: Role): void
  /** A project (v2) of the owner; answers with its node id. */
  createProject(owner: string, title: string): string
  /** Node ids of the issues and pull requests in the project, in the order in which they came. */
  projectItems(project: string): readonly string[]
  /** Registers a webhook without the greeting ping; answers with its id. */
  createHook(repository: string, hook: { url: string; secret?: string; events?: readonly string[] }): number
  comments(repository: string, number: number): readonly SeenComment[]
  reviews(repository: string, number: number): readonly SeenReview[]
  /** Names of the labels on the issue or pull request, or without a number: those that the repository has. */
  labels(repository: string, number?: number): readonly string[]
  checkRuns(repository: string): readonly CheckRunState[]
  /** An issue or pull request itself; null when there is none. */
  look(repository: string, number: number): SeenThing | null
  /** The head sha of a pull request. */
  headSha(repository: string, number: number): string
  /** The node id of an issue or pull request, as GraphQL knows it. */
  nodeIdOf(repository: string, number: number): string
}

export interface ThreadChanges {
  readonly title?: string
  readonly body?: string | null
  readonly state?: 'open' | 'closed'
  readonly locked?: boolean
  readonly draft?: boolean
  readonly merged?: boolean
}

/** Hands for this world. Every function throws RangeError when the repository or number is not there. */
export function createScene(world: World): Scene {
  const repositoryOf = (fullName: string): RepositoryState => {
    const found = world.repository(fullName)
    if (!found) throw new RangeError(`the stand-in has no repository ${fullName}; create or seed it first`)
    return found
  }
  const threadOf = (fullName: string, number: number): ThreadState => {
    const found = repositoryOf(fullName).threads.get(number)
    if (!found) throw new RangeError(`the stand-in has no ${fullName}#${number}; create or seed it first`)
    return found
  }
  const pullOf = (fullName: string, number: number): PullState => {
    const { pull } = threadOf(fullName, number)
    if (!pull) throw new RangeError(`${fullName}#${number} is an issue, not a pull request`)
    return pull
  }
  return {
    seedFromPayload: (payload) => seedPayload(world, payload),
    createRepository: (repository, options) => void ensureRepository(world, repository, options),
    createPullRequest: (repository, options) => addPullRequest(world, repository, options).number,
    createIssue: (repository, options) => addIssue(world, repository, options).number,
    createLabel: (repository, name, description) =>
      void ensureLabel(world, ensureRepository(world, repository), name, description ?? null),
    putFile: (repository, path, text, ref) =>
      void ensureRepository(world, repository).files.set(ref === undefined ? path : `${ref}:${path}`, text),
    addComment: (repository, number, comment) => {
      threadOf(repository, number)
      return addComment(world, repositoryOf(repository), number, comment).id
    },
    setDiff: (repository, number, diff) => void (pullOf(repository, number).diff = diff),
    pushCommit: (repository, number, options) =>
      pushCommit(world, threadOf(repository, number), pullOf(repository, number), options),
    change: (repository, number, changes) => change(world, threadOf(repository, number), changes),
    setPermission: (repository, login, role) => {
      world.account(login)
      repositoryOf(repository).roles.set(login.toLowerCase(), role)
    },
    createProject: (owner, title) => createProject(world, owner, title),
    projectItems: (project) =>
      world.projects.find((known) => known.nodeId === project)?.items.map(({ contentId }) => contentId) ?? [],
    createHook: (repository, hook) => createHook(world, ensureRepository(world, repository), hook),
    ...createThreadHands(world, pullOf),
    comments: (repository, number) => commentsOf(repositoryOf(repository), number).map(seenComment),
    reviews: (repository, number) => seenReviews(pullOf(repository, number)),
    labels: (repository, number) =>
      number === undefined
        ? [...repositoryOf(repository).labels.values()].map(({ name }) => name)
        : [...threadOf(repository, number).labels],
    look: (repository, number) => seenThing(repositoryOf(repository).threads.get(number)),
    checkRuns: (repository) => structuredClone([...repositoryOf(repository).checkRuns.values()]),
    headSha: (repository, number) => pullOf(repository, number).head.sha,
    nodeIdOf: (repository, number) => {
      const { id, pull } = threadOf(repository, number)
      return nodeId(pull ? 'PullRequest' : 'Issue', id)
    },
  }
}

function seenThing(thread: ThreadState | undefined): SeenThing | null {
  if (!thread) return null
  const { pull, title, body, state, locked, assignees } = thread
  return {
    ...{ isPull: pull !== null, title, body, state, locked },
    draft: pull?.draft ?? false,
    merged: pull?.merged ?? false,
    assignees: assignees.map(({ login }) => login),
  }
}

function pushCommit(
  world: World,
  thread: ThreadState,
  pull: PullState,
  options: { message?: string; sha?: string; diff?: string } = {},
): string {
  const parent = pull.commits.at(-1)?.sha ?? pull.base.sha
  const { message = 'Change more', sha = world.nextSha() } = options
  pull.commits.push(makeCommit(world, { message, sha, login: thread.user.login, parent }))
  pull.head.sha = sha
  if (options.diff !== undefined) pull.diff = options.diff
  thread.updatedAt = world.now()
  return sha
}

function change(world: World, thread: ThreadState, changes: ThreadChanges): void {
  const { draft, merged, ...rest } = changes
  Object.assign(thread, rest)
  if (thread.pull && draft !== undefined) thread.pull.draft = draft
  if (thread.pull && merged !== undefined) {
    thread.pull.merged = merged
    thread.pull.mergedAt = merged ? world.now() : null
    if (merged) thread.state = 'closed'
  }
  thread.closedAt = thread.state === 'closed' ? (thread.closedAt ?? world.now()) : null
  thread.updatedAt = world.now()
}

function createProject(world: World, owner: string, title: string): string {
  world.account(owner)
  const project = {
    nodeId: nodeId('ProjectV2', world.nextId()),
    number: world.projects.length + 1,
    title,
    owner,
  }
  world.projects.push({ ...project, closed: false, items: [] })
  return project.nodeId
}

function createHook(
  world: World,
  repository: RepositoryState,
  { url, secret, events = ['*'] }: { url: string; secret?: string; events?: readonly string[] },
): number {
  const now = world.now()
  const id = world.nextId()
  repository.hooks.set(id, {
    id,
    active: true,
    events: [...events],
    url,
    secret: secret ?? null,
    contentType: 'json',
    createdAt: now,
    updatedAt: now,
    deliveries: [],
  })
  return id
}

const seenComment = ({
  id,
  user,
  body,
  createdAt,
  updatedAt,
  reactions,
}: ReturnType<typeof commentsOf>[number]): SeenComment => ({
  id,
  login: user.login,
  body,
  createdAt,
  updatedAt,
  reactions: reactions.map(({ content }) => content),
})

const seenReviews = (pull: PullState): SeenReview[] =>
  pull.reviews.map(({ id, user, body, state, commitId }) => ({
    id,
    login: user.login,
    body,
    state,
    commitId,
    comments: pull.reviewComments
      .filter(({ reviewId }) => reviewId === id)
      .map(({ path, line, side, body: text }) => ({ path, line, side, body: text })),
  }))

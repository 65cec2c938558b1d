// Puts things into the stand-in's world: by hand, or everything that an official payload speaks of, so that a
// run on that payload finds its repository, subject and people.
import { createHash } from 'node:crypto'
import type {
  Account,
  BranchEnd,
  CommitState,
  PullState,
  RepositoryState,
  ThreadState,
  World,
} from './state.ts'

export interface RepositoryOptions {
  readonly id?: number
  readonly private?: boolean
  readonly description?: string | null
  readonly defaultBranch?: string
  readonly ownerId?: number
  readonly ownerType?: Account['type']
}

/** The repository, made when it is not there yet. `fullName`: `owner/name`. */
export function ensureRepository(
  world: World,
  fullName: string,
  options: RepositoryOptions = {},
): RepositoryState {
  const found = world.repository(fullName)
  if (found) return found
  const [owner = '', name = ''] = fullName.split('/')
  const account = { ...(options.ownerId ? { id: options.ownerId } : {}), type: options.ownerType ?? 'User' }
  const repository: RepositoryState = {
    id: options.id ?? world.nextId(),
    owner: world.account(owner, account),
    name,
    fullName: `${owner}/${name}`,
    private: options.private ?? false,
    description: options.description ?? null,
    defaultBranch: options.defaultBranch ?? 'main',
    createdAt: world.now(),
    labels: new Map(),
    threads: new Map(),
    comments: new Map(),
    checkRuns: new Map(),
    hooks: new Map(),
    roles: new Map(),
    files: new Map(),
    commits: [],
  }
  world.addRepository(repository)
  repository.commits.push(makeCommit(world, { message: 'Initial commit', login: owner, parent: null }))
  return repository
}

export interface CommitOptions {
  readonly sha?: string
  readonly message?: string
  readonly login?: string | null
  readonly name?: string
  readonly email?: string
  readonly parent: string | null
}

/** A commit that is in no list yet. */
export function makeCommit(world: World, options: CommitOptions): CommitState {
  const login = options.login ? world.account(options.login) : null
  const name = options.name ?? login?.login ?? 'unknown'
  return {
    sha: options.sha ?? world.nextSha(),
    message: options.message ?? 'Change something',
    author: { name, email: options.email ?? `${name.replace(/\W+/g, '-')}@example.com`, date: world.now() },
    login,
    parent: options.parent,
  }
}

export interface ThreadOptions {
  readonly id?: number
  /** Default: the next free one. */
  readonly number?: number
  readonly title?: string
  readonly body?: string | null
  readonly state?: 'open' | 'closed'
  readonly locked?: boolean
  readonly user?: string
  readonly labels?: readonly string[]
  readonly assignees?: readonly string[]
  readonly createdAt?: string
  readonly updatedAt?: string
}

export interface PullOptions extends ThreadOptions {
  readonly draft?: boolean
  readonly merged?: boolean
  /** A `git diff`; default: one changed line of README.md. */
  readonly diff?: string
  readonly head?: { readonly ref?: string; readonly sha?: string; readonly repository?: string | null }
  readonly base?: { readonly ref?: string; readonly sha?: string }
  readonly requestedReviewers?: readonly string[]
  readonly commits?: readonly { readonly message: string; readonly sha?: string }[]
}

const README_DIFF = `diff --git a/README.md b/README.md
index 3b18e51..a9c2b1f 100644
--- a/README.md
+++ b/README.md
@@ -1,3 +1,3 @@
 # Example
-An example.
+An example with new information.
 
`

/** An issue; replaces the one of the same number. */
export function addIssue(world: World, fullName: string, options: ThreadOptions = {}): ThreadState {
  return addThread(world, ensureRepository(world, fullName), options, null)
}

/** A pull request; replaces the one of the same number. */
export function addPullRequest(world: World, fullName: string, options: PullOptions = {}): ThreadState {
  const repository = ensureRepository(world, fullName)
  const author = options.user ?? repository.owner.login
  const headRepository =
    options.head?.repository === undefined ? repository.fullName : options.head.repository
  if (headRepository !== null) ensureRepository(world, headRepository)
  const base: BranchEnd = {
    ref: options.base?.ref ?? repository.defaultBranch,
    sha: options.base?.sha ?? repository.commits[0]?.sha ?? world.nextSha(),
    repository: repository.fullName,
    owner: repository.owner,
  }
  const head: BranchEnd = {
    ref: options.head?.ref ?? 'changes',
    sha: options.head?.sha ?? world.nextSha(),
    repository: headRepository,
    owner:
      headRepository === null
        ? world.account('ghost')
        : world.account(headRepository.split('/')[0] ?? author),
  }
  const pull: PullState = {
    draft: options.draft ?? false,
    merged: options.merged ?? false,
    mergedAt: options.merged ? world.now() : null,
    head,
    base,
    requestedReviewers: (options.requestedReviewers ?? []).map((login) => world.account(login)),
    commits: pullCommits(world, options, head, base, author),
    diff: options.diff ?? README_DIFF,
    reviews: [],
    reviewComments: [],
    resolved: new Map(),
  }
  return addThread(world, repository, options, pull)
}

function pullCommits(
  world: World,
  options: PullOptions,
  head: BranchEnd,
  base: BranchEnd,
  author: string,
): CommitState[] {
  const wanted = options.commits ?? [{ message: options.title ?? 'Change something' }]
  const commits: CommitState[] = []
  for (const [index, { message, sha }] of wanted.entries()) {
    const last = index === wanted.length - 1
    const parent = commits.at(-1)?.sha ?? base.sha
    commits.push(
      makeCommit(world, { message, login: author, parent, sha: last ? head.sha : (sha ?? world.nextSha()) }),
    )
  }
  return commits
}

function addThread(
  world: World,
  repository: RepositoryState,
  options: ThreadOptions,
  pull: PullState | null,
): ThreadState {
  const state = options.state ?? 'open'
  const number = options.number ?? Math.max(0, ...repository.threads.keys()) + 1
  const createdAt = options.createdAt ?? world.now()
  for (const label of options.labels ?? []) ensureLabel(world, repository, label)
  const thread: ThreadState = {
    id: options.id ?? world.nextId(),
    number,
    pull,
    title: options.title ?? `Number ${number}`,
    body: options.body ?? null,
    state,
    locked: options.locked ?? false,
    user: world.account(options.user ?? repository.owner.login),
    labels: [...(options.labels ?? [])],
    assignees: (options.assignees ?? []).map((login) => world.account(login)),
    reactions: [],
    createdAt,
    updatedAt: options.updatedAt ?? createdAt,
    closedAt: state === 'closed' ? world.now() : null,
  }
  repository.threads.set(number, thread)
  return thread
}

/** The label of that name; made, in a colour of its own, when the repository has none. */
export function ensureLabel(
  world: World,
  repository: RepositoryState,
  name: string,
  description: string | null = null,
) {
  const found = repository.labels.get(name.toLowerCase())
  if (found) return found
  const color = createHash('sha1').update(name).digest('hex').slice(0, 6)
  const label = { id: world.nextId(), name, color, description }
  repository.labels.set(name.toLowerCase(), label)
  return label
}

/** A comment on an issue or a pull request, in the words of `login`. */
export function addComment(
  world: World,
  repository: RepositoryState,
  number: number,
  { login, body, id }: { login: string; body: string; id?: number },
) {
  const now = world.now()
  const comment = {
    id: id ?? world.nextId(),
    number,
    user: world.account(login),
    body,
    createdAt: now,
    updatedAt: now,
    reactions: [],
  }
  repository.comments.set(comment.id, comment)
  const thread = repository.threads.get(number)
  if (thread) thread.updatedAt = now
  return comment
}

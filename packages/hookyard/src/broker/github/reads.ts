// What a subject can be asked (sdk/subject.ts). Every read is of the run's own repository; arguments come from a
// module and are checked.
import { z } from 'zod'
import { PermanentError } from '../../lib/errors.ts'
import type {
  ChangedFile,
  Comment,
  Commit,
  Label,
  PullRequestNow,
  RepositoryEntry,
  SearchHit,
} from '@hookyard/sdk/host'
import type { GitHub } from './client.ts'
import { assembleDiff } from './diff.ts'
import { findMarker, stripMarkers } from './marker.ts'
import { isRefused, jsonOf, toFailure } from './refusal.ts'
import { type RunScope, checked, entityOf, isDots, ownerAndName, requireNumber } from './scope.ts'
import { isHitOf, namesKind, pinQuery } from './search-query.ts'
import { authorOf, toLabel } from './subject.ts'

export interface ReadDeps {
  readonly github: GitHub
  readonly markerKey: string
}

/** GitHub lists no more files of a pull request than this. */
const MAX_FILES = 3_000
const MAX_FILE_BYTES = 1_048_576
const PER_PAGE = 100

/** The pull request's unified diff; put together from its files when GitHub finds it too large. */
export async function readDiff(deps: ReadDeps, scope: RunScope): Promise<string> {
  const number = requireNumber(scope, 'diff()', ['pull_request'])
  try {
    const { data } = await octokitOf(deps, scope).rest.pulls.get({
      ...ownerAndName(scope.repository),
      pull_number: number,
      mediaType: { format: 'diff' },
    })
    // Octokit's type is that of the JSON answer.
    return data as unknown as string
  } catch (error) {
    // 406 `too_large`, or another status with `field: diff` when GitHub is too busy to make it.
    if (!isRefused(error, 406) && !(isRefused(error, 422) && error.fields.includes('diff'))) throw error
    return assembleDiff(await readFiles(deps, scope))
  }
}

/** What of the pull request may have changed since the run loaded it. */
export async function readNow(deps: ReadDeps, scope: RunScope): Promise<PullRequestNow> {
  const pull_number = requireNumber(scope, 'now()', ['pull_request'])
  const { rest } = octokitOf(deps, scope)
  const { data } = await rest.pulls.get({ ...ownerAndName(scope.repository), pull_number })
  const { state, merged, draft = false, head } = data
  return { state, merged, draft, head_sha: head.sha }
}

/** The changed files, at most GitHub's 3,000. */
export async function readFiles({ github }: ReadDeps, scope: RunScope): Promise<ChangedFile[]> {
  const number = requireNumber(scope, 'files()', ['pull_request'])
  return listFiles(github, scope.repository, number, scope.signal)
}

/** Where these files are and were. */
export const pathsOf = (files: readonly ChangedFile[]): string[] =>
  files.flatMap(({ filename, previous_filename: before }) => [
    filename,
    ...(before === undefined ? [] : [before]),
  ])

/** The files of any pull request of the repository. */
export async function listFiles(
  github: GitHub,
  repository: string,
  number: number,
  signal: AbortSignal,
): Promise<ChangedFile[]> {
  const files: ChangedFile[] = []
  const octokit = github.octokit(repository, signal)
  const where = { ...ownerAndName(repository), pull_number: number, per_page: PER_PAGE }
  for await (const { data } of octokit.paginate.iterator(octokit.rest.pulls.listFiles, where)) {
    for (const raw of data) {
      const { filename, previous_filename, status, additions, deletions, patch } = raw
      files.push({
        filename,
        ...(previous_filename === undefined ? {} : { previous_filename }),
        status,
        additions,
        deletions,
        ...(patch === undefined ? {} : { patch }),
      })
    }
    if (files.length >= MAX_FILES) break
  }
  return files
}

/** The pull request's commits, oldest first; GitHub lists no more than 250. */
export async function readCommits(deps: ReadDeps, scope: RunScope): Promise<Commit[]> {
  const number = requireNumber(scope, 'commits()', ['pull_request'])
  const octokit = octokitOf(deps, scope)
  const where = { ...ownerAndName(scope.repository), pull_number: number, per_page: PER_PAGE }
  const commits = await octokit.paginate(octokit.rest.pulls.listCommits, where)
  return commits.map(({ sha, commit, author }) => ({
    sha,
    message: commit.message,
    author: author?.login ?? commit.author?.name ?? 'ghost',
  }))
}

/** The thread's comments, oldest first; in our own the marker is left out. */
export async function readComments(deps: ReadDeps, scope: RunScope): Promise<Comment[]> {
  const number = requireNumber(scope, 'comments()', ['pull_request', 'issue'])
  const octokit = octokitOf(deps, scope)
  const where = { ...ownerAndName(scope.repository), issue_number: number, per_page: PER_PAGE }
  const [login, comments] = await Promise.all([
    deps.github.ownLogin(scope.repository),
    octokit.paginate(octokit.rest.issues.listComments, where),
  ])
  return comments.map((raw) => {
    const body = raw.body ?? ''
    const own = isOwn(deps.markerKey, raw, login, { entity: entityOf(scope, number), kind: 'comment' })
    return {
      id: raw.id,
      author: authorOf(raw.user),
      body: own ? stripMarkers(body).trimEnd() : body,
      created_at: raw.created_at,
      updated_at: raw.updated_at,
      html_url: raw.html_url,
      own,
    }
  })
}

/** Written by this service: under its login, with a marker that it signed for this very place. */
export function isOwn(
  markerKey: string,
  written: { readonly user: { readonly login: string } | null; readonly body?: string | null | undefined },
  login: string,
  where: { entity: string; kind: string },
): boolean {
  if (written.user?.login.toLowerCase() !== login.toLowerCase()) return false
  return findMarker(markerKey, written.body ?? '', where) !== null
}

const path = z.string().min(1).max(4_096)
const ref = z.string().min(1).max(1_024).optional()

/** A file's text at a ref, or null when there is none (or a folder). */
export async function readFile(
  deps: ReadDeps,
  scope: RunScope,
  args: readonly unknown[],
): Promise<string | null> {
  const request = {
    method: 'GET',
    path: contentsPath(scope, 'file', args),
    headers: { accept: 'application/vnd.github.raw+json' },
    maxBytes: MAX_FILE_BYTES,
  }
  const answer = await deps.github.send(scope.repository, request, scope.signal)
  if (answer.status === 404) return null
  if (answer.status !== 200) {
    throw toFailure(answer, { ...request, repository: scope.repository, credential: deps.github.credential })
  }
  // A folder is answered as plain JSON whatever was asked for; a file, JSON or not, as a raw type.
  if (/^application\/json\b/.test(answer.headers.get('content-type') ?? '')) return null
  return new TextDecoder().decode(answer.body)
}

/** What is in a folder at a ref, or null when there is none (or a file). */
export async function readFolder(
  deps: ReadDeps,
  scope: RunScope,
  args: readonly unknown[],
): Promise<RepositoryEntry[] | null> {
  const request = { method: 'GET', path: contentsPath(scope, 'list', args) }
  const answer = await deps.github.send(scope.repository, request, scope.signal)
  if (answer.status === 404) return null
  if (answer.status !== 200) {
    throw toFailure(answer, { ...request, repository: scope.repository, credential: deps.github.credential })
  }
  const entries = jsonOf(answer) as readonly RepositoryEntry[]
  if (!Array.isArray(entries)) return null
  return entries.map(({ name, path, type }) => ({ name, path, type }))
}

function contentsPath(scope: RunScope, read: string, args: readonly unknown[]): string {
  const segments = checked(path, args[0], `${read}(path)`)
    .split('/')
    .filter((segment) => segment !== '')
  if (segments.length === 0 || segments.some(isDots)) {
    throw new PermanentError(`${read}(${JSON.stringify(args[0])}): expected a path inside the repository`, {
      reason: 'invalid_argument',
    })
  }
  const at = checked(ref, args[1] ?? undefined, `${read}(path, ref)`)
  const { owner, repo } = ownerAndName(scope.repository)
  const encoded = segments.map(encodeURIComponent).join('/')
  return `/repos/${owner}/${repo}/contents/${encoded}${at === undefined ? '' : `?ref=${encodeURIComponent(at)}`}`
}

const login = z.string().regex(/^[A-Za-z0-9_-]{1,100}(?:\[bot\])?$/, 'expected a login')

/** What a login may do in the repository: admin, write, read or none. */
export async function readPermission(
  deps: ReadDeps,
  scope: RunScope,
  args: readonly unknown[],
): Promise<string> {
  const username = checked(login, args[0], 'permission(login)')
  const { rest } = octokitOf(deps, scope)
  try {
    const where = { ...ownerAndName(scope.repository), username }
    return (await rest.repos.getCollaboratorPermissionLevel(where)).data.permission
  } catch (error) {
    if (isRefused(error, 404)) return 'none'
    throw error
  }
}

/** The labels that the repository has. */
export async function readLabels(deps: ReadDeps, scope: RunScope): Promise<Label[]> {
  const octokit = octokitOf(deps, scope)
  const where = { ...ownerAndName(scope.repository), per_page: PER_PAGE }
  return (await octokit.paginate(octokit.rest.issues.listLabelsForRepo, where)).map(toLabel)
}

const query = z.string().max(2_000)
const searchOptions = z.strictObject({ limit: z.number().int().min(1).max(100).default(10) })

/** Issues and pull requests of the repository that match; other repositories' never. */
export async function search(
  deps: ReadDeps,
  scope: RunScope,
  args: readonly unknown[],
): Promise<SearchHit[]> {
  const asked = checked(query, args[0], 'search(query)')
  const { limit } = checked(searchOptions, args[1] ?? {}, 'search(query, options)')
  const pinned = pinQuery(scope.repository, asked)
  // An App is refused a search for issues and pull requests at once.
  const kinds =
    deps.github.credential === 'app' && !namesKind(pinned) ? [' is:issue', ' is:pull-request'] : ['']
  const { rest } = octokitOf(deps, scope)
  const answers = await Promise.all(
    kinds.map((kind) => rest.search.issuesAndPullRequests({ q: pinned + kind, per_page: limit })),
  )
  const hits = answers.flatMap(({ data }) => data.items).filter((hit) => isHitOf(scope.repository, hit))
  if (kinds.length > 1) hits.sort((a, b) => b.score - a.score)
  return hits.slice(0, limit).map((hit) => ({
    number: hit.number,
    title: hit.title,
    state: hit.state,
    labels: hit.labels.map((label) => toLabel(label).name),
    html_url: hit.html_url,
    is_pull_request: hit.pull_request !== undefined,
    body: hit.body ?? null,
  }))
}

const octokitOf = (deps: ReadDeps, scope: RunScope) => deps.github.octokit(scope.repository, scope.signal)

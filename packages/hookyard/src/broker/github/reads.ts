// What a subject can be asked (sdk/subject.ts), in the run's own repository. A module's arguments are checked.
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
import type { Call } from './call.ts'
import type { GitHub } from './client.ts'
import { assembleDiff } from './diff.ts'
import { type GitHubAnswer, hasStatus, jsonOf, toFailure } from './errors.ts'
import { ownMarker, stripMarkers } from './marker.ts'
import { type RunScope, isDots, ownerAndName } from './scope.ts'
import { isHitOf, namesKind, pinQuery } from './search-query.ts'
import { authorOf, toLabel } from './subject.ts'

/** GitHub lists no more files of a pull request than this. */
const MAX_FILES = 3_000
const MAX_FILE_BYTES = 1_048_576
const PER_PAGE = 100

/** The pull request's unified diff; put together from its files when GitHub finds it too large. */
export async function readDiff(call: Call): Promise<string> {
  const pull_number = call.number(['pull_request'])
  try {
    const asked = { ...call.where, pull_number, mediaType: { format: 'diff' } }
    // Octokit's type is that of the JSON answer.
    return (await call.octokit.rest.pulls.get(asked)).data as unknown as string
  } catch (error) {
    // 406 `too_large`, or another status with `field: diff` when GitHub is too busy to make it.
    if (!hasStatus(error, 406) && !(hasStatus(error, 422) && error.fields.includes('diff'))) throw error
    return assembleDiff(await readFiles(call))
  }
}

/** What of the pull request may have changed since the run loaded it. */
export async function readNow(call: Call): Promise<PullRequestNow> {
  const pull_number = call.number(['pull_request'])
  const { data } = await call.octokit.rest.pulls.get({ ...call.where, pull_number })
  const { state, merged, draft = false, head } = data
  return { state, merged, draft, head_sha: head.sha }
}

/** The changed files, at most GitHub's 3,000. */
export const readFiles = async (call: Call): Promise<ChangedFile[]> =>
  listFiles(call.deps.github, call.scope.repository, call.number(['pull_request']), call.scope.signal)

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
    for (const { filename, previous_filename: before, status, additions, deletions, patch } of data) {
      const more = { ...(before && { previous_filename: before }), ...(patch !== undefined && { patch }) }
      files.push({ filename, status, additions, deletions, ...more })
    }
    if (files.length >= MAX_FILES) break
  }
  return files
}

/** The pull request's commits, oldest first; GitHub lists no more than 250. */
export async function readCommits(call: Call): Promise<Commit[]> {
  const { octokit, where } = call
  const on = { ...where, pull_number: call.number(['pull_request']), per_page: PER_PAGE }
  const commits = await octokit.paginate(octokit.rest.pulls.listCommits, on)
  return commits.map(({ sha, commit, author }) => ({
    sha,
    message: commit.message,
    author: author?.login ?? commit.author?.name ?? 'ghost',
  }))
}

/** The thread's comments, oldest first; in our own the marker is left out. */
export async function readComments(call: Call): Promise<Comment[]> {
  const { deps, octokit, where } = call
  const number = call.number(['pull_request', 'issue'])
  const on = { ...where, issue_number: number, per_page: PER_PAGE }
  const [login, comments] = await Promise.all([
    call.ownLogin(),
    octokit.paginate(octokit.rest.issues.listComments, on),
  ])
  return comments.map((raw) => {
    const own = ownMarker(deps.markerKey, raw, login, call.marked(number, 'comment', '')) !== null
    const { id, body = '', created_at, updated_at, html_url } = raw
    return {
      ...{ id, author: authorOf(raw.user), body: own ? stripMarkers(body).trimEnd() : body },
      ...{ created_at, updated_at, html_url, own },
    }
  })
}

const path = z.string().min(1).max(4_096)
const ref = z.string().min(1).max(1_024).nullish()

/** A file's text at a ref, or null when there is none (or a folder). */
export async function readFile(call: Call): Promise<string | null> {
  const raw = { headers: { accept: 'application/vnd.github.raw+json' }, maxBytes: MAX_FILE_BYTES }
  const answer = await readContents(call, raw)
  // A folder is answered as plain JSON whatever was asked for; a file, JSON or not, as a raw type.
  if (answer === null || /^application\/json\b/.test(answer.headers.get('content-type') ?? '')) return null
  return new TextDecoder().decode(answer.body)
}

/** What is in a folder at a ref, or null when there is none (or a file). */
export async function readFolder(call: Call): Promise<RepositoryEntry[] | null> {
  const answer = await readContents(call, {})
  const entries = answer && (jsonOf(answer) as readonly RepositoryEntry[])
  return Array.isArray(entries) ? entries.map(({ name, path, type }) => ({ name, path, type })) : null
}

async function readContents(
  call: Call,
  how: { headers?: Record<string, string>; maxBytes?: number },
): Promise<GitHubAnswer | null> {
  const { github } = call.deps
  const { repository, signal } = call.scope
  const given = call.arg(0, 'path', path)
  const segments = given.split('/').filter((segment) => segment !== '')
  if (segments.length === 0 || segments.some(isDots)) {
    const why = `${call.name}(${JSON.stringify(given)}): expected a path inside the repository`
    throw new PermanentError(why, { reason: 'invalid_argument' })
  }
  const at = call.arg(1, 'path, ref', ref)
  const { owner, repo } = call.where
  const below = `/repos/${owner}/${repo}/contents/${segments.map(encodeURIComponent).join('/')}`
  const query = at == null ? '' : `?ref=${encodeURIComponent(at)}`
  const request = { method: 'GET', path: below + query, ...how }
  const answer = await github.send(repository, request, signal)
  if (answer.status === 404) return null
  if (answer.status === 200) return answer
  throw toFailure(answer, { ...request, repository, credential: github.credential })
}

const loginShape = z.string().regex(/^[A-Za-z0-9_-]{1,100}(?:\[bot\])?$/, 'expected a login')

/** What a login may do in the repository: admin, write, read or none. */
export const readPermission = async (call: Call): Promise<string> =>
  permissionOf(call.deps.github, call.scope.repository, call.arg(0, 'login', loginShape), call.scope.signal)

/** GitHub's word; of a public repository everybody may read, so that it says `read` of any login that there is. */
export async function permissionOf(
  github: GitHub,
  repository: string,
  username: string,
  signal?: AbortSignal,
): Promise<string> {
  try {
    const { repos } = github.octokit(repository, signal).rest
    const on = { ...ownerAndName(repository), username }
    return (await repos.getCollaboratorPermissionLevel(on)).data.permission
  } catch (error) {
    if (hasStatus(error, 404)) return 'none'
    throw error
  }
}

/** The labels that the repository has. */
export async function listLabels(
  github: GitHub,
  { repository, signal }: Pick<RunScope, 'repository' | 'signal'>,
): Promise<Label[]> {
  const octokit = github.octokit(repository, signal)
  const on = { ...ownerAndName(repository), per_page: PER_PAGE }
  return (await octokit.paginate(octokit.rest.issues.listLabelsForRepo, on)).map(toLabel)
}

const query = z.string().max(2_000)
const searchOptions = z.strictObject({ limit: z.number().int().min(1).max(100).default(10) }).nullish()

/** Issues and pull requests of the repository that match; other repositories' never. */
export async function search(call: Call): Promise<SearchHit[]> {
  const { deps, scope, octokit } = call
  const pinned = pinQuery(scope.repository, call.arg(0, 'query', query))
  const limit = call.arg(1, 'query, options', searchOptions)?.limit ?? 10
  // An App is refused a search for issues and pull requests at once.
  const both = deps.github.credential === 'app' && !namesKind(pinned)
  const answers = await Promise.all(
    (both ? [' is:issue', ' is:pull-request'] : ['']).map((kind) =>
      octokit.rest.search.issuesAndPullRequests({ q: pinned + kind, per_page: limit }),
    ),
  )
  const hits = answers.flatMap(({ data }) => data.items).filter((hit) => isHitOf(scope.repository, hit))
  if (both) hits.sort((a, b) => b.score - a.score)
  return hits.slice(0, limit).map(({ number, title, state, labels, html_url, pull_request, body }) => ({
    ...{ number, title, state, html_url },
    labels: labels.map((label) => toLabel(label).name),
    is_pull_request: pull_request !== undefined,
    body: body ?? null,
  }))
}

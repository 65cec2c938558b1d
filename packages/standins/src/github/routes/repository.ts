// Routes of a repository itself: its facts, files, commits and people.
import type { Reply } from '../../http.ts'
import { parseDiff } from '../diff.ts'
import { Refusal, notFound } from '../refusal.ts'
import { privateUser, publicUser, simpleUser } from '../render/account.ts'
import { commit, contentFile, contentFolder, diffEntry, fullRepository } from '../render/repository.ts'
import { atLeast, roleOf } from '../state.ts'
import type { CommitState, RepositoryState, Role } from '../state.ts'
import { actor, json, page, repositoryOf, requireRole } from './call.ts'
import type { Call, Routes } from './call.ts'

const LARGEST_IN_JSON = 1024 * 1024

/** By operation id. */
export const repositoryRoutes: Routes = {
  'repos/get': (call) => json(200, fullRepository(call.links, repositoryOf(call))),
  'repos/get-content': getContent,
  'repos/list-commits': (call) => {
    const repository = repositoryOf(call)
    return page(call, commitsAt(repository, call.query.get('sha')), (state) =>
      commit(call.links, repository, state),
    )
  },
  'repos/get-commit': getCommit,
  'repos/get-collaborator-permission-level': getPermission,
  'users/get-authenticated': (call) => json(200, privateUser(call.links, actor(call))),
  'users/get-by-username': (call) => {
    const account = call.world.accounts.get((call.params.username ?? '').toLowerCase())
    if (!account) throw notFound()
    return json(200, publicUser(call.links, account))
  },
}

function getContent(call: Call): Reply {
  const repository = repositoryOf(call)
  const path = (call.params.path ?? '').replace(/^\/+|\/+$/g, '')
  const ref = call.query.get('ref') ?? repository.defaultBranch
  const file = fileAt(repository, path, ref)
  if (file !== null) {
    if (/application\/vnd\.github\.(v3\.)?raw/.test(call.accept)) return { status: 200, body: file }
    // Over a megabyte GitHub leaves the text out; raw still gives it.
    const inline = Buffer.byteLength(file) <= LARGEST_IN_JSON
    const answer = contentFile(call.links, repository, path, inline ? file : '', ref)
    return json(200, inline ? answer : { ...answer, encoding: 'none' })
  }
  const listing = folder(call, repository, path, ref)
  if (listing.length === 0 && path !== '') throw notFound()
  return json(200, listing)
}

/** What the file says at the ref (a branch or a sha), or null. */
function fileAt(repository: RepositoryState, path: string, ref: string): string | null {
  const own = repository.files.get(`${ref}:${path}`)
  return own === undefined ? (repository.files.get(path) ?? null) : own
}

function folder(call: Call, repository: RepositoryState, path: string, ref: string): unknown[] {
  const prefix = path === '' ? '' : `${path}/`
  const inside = [...repository.files.keys()]
    .map((name) => (name.startsWith(`${ref}:`) ? name.slice(ref.length + 1) : name))
    .filter(
      (name) => !name.includes(':') && name.startsWith(prefix) && fileAt(repository, name, ref) !== null,
    )
    .map((name) => name.slice(prefix.length))
  const names = [...new Set(inside.map((name) => name.split('/')[0] ?? ''))].sort()
  return names.map((name) =>
    fileAt(repository, `${prefix}${name}`, ref) !== null
      ? contentFile(call.links, repository, `${prefix}${name}`, null, ref)
      : contentFolder(call.links, repository, `${prefix}${name}`, ref),
  )
}

/** The commits that a branch, a sha or nothing (the default branch) leads to, newest first. */
function commitsAt(repository: RepositoryState, ref: string | null): CommitState[] {
  const wanted = ref ?? repository.defaultBranch
  if (wanted === repository.defaultBranch) return repository.commits
  for (const { pull } of repository.threads.values()) {
    const at = pull?.commits.findIndex(({ sha }) => sha === wanted) ?? -1
    if (pull && (at >= 0 || pull.head.ref === wanted)) {
      return [...pull.commits.slice(0, at >= 0 ? at + 1 : undefined).toReversed(), ...repository.commits]
    }
  }
  const start = repository.commits.findIndex(({ sha }) => sha === wanted)
  if (start === -1) throw notFound()
  return repository.commits.slice(start)
}

function getCommit(call: Call): Reply {
  const repository = repositoryOf(call)
  const ref = call.params.ref ?? ''
  let found: CommitState | undefined
  try {
    found = commitsAt(repository, ref.replace(/^heads\//, ''))[0]
  } catch {
    throw new Refusal(422, `No commit found for SHA: ${ref}`)
  }
  if (!found) throw notFound()
  const { sha } = found
  const pull = [...repository.threads.values()].find((thread) => thread.pull?.head.sha === sha)?.pull
  if (/vnd\.github\.(v3\.)?diff/.test(call.accept)) return { status: 200, body: pull?.diff ?? '' }
  const files = pull ? parseDiff(pull.diff) : []
  const sum = (key: 'additions' | 'deletions') => files.reduce((total, file) => total + file[key], 0)
  const [additions, deletions] = [sum('additions'), sum('deletions')]
  return json(200, {
    ...commit(call.links, repository, found),
    stats: { additions, deletions, total: additions + deletions },
    files: files.map((file) => diffEntry(call.links, repository, sha, file)),
  })
}

/** The old word for a role: triage is read, maintain is write. */
const LEGACY: Readonly<Record<Role, string>> = {
  none: 'none',
  read: 'read',
  triage: 'read',
  write: 'write',
  maintain: 'write',
  admin: 'admin',
}

function getPermission(call: Call): Reply {
  const repository = repositoryOf(call)
  requireRole(call, 'write', () => new Refusal(403, 'Must have push access to view collaborator permission.'))
  const account = call.world.accounts.get((call.params.username ?? '').toLowerCase())
  if (!account) throw new Refusal(404, `${call.params.username ?? ''} is not a user`)
  const role = roleOf(repository, account.login)
  return json(200, {
    permission: LEGACY[role],
    role_name: role,
    user: {
      ...simpleUser(call.links, account),
      permissions: {
        admin: role === 'admin',
        maintain: atLeast(role, 'maintain'),
        push: atLeast(role, 'write'),
        triage: atLeast(role, 'triage'),
        pull: atLeast(role, 'read'),
      },
      role_name: role,
    },
  })
}

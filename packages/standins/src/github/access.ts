// What an identity may reach: an App's JWT only the App's own pages, an installation only its repositories and as
// far as its permissions go, a personal token everything but checks.
import type { Operation } from './description.ts'
import type { Identity, Identities } from './identity.ts'
import { Refusal, notFound } from './refusal.ts'
import type { RepositoryState } from './state.ts'

/** Operation group, first match -> the permissions of which one must be held. */
const NEEDS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\/check-runs/, ['checks']],
  [/\/hooks/, ['repository_hooks']],
  [/\/pulls/, ['pull_requests']],
  [/\/contents\/|\/commits/, ['contents']],
  [/\/issues|\/labels/, ['issues', 'pull_requests']],
]

const forbidden = () => new Refusal(403, 'Resource not accessible by integration')

const isAppPage = ({ path }: Operation) =>
  path === '/app' || path.startsWith('/app/') || path.endsWith('/installation')

/**
 * Refuses what GitHub would refuse this identity.
 * @throws Refusal 401, 403 or 404.
 */
export function checkAccess(
  identities: Identities,
  identity: Identity,
  operation: Operation,
  repository: RepositoryState | null,
): void {
  if (isAppPage(operation)) {
    if (identity.kind !== 'app') throw new Refusal(401, 'A JSON web token could not be decoded')
    return
  }
  if (identity.kind === 'app') throw new Refusal(401, 'Bad credentials')
  if (identity.kind === 'token') {
    if (operation.path === '/installation/repositories') {
      throw new Refusal(
        403,
        'You must authenticate with an installation access token in order to list repositories for an installation.',
      )
    }
    if (/^checks\/(create|update)$/.test(operation.id))
      throw new Refusal(403, 'You must authenticate via a GitHub App.')
    return
  }
  if (operation.id === 'users/get-authenticated') throw forbidden()
  if (repository) checkInstallation(identities, identity, operation, repository)
}

function checkInstallation(
  identities: Identities,
  identity: Identity & { kind: 'installation' },
  operation: Operation,
  repository: RepositoryState,
): void {
  const name = repository.fullName.toLowerCase()
  const limited = identity.repositories !== 'all' && !identity.repositories.has(name)
  // GitHub lets any token read what is public. Here that is refused too: it only ever happens by mistake.
  if (limited || !identities.covers(identity.installation, repository)) {
    throw operation.method === 'GET' ? notFound() : forbidden()
  }
  const needed = NEEDS.find(([pattern]) => pattern.test(operation.path))?.[1] ?? ['metadata']
  const writes = operation.method !== 'GET'
  const held = needed.some((permission) => {
    const level = identity.permissions[permission]
    return writes ? level === 'write' || level === 'admin' : level !== undefined
  })
  if (!held) throw forbidden()
}

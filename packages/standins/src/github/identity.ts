// Who asks: a personal token, an App by its JWT, or an installation by the token that it was given.
import { createPublicKey, randomBytes, verify } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { isObject } from '../is-object.ts'
import { Refusal } from './refusal.ts'
import { isoTime } from './state.ts'
import type { Account, RepositoryState, World } from './state.ts'

export interface TokenOptions {
  readonly token: string
  readonly login: string
  /** Default `User`. */
  readonly type?: 'User' | 'Bot'
}

export interface AppOptions {
  readonly id: number
  /** Default `hookyard`; its comments are written by `SLUG[bot]`. */
  readonly slug?: string
  /** PEM of the public key that belongs to the App's private key. */
  readonly publicKey: string
  /** Default: everything that a module can be granted, and reading contents. */
  readonly permissions?: Readonly<Record<string, 'read' | 'write' | 'admin'>>
  readonly installations: readonly {
    readonly id?: number
    /** Login of the user or organization that it is installed on. */
    readonly account: string
    /** `owner/name`s; default: all of the account's. */
    readonly repositories?: 'all' | readonly string[]
  }[]
}

export interface InstallationState {
  readonly id: number
  readonly account: string
  readonly repositories: 'all' | readonly string[]
}

export interface AppState {
  readonly id: number
  readonly slug: string
  readonly owner: string
  readonly permissions: Readonly<Record<string, string>>
  readonly installations: readonly InstallationState[]
}

export type Identity =
  | { readonly kind: 'token'; readonly account: Account }
  | { readonly kind: 'app' }
  | {
      readonly kind: 'installation'
      readonly account: Account
      readonly installation: InstallationState
      readonly permissions: Readonly<Record<string, string>>
      /** Lower-case `owner/name`s, or all of the installation's. */
      readonly repositories: 'all' | ReadonlySet<string>
    }

export interface Identities {
  readonly app: AppState | null
  /** @throws Refusal 401 when the header is missing or names nobody. */
  identify(authorization: string | undefined): Identity
  /** A token for an hour. @throws Refusal 404 or 422, as GitHub. */
  issue(
    installationId: number,
    wanted: {
      repositories?: readonly string[]
      repositoryIds?: readonly number[]
      permissions?: Record<string, string>
    },
  ): {
    token: string
    expiresAt: string
    permissions: Readonly<Record<string, string>>
    repositories: RepositoryState[] | null
  }
  /** Whether the installation was given this repository. */
  covers(installation: InstallationState, repository: RepositoryState): boolean
}

const PERMISSIONS = {
  metadata: 'read',
  contents: 'read',
  pull_requests: 'write',
  issues: 'write',
  checks: 'write',
} as const
const HOUR_MS = 3_600_000
/** GitHub's own limit is ten minutes; clocks may differ by one. */
const LONGEST_JWT_S = 11 * 60

interface Issued {
  readonly identity: Identity
  readonly expiresAt: number
}

/** The people of the stand-in, from its options. */
export function createIdentities(
  world: World,
  clock: Clock,
  options: { token: TokenOptions; app: AppOptions | null },
): Identities {
  const app = options.app && appState(world, options.app)
  const owner = world.account(options.token.login, { type: options.token.type ?? 'User' })
  const issued = new Map<string, Issued>()
  const covers: Identities['covers'] = (installation, repository) =>
    installation.repositories === 'all'
      ? repository.owner.login.toLowerCase() === installation.account.toLowerCase()
      : installation.repositories.some((name) => name.toLowerCase() === repository.fullName.toLowerCase())

  return {
    app,
    covers,
    identify(authorization) {
      const credentials = /^(?:bearer|token) (.+)$/i.exec(authorization ?? '')?.[1]?.trim()
      if (!credentials) throw new Refusal(401, 'Requires authentication')
      if (credentials === options.token.token) return { kind: 'token', account: owner }
      const known = issued.get(credentials)
      if (known && known.expiresAt > clock()) return known.identity
      if (credentials.split('.').length === 3) {
        checkJwt(credentials, options.app, clock)
        return { kind: 'app' }
      }
      throw new Refusal(401, 'Bad credentials')
    },
    issue(installationId, { repositories, repositoryIds, permissions }) {
      const installation = app?.installations.find(({ id }) => id === installationId)
      if (!app || !installation) throw new Refusal(404, 'Not Found')
      const chosen = chooseRepositories(world, installation, covers, repositories, repositoryIds)
      const granted = grantPermissions(app, permissions)
      const token = `ghs_${randomBytes(18).toString('hex')}`
      const expiresAt = clock() + HOUR_MS
      const identity: Identity = {
        kind: 'installation',
        account: world.account(`${app.slug}[bot]`, { type: 'Bot' }),
        installation,
        permissions: granted,
        repositories: chosen ? new Set(chosen.map(({ fullName }) => fullName.toLowerCase())) : 'all',
      }
      issued.set(token, { identity, expiresAt })
      return { token, expiresAt: isoTime(expiresAt), permissions: granted, repositories: chosen }
    },
  }
}

function appState(world: World, options: AppOptions): AppState {
  const slug = options.slug ?? 'hookyard'
  return {
    id: options.id,
    slug,
    owner: options.installations[0]?.account ?? 'octocat',
    permissions: options.permissions ?? PERMISSIONS,
    installations: options.installations.map(({ id, account, repositories = 'all' }) => ({
      id: id ?? world.nextId(),
      account,
      repositories,
    })),
  }
}

function chooseRepositories(
  world: World,
  installation: InstallationState,
  covers: Identities['covers'],
  names: readonly string[] | undefined,
  ids: readonly number[] | undefined,
): RepositoryState[] | null {
  if (names === undefined && ids === undefined) return null
  const all = [...world.repositories.values()].filter((repository) => covers(installation, repository))
  const byName = (names ?? []).map((name) =>
    all.find((known) => known.name.toLowerCase() === name.toLowerCase()),
  )
  const byId = (ids ?? []).map((id) => all.find((known) => known.id === id))
  const chosen = [...byName, ...byId]
  if (chosen.some((repository) => repository === undefined)) {
    throw new Refusal(
      422,
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
    )
  }
  return chosen.filter((repository) => repository !== undefined)
}

function grantPermissions(
  app: AppState,
  wanted: Record<string, string> | undefined,
): Readonly<Record<string, string>> {
  if (!wanted) return app.permissions
  const levels = ['read', 'write', 'admin']
  const excess = Object.entries(wanted).some(
    ([name, level]) => levels.indexOf(level) > levels.indexOf(app.permissions[name] ?? ''),
  )
  if (excess) throw new Refusal(422, 'The permissions requested are not granted to this installation.')
  return { metadata: 'read', ...wanted }
}

function checkJwt(jwt: string, app: AppOptions | null, clock: Clock): void {
  const undecodable = () => new Refusal(401, 'A JSON web token could not be decoded')
  const [header = '', claims = '', signature = ''] = jwt.split('.')
  const { alg } = readPart(header) ?? {}
  const { iss, exp, iat } = readPart(claims) ?? {}
  const signed = Buffer.from(`${header}.${claims}`)
  if (!app || alg !== 'RS256') throw undecodable()
  if (!verify('RSA-SHA256', signed, createPublicKey(app.publicKey), Buffer.from(signature, 'base64url')))
    throw undecodable()
  const now = clock() / 1_000
  if (typeof exp !== 'number' || exp <= now) {
    throw new Refusal(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    )
  }
  if (typeof iat !== 'number' || iat > now + 60) {
    throw new Refusal(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    )
  }
  if (exp - now > LONGEST_JWT_S)
    throw new Refusal(401, "'Expiration time' claim ('exp') is too far in the future")
  if (String(iss) !== String(app.id)) throw new Refusal(404, 'Integration not found')
}

function readPart(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

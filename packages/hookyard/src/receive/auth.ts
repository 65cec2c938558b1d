// Who calls. A token acts as its user and never exceeds that user's power; tokens are compared as digests, in
// constant time, and wrong ones are slowed.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Access } from '../access/access.ts'
import type { Config, User } from '../config/config.ts'
import { UserError } from '../lib/errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `Auth.authenticate`; read it through `principalOf`. */
    principal: Principal | null
  }
}

/** The caller of an API route. */
export interface Principal {
  /** The token's name. */
  readonly name: string
  readonly user: User
  readonly isAdmin: boolean
  has(scope: string): boolean
}

export interface AuthDeps {
  readonly config: () => Config
  readonly access: () => Pick<Access, 'user' | 'firstAdmin'>
  /** The token of data_dir/server.json: the first admin with every scope. */
  readonly localToken?: string
}

export type Auth = ReturnType<typeof createAuth>

interface KnownToken {
  readonly name: string
  readonly digest: Buffer
  /** null: the local token's, the first admin. */
  readonly user: string | null
  readonly scopes: ReadonlySet<string>
}

const BEARER = /^Bearer +([^\s]{1,1024})$/i
// No token of the configuration can bear this name's sign.
const LOCAL = '@local'

/** Authentication by the tokens of the configuration in force. */
export function createAuth(deps: AuthDeps) {
  const known = new WeakMap<Config, readonly KnownToken[]>()
  const countWrong = createWrongTokens()

  /**
   * Reads the Bearer token and keeps the principal with the request.
   * @throws UserError unauthorized; rate_limited after many wrong tokens
   */
  function authenticate(request: FastifyRequest): Principal {
    const presented = BEARER.exec(request.headers.authorization ?? '')?.[1]
    if (presented === undefined) throw unauthorized('this route wants `Authorization: Bearer TOKEN`', '')
    const config = deps.config()
    const tokens = known.get(config) ?? hashTokens(config, deps.localToken)
    known.set(config, tokens)
    const token = find(tokens, digestOf(presented))
    const access = deps.access()
    const user = token && (token.user === null ? access.firstAdmin() : access.user(token.user))
    if (!token || !user) {
      countWrong()
      throw unauthorized('this token is not known here', ', error="invalid_token"')
    }
    request.principal = {
      name: token.name,
      user,
      isAdmin: user.role === 'admin',
      has: (scope) => token.scopes.has('*') || token.scopes.has(scope),
    }
    return request.principal
  }

  return { authenticate }
}

/** @throws UserError insufficient_scope */
export function requireScope(principal: Principal, scope: string): void {
  if (principal.has(scope)) return
  throw new UserError('insufficient_scope', `the token ${principal.name} lacks the scope ${scope}`, {
    headers: { 'www-authenticate': `Bearer realm="hookyard", error="insufficient_scope", scope="${scope}"` },
  })
}

/** The principal of a request that passed `authenticate`. */
export function principalOf(request: FastifyRequest): Principal {
  if (!request.principal) throw new Error('this route reads the principal without authenticating first')
  return request.principal
}

function hashTokens(config: Config, localToken: string | undefined): KnownToken[] {
  const local = localToken ? [{ name: LOCAL, user: null, token: localToken, scopes: ['*'] }] : []
  return [...local, ...config.apiTokens].map(({ name, token, user, scopes }) => ({
    name,
    user,
    digest: digestOf(token),
    scopes: new Set(scopes),
  }))
}

/** Looks at every token, so that the time taken tells nothing. */
function find(tokens: readonly KnownToken[], digest: Buffer): KnownToken | undefined {
  let found: KnownToken | undefined
  for (const token of tokens) {
    if (timingSafeEqual(token.digest, digest)) found ??= token
  }
  return found
}

/** Is this header the secret? Compared as digests, which are of one length whatever was sent. */
export const isSecret = (sent: string | readonly string[] | undefined, secret: string): boolean =>
  typeof sent === 'string' && timingSafeEqual(digestOf(sent), digestOf(secret))

const digestOf = (token: string) => createHash('sha256').update(token).digest()

function unauthorized(message: string, detail: string): UserError {
  return new UserError('unauthorized', message, {
    headers: { 'www-authenticate': `Bearer realm="hookyard"${detail}` },
  })
}

/** Wrong tries that are free, and how soon each comes back. A mistyped token in a script stays below it. */
const TRIES = 50
const REFILL_MS = 1_000
const MAX_WAIT_S = 60

/**
 * Counts wrong tries, so many for everybody together: behind a proxy all have one address, and an attacker has many. A
 * right token is never asked to wait. `now` in ms, of a clock that only goes forward.
 * @returns counts one. @throws UserError rate_limited, with Retry-After, when there were too many lately
 */
export function createWrongTokens(now: () => number = () => performance.now()): () => void {
  let left = TRIES
  let at = now()
  return () => {
    const elapsed = now() - at
    at += elapsed
    // Below zero: who goes on all the same waits longer, but never longer than a minute.
    left = Math.max(Math.min(TRIES, left + elapsed / REFILL_MS), -MAX_WAIT_S) - 1
    if (left >= 0) return
    const seconds = Math.min(MAX_WAIT_S, Math.ceil(-left))
    throw new UserError(
      'rate_limited',
      'too many wrong tokens were tried lately; this one is not known here either',
      { headers: { 'retry-after': String(seconds), connection: 'close' } },
    )
  }
}

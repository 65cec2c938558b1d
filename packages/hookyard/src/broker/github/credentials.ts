// Who the service is to GitHub: a personal token, or an App with one installation token per repository, which
// GitHub itself limits to that repository. Nothing of this leaves the process except in the authorization header.
import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { PermanentError } from '../../lib/errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { clockSkew } from './limits.ts'
import { type CredentialKind, hasStatus, jsonOf, toFailure } from './errors.ts'
import type { Credential, HttpTransport } from './http-transport.ts'

interface Credentials {
  readonly kind: CredentialKind
  /** What requests about `owner/name` go out with. */
  forRepository(repository: string): Promise<Credential>
  /** Sends GET /app as the App itself; null without an App. */
  readonly identity: (() => Promise<{ slug: string }>) | null
  /** After a 401: true when there is something fresher to try. */
  renew(repository: string, used: Credential): Promise<boolean>
}

interface CredentialOptions {
  readonly token: string | null
  readonly app: { readonly id: string; readonly privateKey: string } | null
  readonly transport: HttpTransport
  readonly clock: Clock
}

const MINUTE_MS = 60_000
/** An installation token is replaced this long before GitHub would refuse it. */
const RENEW_BEFORE_MS = 5 * MINUTE_MS
const MAX_ANSWER_BYTES = 1_048_576
export const DEFAULT_HEADERS = {
  accept: 'application/vnd.github+json',
  'user-agent': 'hookyard',
  'x-github-api-version': '2022-11-28',
} as const

/** The App, else the token, else nothing (public reads). @throws PermanentError when token or key cannot be one. */
export function createCredentials(options: CredentialOptions): Credentials {
  if (options.app) return appCredentials(options.app, options)
  return tokenCredentials(options.token)
}

function tokenCredentials(token: string | null): Credentials {
  if (token !== null && !/^[\x21-\x7e]+$/.test(token)) {
    const why = 'GITHUB_TOKEN holds a space, a line break or a non-ASCII character; copy it again'
    throw new PermanentError(why, { reason: 'github_unauthorized' })
  }
  const kind = token === null ? 'none' : 'token'
  const authorization = token === null ? null : `Bearer ${token}`
  const credential: Credential = { kind, name: kind, authorization }
  return {
    kind,
    identity: null,
    forRepository: () => Promise.resolve(credential),
    renew: () => Promise.resolve(false),
  }
}

interface InstallationToken extends Credential {
  /** By our clock. */
  readonly expiresAt: number
}

interface HeldToken {
  readonly token: Promise<InstallationToken>
  /** Infinity while it is on its way. */
  expiresAt: number
}

function appCredentials(app: NonNullable<CredentialOptions['app']>, options: CredentialOptions): Credentials {
  const { transport, clock } = options
  const key = readPrivateKey(app.privateKey)
  const tokens = new Map<string, HeldToken>()
  let skewMs = 0

  // As the App itself, not as an installation. A 401 may mean that this machine's clock is off: GitHub refuses
  // tokens from the future, so its own clock is tried once.
  async function asApp(method: string, path: string, body: unknown, repository: string): Promise<unknown> {
    for (let again = true; ; again = false) {
      const answer = await transport({
        method,
        path,
        headers: { ...DEFAULT_HEADERS, ...(body === null ? {} : { 'content-type': 'application/json' }) },
        body: body === null ? null : JSON.stringify(body),
        repository,
        credential: {
          kind: 'app',
          name: 'app',
          authorization: `Bearer ${appToken(app.id, key, clock() + skewMs)}`,
        },
        signal: undefined,
        maxBytes: MAX_ANSWER_BYTES,
      })
      if (answer.status < 300) return jsonOf(answer)
      const skew = clockSkew(answer, clock)
      if (!again || answer.status !== 401 || Math.abs(skew - skewMs) < 30_000) {
        throw toFailure(answer, { method, path, repository, credential: 'app' })
      }
      skewMs = skew
    }
  }

  async function mint(repository: string): Promise<InstallationToken> {
    const installation = (await asApp('GET', `/repos/${repository}/installation`, null, repository).catch(
      (error: unknown) => {
        throw hasStatus(error, 404) ? notInstalled(repository) : error
      },
    )) as { id: number }
    const path = `/app/installations/${installation.id}/access_tokens`
    const name = repository.slice(repository.indexOf('/') + 1)
    const made = (await asApp('POST', path, { repositories: [name] }, repository)) as {
      token: string
      expires_at: string
    }
    return {
      kind: 'app',
      name: `installation:${installation.id}`,
      authorization: `Bearer ${made.token}`,
      expiresAt: Date.parse(made.expires_at) - skewMs,
    }
  }

  return {
    kind: 'app',
    identity: async () => (await asApp('GET', '/app', null, '-')) as { slug: string },
    async forRepository(repository) {
      const held = tokens.get(repository)
      // Runs that come while a token is on its way share it.
      if (held && held.expiresAt - RENEW_BEFORE_MS > clock()) return held.token
      const fresh: HeldToken = { token: mint(repository), expiresAt: Infinity }
      tokens.set(repository, fresh)
      try {
        const token = await fresh.token
        fresh.expiresAt = token.expiresAt
        return token
      } catch (error) {
        if (tokens.get(repository) === fresh) tokens.delete(repository)
        throw error
      }
    },
    async renew(repository, used) {
      const held = tokens.get(repository)
      if (held && (await held.token) === used) tokens.delete(repository)
      return true
    },
  }
}

function notInstalled(repository: string): PermanentError {
  return new PermanentError(
    `the GitHub App is not installed on ${repository}; install it there, or take the repository out of hookyard.yaml`,
    { reason: 'github_not_found' },
  )
}

// PKCS#1 and PKCS#8 alike; in an environment variable the line breaks are often written as \n.
function readPrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem.replaceAll('\\n', '\n'))
  } catch {
    throw new PermanentError(
      'the GitHub App’s private key is no PEM key; copy the whole .pem file, its first and last line included',
      { reason: 'github_unauthorized' },
    )
  }
}

// https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app: RS256, at most 10 minutes.
function appToken(id: string, key: KeyObject, nowMs: number): string {
  const now = Math.floor(nowMs / 1_000)
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iat: now - 60, exp: now + 540, iss: id })}`
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`
}

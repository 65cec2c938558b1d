// One HTTP exchange with GitHub's API: timeout, size cap, limits, and repeats of what is safe to repeat.
import { PermanentError, toError } from '../../lib/errors.ts'
import { readBounded } from '../read-bounded.ts'
import type { Limits, Sleep } from './limits.ts'
import {
  type CredentialKind,
  type GitHubAnswer,
  GitHubLimited,
  GitHubUnavailable,
  isRead,
  operationName,
  toFailure,
} from './errors.ts'

export interface Credential {
  readonly kind: CredentialKind
  /** Whose rate limit a request counts against; no secret. */
  readonly name: string
  readonly authorization: string | null
}

interface TransportRequest {
  readonly method: string
  /** Path below the API's base, beginning with a slash, with its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  readonly repository: string
  readonly credential: Credential
  readonly signal: AbortSignal | undefined
  /** Bytes of the answer; more is an error. */
  readonly maxBytes: number
}

/**
 * Sends and answers with GitHub's answer (2xx, 304, 4xx, or 5xx that stayed).
 * @throws RetryAfterError on a limit longer than a minute; PermanentError on a redirect or too large an answer;
 * Error when GitHub could not be reached.
 */
export type HttpTransport = (request: TransportRequest) => Promise<GitHubAnswer>

interface TransportOptions {
  readonly apiUrl: string
  readonly fetch: typeof globalThis.fetch
  readonly limits: Limits
  readonly sleep: Sleep
  readonly timeoutMs: number
}

const BACKOFF_MS = [300, 1_000, 3_000] as const
/** After so many refusals in a row by a limit the run is better tried again later. */
const MAX_LIMIT_REFUSALS = 3
const REDIRECTS = [301, 302, 303, 307, 308]
/** The connection never came to be, so GitHub cannot have seen the request. */
const NEVER_SENT = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]

/** The transport that everything to GitHub goes through. */
export function createHttpTransport(options: TransportOptions): HttpTransport {
  const { limits, sleep } = options
  return async (request) => {
    const { credential, path, signal } = request
    let refusals = 0
    for (let failures = 0; ;) {
      await limits.pass(credential.name, path, signal)
      const backoffMs = BACKOFF_MS[failures]
      const answer = await once(options, request).catch((error: unknown) => {
        if (backoffMs === undefined || !mayRepeat(request, error)) throw explained(error, request, options)
        return null
      })
      if (answer && limits.learn(credential.name, path, answer)) {
        refusals += 1
        if (refusals < MAX_LIMIT_REFUSALS) continue
        throw new GitHubLimited(`GitHub keeps limiting ${named(request)}`, 60_000)
      }
      if (backoffMs !== undefined && (!answer || (answer.status >= 500 && isRead(request.method)))) {
        failures += 1
        await sleep(backoffMs, signal)
        continue
      }
      // A redirect may lead into another repository or to another host, with our credential: never followed.
      if (answer && REDIRECTS.includes(answer.status))
        throw toFailure(answer, { ...request, credential: credential.kind })
      if (answer) return answer
    }
  }
}

async function once(options: TransportOptions, request: TransportRequest): Promise<GitHubAnswer> {
  const signals = [AbortSignal.timeout(options.timeoutMs), ...(request.signal ? [request.signal] : [])]
  const { authorization } = request.credential
  const response = await options.fetch(addressOf(options.apiUrl, request.path), {
    method: request.method,
    headers: { ...request.headers, ...(authorization === null ? {} : { authorization }) },
    body: request.body,
    redirect: 'manual',
    signal: AbortSignal.any(signals),
  })
  const { status, headers } = response
  const body = await readBounded(response.body ?? [], request.maxBytes)
  if (body !== null) return { status, headers, body: withoutTokens(headers, body) }
  throw new PermanentError(
    `GitHub's answer to ${named(request)} is larger than ${request.maxBytes} bytes; ask for less`,
    { reason: 'too_large' },
  )
}

// An Enterprise server has its REST API below /api/v3, and GraphQL beside it.
function addressOf(apiUrl: string, path: string): string {
  return path === '/graphql' ? apiUrl.replace(/\/api\/v3$/, '/api') + path : apiUrl + path
}

// GitHub's description of a private repository may hold a token to clone it with, that of a private file an address
// with a token. Modules get to see what GitHub answers, so both are taken out where every answer passes.
function withoutTokens(headers: Headers, body: Buffer): Buffer {
  const isJson = /^application\/json\b/i.test(headers.get('content-type') ?? '')
  if (!isJson || !(body.includes('"temp_clone_token"') || body.includes('?token='))) return body
  const text = body
    .toString()
    .replaceAll(/"temp_clone_token"\s*:\s*"[^"]*"/g, '"temp_clone_token":""')
    .replaceAll(/("download_url"\s*:\s*"[^"?]*)\?token=[^"]*"/g, '$1"')
  return Buffer.from(text)
}

function mayRepeat(request: TransportRequest, error: unknown): boolean {
  if (request.signal?.aborted || error instanceof PermanentError) return false
  return isRead(request.method) || NEVER_SENT.includes(codeOf(error))
}

function explained(error: unknown, request: TransportRequest, options: TransportOptions): Error {
  if (request.signal?.aborted) return toError(request.signal.reason)
  if (error instanceof PermanentError) return error
  const code = codeOf(error)
  const unsure =
    isRead(request.method) || NEVER_SENT.includes(code) ? '' : '; whether it took effect is unknown'
  if (code === 'TimeoutError') {
    return new GitHubUnavailable(
      `GitHub did not answer ${named(request)} within ${options.timeoutMs / 1_000} s${unsure}`,
    )
  }
  // The cause stays out: undici quotes a bad header's value in its text, and that could be the token.
  return new GitHubUnavailable(
    `cannot reach GitHub at ${options.apiUrl} for ${named(request)}: ${code}${unsure}`,
  )
}

const named = (request: TransportRequest) =>
  operationName({ ...request, credential: request.credential.kind })

function codeOf(error: unknown): string {
  const { cause, name } = toError(error) as Error & { cause?: { code?: unknown; name?: unknown } }
  if (typeof cause?.code === 'string') return cause.code
  return typeof cause?.name === 'string' && name !== 'TimeoutError' ? cause.name : name
}

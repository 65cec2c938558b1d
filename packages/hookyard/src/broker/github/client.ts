// GitHub as the service sees it: an Octokit per repository over one transport (http-transport.ts), whose errors are
// already PermanentError (GitHub refuses), RetryAfterError (a limit) or Error (try again).
import { setTimeout as delay } from 'node:timers/promises'
import { Octokit as Core } from '@octokit/core'
import { paginateRest } from '@octokit/plugin-paginate-rest'
import { restEndpointMethods } from '@octokit/plugin-rest-endpoint-methods'
import { RequestError } from '@octokit/request-error'
import { PermanentError, toError } from '../../lib/errors.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { createCredentials, DEFAULT_HEADERS } from './credentials.ts'
import { createLimits, type Sleep } from './limits.ts'
import { type CredentialKind, type GitHubAnswer, jsonOf, toFailure } from './errors.ts'
import { createHttpTransport } from './http-transport.ts'

export interface GitHubOptions {
  /** `https://api.github.com`, an Enterprise server's API, or a stand-in. */
  readonly apiUrl: string
  readonly token?: string | null
  /** Goes before a token. */
  readonly app?: { readonly id: string; readonly privateKey: string } | null
  readonly log: Log
  readonly clock: Clock
  readonly fetch?: typeof globalThis.fetch
  readonly sleep?: Sleep
  /** How long one exchange may take; 30 s. */
  readonly timeoutMs?: number
}

export interface GitHubRequest {
  readonly method: string
  /** Path below the API's base, beginning with a slash, with its query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | null
  /** Bytes of the answer; 32 MiB. */
  readonly maxBytes?: number
}

export interface GitHub {
  /** Without a slash at its end. */
  readonly apiUrl: string
  readonly credential: CredentialKind
  /** Octokit for `owner/name`; its requests stop when the signal is aborted. */
  octokit(repository: string, signal?: AbortSignal): Octokit
  /** One exchange about `owner/name`; answers with 2xx, 304, 4xx and lasting 5xx alike. */
  send(repository: string, request: GitHubRequest, signal?: AbortSignal): Promise<GitHubAnswer>
  /** The login that this service writes as: the token's user, or `slug[bot]` of the App; '' when GitHub does not tell. */
  ownLogin(repository: string): Promise<string>
}

const MAX_ANSWER_BYTES = 32 * 1_048_576
/** A new installation token takes a moment until every server of GitHub knows it. */
const TOKEN_SPREADS_MS = 1_000

/** Connects nothing yet. @throws PermanentError when the token or the private key cannot be one. */
export function createGitHub(options: GitHubOptions): GitHub {
  const { clock, log } = options
  const apiUrl = options.apiUrl.replace(/\/+$/, '')
  const sleep = options.sleep ?? sleepAwhile
  const transport = createHttpTransport({
    apiUrl,
    fetch: options.fetch ?? globalThis.fetch,
    limits: createLimits({ clock, sleep, log }),
    sleep,
    timeoutMs: options.timeoutMs ?? 30_000,
  })
  const { token = null, app = null } = options
  const credentials = createCredentials({ token, app, transport, clock })
  let login: Promise<string> | undefined

  const send: GitHub['send'] = async (repository, request, signal) => {
    for (let again = true; ; again = false) {
      const credential = await credentials.forRepository(repository.toLowerCase())
      const answer = await transport({
        method: request.method,
        path: request.path,
        headers: { ...DEFAULT_HEADERS, ...request.headers },
        body: request.body ?? null,
        repository,
        credential,
        signal,
        maxBytes: request.maxBytes ?? MAX_ANSWER_BYTES,
      })
      const renewed =
        answer.status === 401 && again && (await credentials.renew(repository.toLowerCase(), credential))
      if (!renewed) return answer
      await sleep(TOKEN_SPREADS_MS, signal)
    }
  }

  async function askLogin(repository: string): Promise<string> {
    if (credentials.identity) return `${(await credentials.identity()).slug}[bot]`
    const answer = await send(repository, { method: 'GET', path: '/user' })
    if (answer.status === 403 || answer.status === 404) {
      // A token that is nobody's (an App's, handed over as a personal one) may write, and not ask who it is.
      log.warn(
        { status: answer.status },
        'GitHub does not say whose token this is: after a crash a comment cannot be found again, and is written anew',
      )
      return ''
    }
    if (answer.status !== 200) {
      throw toFailure(answer, { method: 'GET', path: '/user', repository, credential: credentials.kind })
    }
    return (jsonOf(answer) as { login: string }).login
  }

  const github: GitHub = {
    apiUrl,
    credential: credentials.kind,
    octokit: (repository, signal) => createOctokit(github, log, repository, signal),
    send,
    ownLogin(repository) {
      login ??= askLogin(repository).catch((error: unknown) => {
        login = undefined
        throw error
      })
      return login
    },
  }
  return github
}

const sleepAwhile: Sleep = (ms, signal) =>
  delay(ms, undefined, { signal }).catch((error: unknown) => {
    throw signal?.aborted ? toError(signal.reason) : error
  })

/** For its routes, types and pagination; throttling, retries and authentication are the transport's. */
const Octokit = Core.plugin(restEndpointMethods, paginateRest)
export type Octokit = InstanceType<typeof Octokit>

function createOctokit(github: GitHub, log: Log, repository: string, signal?: AbortSignal): Octokit {
  const fetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
    if (!url.startsWith(`${github.apiUrl}/`)) {
      throw new PermanentError(`GitHub pointed outside its own API: ${url.slice(0, 200)}`, {
        reason: 'github_moved',
      })
    }
    const method = init.method ?? 'GET'
    const path = url.slice(github.apiUrl.length)
    const headers = init.headers as Record<string, string>
    const body = typeof init.body === 'string' ? init.body : null
    const answer = await github.send(repository, { method, path, headers, body }, signal)
    if (answer.status >= 400)
      throw toFailure(answer, { method, path, repository, credential: github.credential })
    return toResponse(answer, url)
  }
  const octokit = new Octokit({
    baseUrl: github.apiUrl,
    request: { fetch },
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (message: string) => log.warn({ repository }, message),
      error: (message: string) => log.warn({ repository }, message),
    },
  })
  // Octokit wraps what its fetch throws.
  octokit.hook.error('request', (error) => {
    throw error instanceof RequestError && error.cause !== undefined ? error.cause : error
  })
  return octokit
}

function toResponse(answer: GitHubAnswer, url: string): Response {
  const headers = new Headers(answer.headers)
  // fetch has already undone the compression.
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name)
  const empty = [204, 205, 304].includes(answer.status)
  const response = new Response(empty ? null : Buffer.from(answer.body), { status: answer.status, headers })
  // A Response that was made has no address, and Octokit's pagination reads it.
  return Object.defineProperty(response, 'url', { value: url })
}

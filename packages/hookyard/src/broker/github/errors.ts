// GitHub's refusals as errors: what was asked, what GitHub said, how to fix it. Never a token.
import { PermanentError, RetryAfterError } from '../../lib/errors.ts'

/** What one HTTP exchange brought back; `body` is read to its end. */
export interface GitHubAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

/** How the service presents itself to GitHub. */
export type CredentialKind = 'token' | 'app' | 'none'

/** Which exchange an error is about. */
export interface Operation {
  readonly method: string
  /** Path below the API's base, with or without its query. */
  readonly path: string
  readonly repository: string
  readonly credential: CredentialKind
}

/** GitHub said no, and would say it again: `status` is its HTTP status, `field` what a validation error names. */
export class GitHubError extends PermanentError {
  readonly status: number
  readonly fields: readonly string[]

  constructor(message: string, options: { reason: string; status: number; fields?: readonly string[] }) {
    super(message, { reason: options.reason })
    this.name = 'GitHubError'
    this.status = options.status
    this.fields = options.fields ?? []
  }
}

/** GitHub's limit is reached: try again after `delayMs`. */
export class GitHubLimited extends RetryAfterError {
  readonly reason = 'github_limited'
}

/** GitHub answers with 5xx or not at all: worth another try. */
export class GitHubUnavailable extends Error {
  readonly reason = 'github_unavailable'

  constructor(message: string) {
    super(message)
    this.name = 'GitHubUnavailable'
  }
}

/** The reason of a refusal by its HTTP status. */
export const REASONS: Readonly<Record<number, string>> = {
  401: 'github_unauthorized',
  403: 'github_forbidden',
  404: 'github_not_found',
  410: 'github_gone',
  422: 'github_invalid',
  451: 'github_forbidden',
}

/** The error that belongs to an answer of 300 or more: a `GitHubError`, or `GitHubUnavailable` for 5xx. */
export function toFailure(answer: GitHubAnswer, operation: Operation): Error {
  const { status } = answer
  const said = spoken(answer)
  const what = `GitHub answered ${status}${said.message ? ` (${said.message})` : ''} to ${operationName(operation)}`
  if (status >= 500) {
    const unsure = isRead(operation.method) ? '' : '; whether it took effect is unknown'
    return new GitHubUnavailable(`${what}${unsure}`)
  }
  if (status < 400) {
    return new GitHubError(
      `${what}: the repository was renamed or the issue transferred, and redirects are not followed; use its new name`,
      { reason: 'github_moved', status },
    )
  }
  return new GitHubError(`${what}: ${howToFix(answer, operation)}`, {
    reason: REASONS[status] ?? 'github_refused',
    status,
    fields: said.fields,
  })
}

/** `POST /repos/o/r/issues/1/comments (o/r)`, without the query. */
export function operationName(operation: Operation): string {
  return `${operation.method} ${operation.path.split('?')[0]} (${operation.repository})`
}

/** GET and HEAD change nothing and may be repeated. */
export const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD'

/** True when the error is GitHub's refusal with one of these statuses. */
export function hasStatus(error: unknown, ...statuses: number[]): error is GitHubError {
  return error instanceof GitHubError && statuses.includes(error.status)
}

function howToFix(answer: GitHubAnswer, { credential, repository }: Operation): string {
  switch (answer.status) {
    case 401:
      if (credential === 'app')
        return 'check GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY, and this machine’s clock'
      return 'the token is wrong, expired or revoked; set a valid GITHUB_TOKEN'
    case 403:
      return `give the ${credential === 'app' ? 'App' : 'token'} ${wanted(answer)} on ${repository}`
    case 404:
      return credential === 'app'
        ? `it does not exist, or the App is not installed on ${repository} or lacks the permission to see it`
        : `it does not exist, or the token may not see it; give the token access to ${repository}`
    case 410:
      return 'it was deleted, or the feature is turned off in the repository’s settings'
    case 422:
      return 'GitHub found the request invalid; correct what the module sends'
    default:
      return 'another try would be refused alike'
  }
}

// https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#resource-not-accessible
function wanted(answer: GitHubAnswer): string {
  const permissions = answer.headers.get('x-accepted-github-permissions')
  if (permissions) return `the permission ${permissions.replaceAll('=', ': ').replaceAll(';', ' or ')}`
  if (answer.headers.has('x-github-sso'))
    return 'an SSO authorization (https://docs.github.com/authentication)'
  return 'the permission that this needs'
}

/** GitHub's own words: its message, its validation errors, and the fields that these name. */
function spoken(answer: GitHubAnswer): { message: string; fields: string[] } {
  const body = jsonOf(answer)
  if (typeof body !== 'object' || body === null) return { message: '', fields: [] }
  const { message, errors } = body as { message?: unknown; errors?: unknown }
  const list: unknown[] = Array.isArray(errors) ? errors : []
  const texts = [message, ...list.map(errorText)].filter((text) => typeof text === 'string' && text !== '')
  const fields = list
    .map((error) => (error as { field?: unknown } | null)?.field)
    .filter((field) => typeof field === 'string')
  return { message: texts.join('; ').slice(0, 500), fields }
}

function errorText(error: unknown): string | undefined {
  if (typeof error === 'string') return error
  if (typeof error !== 'object' || error === null) return undefined
  const { message, resource, field, code } = error as Record<string, unknown>
  if (typeof message === 'string') return message
  return [resource, field, code].filter((part) => typeof part === 'string').join(' ')
}

/** The body as JSON, or undefined when it is none. */
export function jsonOf(answer: GitHubAnswer): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(answer.body)) as unknown
  } catch {
    return undefined
  }
}

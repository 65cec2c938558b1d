// GraphQL, for the few things that REST does not have. Only the named questions of this folder use it: what a module
// asks for is never part of a query's text, and every answer is checked to be about the run's own subject.
import { PermanentError } from '../../lib/errors.ts'
import type { GitHub } from './client.ts'
import { GitHubLimited, GitHubError, jsonOf, toFailure } from './errors.ts'
import type { RunScope } from './scope.ts'

interface GraphqlError {
  readonly type?: unknown
  readonly message?: unknown
}

const ERRORS: Readonly<Record<string, { reason: string; status: number; fix: string }>> = {
  NOT_FOUND: {
    reason: 'github_not_found',
    status: 404,
    fix: 'it does not exist, or the credentials may not see it',
  },
  FORBIDDEN: {
    reason: 'github_forbidden',
    status: 403,
    fix: 'give the credentials the permission that this needs',
  },
  INSUFFICIENT_SCOPES: {
    reason: 'github_forbidden',
    status: 403,
    fix: 'give the token the scopes that the message names',
  },
}

/** GitHub's limit for GraphQL is counted in points per hour; it says no more than that it is used up. */
const LIMIT_WAIT_MS = 60_000

/**
 * One question; `what` names it in errors.
 * @throws GitHubError, GitHubLimited, Error for 5xx; PermanentError for an answer that is none.
 */
export async function askGraphql<T>(
  github: GitHub,
  scope: RunScope,
  what: string,
  query: string,
  variables: Readonly<Record<string, unknown>>,
): Promise<T> {
  const request = {
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  }
  const answer = await github.send(scope.repository, request, scope.signal)
  if (answer.status !== 200) {
    throw toFailure(answer, { ...request, repository: scope.repository, credential: github.credential })
  }
  const { data, errors } = (jsonOf(answer) ?? {}) as { data?: T | null; errors?: readonly GraphqlError[] }
  const [first] = errors ?? []
  if (first !== undefined) throw errorOf(first, what, scope)
  if (data == null) {
    throw new PermanentError(`GitHub answered ${what} (${scope.repository}) without data`, {
      reason: 'github_refused',
    })
  }
  return data
}

function errorOf({ type, message }: GraphqlError, what: string, scope: RunScope): Error {
  const said = typeof message === 'string' ? message.slice(0, 300) : 'no reason given'
  const sentence = `GitHub refused ${what} (${scope.repository}): ${said}`
  if (type === 'RATE_LIMITED') return new GitHubLimited(sentence, LIMIT_WAIT_MS)
  const known = ERRORS[String(type)]
  return new GitHubError(`${sentence}: ${known?.fix ?? 'another try would be refused alike'}`, {
    reason: known?.reason ?? 'github_refused',
    status: known?.status ?? 422,
  })
}

/** An account as GraphQL names it. */
export interface Actor {
  readonly __typename: string
  readonly login: string
}

/** A login as REST and the page have it: GraphQL leaves out the `[bot]` of an App. */
export const loginOf = (actor: Actor | null | undefined): string =>
  actor == null ? 'ghost' : actor.__typename === 'Bot' ? `${actor.login}[bot]` : actor.login

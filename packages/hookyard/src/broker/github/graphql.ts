// GraphQL, for the few things that REST does not have. Only the named questions of this folder use it: what a module
// asks for is never part of a query's text, and every answer is checked to be about the run's own subject.
import { PermanentError } from '../../lib/errors.ts'
import { type Fields, fields, text } from '../../lib/fields.ts'
import type { GitHub } from './client.ts'
import { GitHubLimited, GitHubError, REASONS, jsonOf, toFailure } from './errors.ts'
import type { RunScope } from './scope.ts'

/** REST's status for an error's type, and the fix. */
const ERRORS: Readonly<Record<string, readonly [status: number, fix: string]>> = {
  NOT_FOUND: [404, 'it does not exist, or the credentials may not see it'],
  FORBIDDEN: [403, 'give the credentials the permission that this needs'],
  INSUFFICIENT_SCOPES: [403, 'give the token the scopes that the message names'],
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
  const { data, errors } = (jsonOf(answer) ?? {}) as { data?: T | null; errors?: readonly unknown[] }
  const [first] = errors ?? []
  if (first !== undefined) throw errorOf(fields(first), what, scope)
  if (data == null) {
    throw new PermanentError(`GitHub answered ${what} (${scope.repository}) without data`, {
      reason: 'github_refused',
    })
  }
  return data
}

function errorOf({ type, message }: Fields, what: string, scope: RunScope): Error {
  const said = text(message)?.slice(0, 300) ?? 'no reason given'
  const sentence = `GitHub refused ${what} (${scope.repository}): ${said}`
  if (type === 'RATE_LIMITED') return new GitHubLimited(sentence, LIMIT_WAIT_MS)
  const [status, fix] = ERRORS[String(type)] ?? []
  return new GitHubError(`${sentence}: ${fix ?? 'another try would be refused alike'}`, {
    reason: REASONS[status ?? 0] ?? 'github_refused',
    status: status ?? 422,
  })
}

/** A page of a list. */
export interface Nodes<T> {
  readonly nodes: readonly T[]
}

/** An account as GraphQL names it. */
export interface Actor {
  readonly __typename: string
  readonly login: string
}

/** A login as REST and the page have it: GraphQL leaves out the `[bot]` of an App. */
export const loginOf = (actor: Actor | null | undefined): string =>
  actor == null ? 'ghost' : actor.__typename === 'Bot' ? `${actor.login}[bot]` : actor.login

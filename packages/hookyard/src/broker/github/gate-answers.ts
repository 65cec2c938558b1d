// What passes the gate: headers in both directions, and of GitHub's answers only what is of the run's repository (a
// timeline brings issues of others, and GitHub answers by what the service's credentials may see).
import type { GitHubAnswer } from './errors.ts'
import { isHitOf } from './search-query.ts'

/** Headers by name, in lower case. */
export type Named = Readonly<Record<string, string>>

/** Credentials come from the broker alone, and no header may change what a method means. */
const REQUEST_HEADERS = ['accept', 'x-github-api-version', 'if-none-match']
const ANSWER_HEADERS = [
  'content-type',
  'etag',
  'last-modified',
  'link',
  'retry-after',
  'x-github-media-type',
  'x-github-request-id',
  ...['limit', 'remaining', 'reset', 'resource', 'used'].map((name) => `x-ratelimit-${name}`),
]

/** What of a module's headers goes out; or the sentence that says what is wrong with one. */
export function requestHeaders(given: Named): Named | string {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) {
    if (!REQUEST_HEADERS.includes(name.toLowerCase())) continue
    if (!/^[\t\x20-\x7e]{0,1000}$/.test(value))
      return `the header ${name} holds characters that do not belong into one`
    headers[name.toLowerCase()] = value
  }
  return headers
}

/** What of GitHub's headers a module gets to see. */
export function answerHeaders(
  apiUrl: string,
  repository: string,
  answer: GitHubAnswer,
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of ANSWER_HEADERS) {
    const value = answer.headers.get(name)
    if (value !== null) headers[name] = value
  }
  // GitHub's links to further pages name the repository by its id, which says nothing to the gate.
  if (headers.link) {
    headers.link = headers.link.replaceAll(/<([^>]*)\/repositories\/\d+(?=[/?>])/g, (whole, base: string) =>
      base === apiUrl ? `<${base}/repos/${repository}` : whole,
    )
  }
  return headers
}

const FOREIGN = Symbol('of another repository')

/**
 * The JSON without issues and pull requests of other repositories: out of lists, else null in their place. Null when
 * the answer as a whole is one. What is no JSON comes back as it is.
 */
export function withoutForeignIssues(repository: string, body: string): string | null {
  if (!body.includes('"repository_url"')) return body
  let found = false
  const reviver = (_key: string, value: unknown): unknown => {
    if (Array.isArray(value)) return value.filter((one) => one !== FOREIGN)
    if (typeof value !== 'object' || value === null) return value
    const { repository_url: url } = value as { repository_url?: unknown }
    if (typeof url === 'string' && !isHitOf(repository, value)) {
      found = true
      return FOREIGN
    }
    const entries = Object.entries(value)
    if (!entries.some(([, one]) => one === FOREIGN)) return value
    return Object.fromEntries(entries.map(([key, one]) => [key, one === FOREIGN ? null : one]))
  }
  try {
    const kept: unknown = JSON.parse(body, reviver)
    if (kept === FOREIGN) return null
    return found ? JSON.stringify(kept) : body
  } catch {
    return body
  }
}

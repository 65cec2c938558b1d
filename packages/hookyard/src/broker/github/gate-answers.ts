// What of GitHub's answers about a repository tells of other ones. A timeline brings whole issues that mention this one,
// sub-issues and dependencies may lie anywhere, and GitHub answers by what the service's credentials may see.
import { isHitOf } from './search-query.ts'

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

// Who hears of an event, and where modules may act (contract section 2). Two questions, kept apart: being
// told of a repository never means being allowed to act on it. Look-ups are by map: their cost is the number
// of matches, not of users.
import type { Config, User } from '../config/config.ts'

export interface Access {
  /** Users who hear of a repository, in config order; the first admin when nobody does. Never empty. */
  audience(repository: string | null): readonly User[]
  /** May this user's feature flag start a run there? Events without a repository: admins alone. */
  mayAct(user: User, repository: string | null): boolean
  /**
   * May this user start a run there by a call or a command? Where the flag may; an admin also wherever any
   * user's `repos` reach. A run without a repository: everybody with the scope.
   */
  mayCall(user: User, repository: string | null): boolean
  /** Do any `repos` of the configuration cover it: the top-level ones or any user's? */
  reaches(repository: string): boolean
  /** The repositories that the configuration names in full, sorted, in lower case. */
  named(): readonly string[]
  user(name: string): User | undefined
  /** Users with this GitHub login. */
  people(login: string): readonly User[]
  firstAdmin(): User
  /** In config order. */
  admins(): readonly User[]
}

/** Indexes the users of a configuration. */
export function createAccess(config: Config): Access {
  const everywhere = createPatternIndex(config.repos.map((pattern) => [pattern, true] as const))
  const subscribers = createPatternIndex(
    config.users.flatMap((user) => user.repos.map((pattern) => [pattern, user] as const)),
  )
  const wildcard = config.users.filter((user) => user.role === 'admin' && user.repos.length === 0)
  const byName = new Map(config.users.map((user) => [user.name, user]))
  const order = new Map(config.users.map((user, index) => [user.name, index]))
  const admin = config.users.find((user) => user.role === 'admin')
  if (!admin) throw new Error('the configuration has no admin; at least one user needs `role: admin`')

  const byLogin = Map.groupBy(config.users, (user) => user.github?.toLowerCase())
  const patterns = [...config.repos, ...config.users.flatMap((user) => user.repos)]
  const named = [...new Set(patterns.map((pattern) => pattern.toLowerCase()))]
    .filter((pattern) => !pattern.endsWith('/*'))
    .sort()
  const reaches = (repository: string): boolean =>
    everywhere.matches(repository).length > 0 || subscribers.matches(repository).length > 0

  const mayAct = (user: User, repository: string | null): boolean => {
    if (repository === null) return user.role === 'admin'
    return everywhere.matches(repository).length > 0 || subscribers.matches(repository).includes(user)
  }

  return {
    audience(repository) {
      const heard = new Set([...subscribers.matches(repository), ...wildcard])
      if (heard.size === 0) return [admin]
      if (heard.size === 1) return [...heard]
      return [...heard].sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0))
    },
    mayAct,
    mayCall(user, repository) {
      if (repository === null || mayAct(user, repository)) return true
      return user.role === 'admin' && reaches(repository)
    },
    reaches,
    named: () => named,
    user: (name) => byName.get(name),
    people: (login) => byLogin.get(login.toLowerCase()) ?? [],
    firstAdmin: () => admin,
    admins: () => config.users.filter((user) => user.role === 'admin'),
  }
}

/** Maps `owner/name` and `owner/*` patterns to values; one look-up is two map reads. */
function createPatternIndex<T>(entries: readonly (readonly [pattern: string, value: T])[]) {
  const index = new Map<string, T[]>()
  for (const [pattern, value] of entries) {
    const key = pattern.toLowerCase()
    const held = index.get(key)
    if (held) held.push(value)
    else index.set(key, [value])
  }
  return {
    matches(repository: string | null): readonly T[] {
      if (repository === null) return []
      const name = repository.toLowerCase()
      const exact = index.get(name) ?? []
      const owner = index.get(`${name.slice(0, name.indexOf('/'))}/*`) ?? []
      return exact.length === 0 ? owner : owner.length === 0 ? exact : [...exact, ...owner]
    },
  }
}

// Who hears of an event, and where modules may act (contract section 2). Two questions, kept apart: being told of
// a repository never means being allowed to act on it. Who hears is the configuration with the users' own settings
// over it; a repository that a user added beyond the configuration counts only while GitHub lets that user read it.
// Where modules may act is the configuration alone, so that nothing said in a chat can widen it. Look-ups are by
// map: their cost is the number of matches, not of users.
import type { Config, User } from '../config/config.ts'
import { type EffectiveUser, type Overlay, effectiveUsers, isToldOfAll } from './effective-user.ts'
import { type People, createPeople } from './people.ts'
import type { Readings } from './reading.ts'

export interface Access extends People {
  /**
   * Users who hear of a repository, in config order; the first admin when nobody does. Empty when that admin
   * has asked not to hear of it. `readings`: GitHub's word on those of `addedBeyond`; without it they hear nothing.
   */
  audience(repository: string | null, readings?: Readings): readonly User[]
  /** Users who added the repository by chat where `mayHear` is false: GitHub is to be asked whether they may read it. */
  addedBeyond(repository: string | null): readonly User[]
  /**
   * Does the configuration let this user be told of the repository: by the user's own `repos`, or as an admin
   * without any? The top-level `repos` do not count. Of no repository: everybody.
   */
  mayHear(user: User, repository: string | null): boolean
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
  /** The user as they are now: `repos` says of what they hear, never where modules may act. */
  user(name: string): User | undefined
  /** Users with this GitHub login. */
  people(login: string): readonly User[]
  firstAdmin(): User
  /** In config order. */
  admins(): readonly User[]
  /** Has this user asked not to be told of this entity, or its repository, at `now` (ms since the epoch)? */
  isMuted(user: string, entity: string, now: number): boolean
}

const NO_SETTINGS: Overlay = { settings: [], featureFlags: [] }

/** Indexes the users of a configuration, with what they set over it. */
export function createAccess(config: Config, overlay: Overlay = NO_SETTINGS): Access {
  const people = effectiveUsers(config, overlay)
  const users = people.map(({ user }) => user)
  const byName = new Map(people.map((person) => [person.user.name, person]))
  const byLogin = Map.groupBy(users, (user) => user.github?.toLowerCase())
  const order = new Map(users.map((user, index) => [user.name, index]))
  const admin = people.find(({ user }) => user.role === 'admin')
  if (!admin) throw new Error('the configuration has no admin; at least one user needs `role: admin`')
  const hearsOfAll = new Set(config.users.filter(isToldOfAll).map(({ name }) => name))
  const wildcard = people.filter(({ user }) => hearsOfAll.has(user.name) && user.repos.length === 0)
  const subscribers = createPatternIndex(
    people.flatMap((person) => person.candidates.map((pattern) => [pattern, person] as const)),
  )
  const own = createPatternIndex(
    config.users.flatMap((user) => user.repos.map((pattern) => [pattern, user.name] as const)),
  )
  const mayHear = ({ name }: User, repository: string | null): boolean =>
    repository === null || hearsOfAll.has(name) || own.matches(repository).includes(name)
  const wants = (person: EffectiveUser, name: string | null) => name === null || !person.hasRemoved(name)

  return {
    audience(repository, readings) {
      const name = repository?.toLowerCase() ?? null
      const mayBeTold = ({ user }: EffectiveUser) =>
        mayHear(user, name) || readings?.get(user.name) === 'readable'
      const candidates = new Set([...subscribers.matches(name).filter(mayBeTold), ...wildcard])
      const heard = [...candidates].filter((person) => wants(person, name)).map(({ user }) => user)
      if (heard.length === 0) return wants(admin, name) ? [admin.user] : []
      if (heard.length === 1) return heard
      return heard.sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0))
    },
    addedBeyond(repository) {
      const name = repository?.toLowerCase() ?? null
      const added = new Set(subscribers.matches(name))
      return [...added].filter((one) => !mayHear(one.user, name) && wants(one, name)).map(({ user }) => user)
    },
    mayHear,
    ...createAuthority(config, own),
    ...createPeople(config, users),
    user: (name) => byName.get(name)?.user,
    people: (login) => byLogin.get(login.toLowerCase()) ?? [],
    firstAdmin: () => admin.user,
    admins: () => users.filter(({ role }) => role === 'admin'),
    isMuted: (user, entity, now) => (byName.get(user)?.mutedUntil(entity) ?? -Infinity) > now,
  }
}

/** Where modules may act: what the operator wrote, and nothing else. `own`: names of users by their patterns. */
function createAuthority(
  config: Config,
  own: PatternIndex<string>,
): Pick<Access, 'mayAct' | 'mayCall' | 'reaches' | 'named'> {
  const everywhere = createPatternIndex(config.repos.map((pattern) => [pattern, true] as const))
  const patterns = [...config.repos, ...config.users.flatMap((user) => user.repos)]
  const named = [...new Set(patterns.map((pattern) => pattern.toLowerCase()))]
    .filter((pattern) => !pattern.endsWith('/*'))
    .sort()
  const reaches = (repository: string): boolean =>
    everywhere.matches(repository).length > 0 || own.matches(repository).length > 0
  const mayAct = (user: User, repository: string | null): boolean => {
    if (repository === null) return user.role === 'admin'
    return everywhere.matches(repository).length > 0 || own.matches(repository).includes(user.name)
  }
  return {
    mayAct,
    mayCall(user, repository) {
      if (repository === null || mayAct(user, repository)) return true
      return user.role === 'admin' && reaches(repository)
    },
    reaches,
    named: () => named,
  }
}

interface PatternIndex<T> {
  matches(repository: string | null): readonly T[]
}

/** Maps `owner/name` and `owner/*` patterns to values; one look-up is two map reads. */
function createPatternIndex<T>(entries: readonly (readonly [pattern: string, value: T])[]): PatternIndex<T> {
  const index = new Map<string, T[]>()
  for (const [pattern, value] of entries) {
    const key = pattern.toLowerCase()
    const held = index.get(key)
    if (held) held.push(value)
    else index.set(key, [value])
  }
  return {
    matches(repository) {
      if (repository === null) return []
      const name = repository.toLowerCase()
      const exact = index.get(name) ?? []
      const owner = index.get(`${name.slice(0, name.indexOf('/'))}/*`) ?? []
      return exact.length === 0 ? owner : owner.length === 0 ? exact : [...exact, ...owner]
    },
  }
}

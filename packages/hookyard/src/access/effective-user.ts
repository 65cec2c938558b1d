// A user as they are now: what the configuration says, with what they set by chat laid over it. What lies here
// decides who hears, where and of what. It never decides where modules may act: access.ts asks the configuration
// alone for that.
import type { Config, User } from '../config/config.ts'
import type { Claim, UserSetting } from '../store/store.ts'

/** What users set, and the flags that they can set. */
export interface Overlay {
  readonly settings: readonly UserSetting[]
  /** Every flag that a module declares: what `features: all` of the implicit admin stands for. */
  readonly featureFlags: readonly string[]
  /** Who users said that they are on Telegram, by a code. */
  readonly claims?: readonly Claim[]
}

export interface EffectiveUser {
  /** `repos`, `address`, `features`, `telegramId` and `chatId` are the effective ones. */
  readonly user: User
  /** Patterns that were configured or added, the removed ones included: where to look the user up. */
  readonly candidates: readonly string[]
  /** Has the user asked not to hear of this repository (lower case)? */
  hasRemoved(repository: string): boolean
  /** Until when the user does not want to be told of this entity, in ms since the epoch; null: no mute. */
  mutedUntil(entity: string): number | null
}

/** The users in the order of the configuration. Settings of users who are no longer in it have no effect. */
export function effectiveUsers(config: Config, overlay: Overlay): EffectiveUser[] {
  const byUser = Map.groupBy(overlay.settings, (setting) => setting.user)
  return config.users
    .map((user) => withClaim(user, overlay.claims ?? []))
    .map((user) => layOver(user, byUser.get(user.name) ?? [], overlay.featureFlags))
}

/** The operator's `telegram_id` goes before a claim; so do `chat_id` and an address before the claimed private chat. */
function withClaim(user: User, claims: readonly Claim[]): User {
  const claim = claims.find((one) => one.user === user.name)
  if (claim === undefined || (user.telegramId !== null && user.telegramId !== claim.telegramId)) return user
  const { telegramId, chatId } = claim
  return {
    ...user,
    telegramId,
    chatId: user.chatId ?? chatId,
    address: user.address ?? (chatId === null ? null : `telegram:${chatId}`),
  }
}

/** The patterns that a user added and removed, in the order of the settings. */
export function repositoryPatterns(settings: readonly UserSetting[]): { added: string[]; removed: string[] } {
  const repos = settings.filter(({ kind }) => kind === 'repo')
  const those = (word: string) => repos.filter(({ value }) => value === word).map(({ key }) => key)
  return { added: those('added'), removed: those('removed') }
}

/** Does one of the patterns cover this repository or pattern? */
export function covers(patterns: readonly string[], wanted: string): boolean {
  return patterns.includes(wanted) || patterns.includes(`${wanted.slice(0, wanted.indexOf('/'))}/*`)
}

/** An admin whose `repos` the configuration leaves empty may be told of every repository. */
export const isToldOfAll = ({ role, repos }: User): boolean => role === 'admin' && repos.length === 0

/** Does the configuration let this user, as it names them, be told of all that the pattern covers? */
export const isWithin = (configured: User, pattern: string): boolean =>
  isToldOfAll(configured) || covers(configured.repos, pattern)

/** The repository of an entity key. */
export const repositoryOf = (entity: string): string => entity.replace(/[#@].*$/s, '')

function layOver(user: User, settings: readonly UserSetting[], flags: readonly string[]): EffectiveUser {
  const ofKind = (kind: UserSetting['kind']) =>
    new Map(settings.filter((setting) => setting.kind === kind).map(({ key, value }) => [key, value]))
  const [repos, features, mutes] = [ofKind('repo'), ofKind('feature'), ofKind('mute')]
  const { added } = repositoryPatterns(settings)
  const candidates = [...new Set([...user.repos, ...added])]
  const hasRemoved = (pattern: string) => wordOn(repos, pattern) === 'removed'
  const notify = ofKind('notify').get('')
  return {
    user: {
      ...user,
      repos: candidates.filter((pattern) => !hasRemoved(pattern)),
      features: switchFeatures(user.features, features, flags),
      ...(notify === undefined ? {} : { address: notify }),
    },
    candidates,
    hasRemoved,
    mutedUntil(entity) {
      const untils = [mutes.get(entity), mutes.get(repositoryOf(entity))].map(Number).filter(Number.isFinite)
      return untils.length === 0 ? null : Math.max(...untils)
    },
  }
}

/** What the user said of exactly this, else of its owner: the more exact word counts. */
function wordOn(repos: ReadonlyMap<string, string>, pattern: string): string | undefined {
  return repos.get(pattern) ?? repos.get(`${pattern.slice(0, pattern.indexOf('/'))}/*`)
}

function switchFeatures(
  configured: User['features'],
  switched: ReadonlyMap<string, string>,
  flags: readonly string[],
): User['features'] {
  if (switched.size === 0) return configured
  const base = configured === 'all' ? Object.fromEntries(flags.map((flag) => [flag, true])) : configured
  return { ...base, ...Object.fromEntries([...switched].map(([flag, value]) => [flag, value === 'on'])) }
}

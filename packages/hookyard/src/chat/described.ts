// Settings as people see them: the value in force, and whose word it is.
import { repositoryPatterns } from '../access/effective-user.ts'
import type { User } from '../config/config.ts'
import type { Module } from '../registry/manifest.ts'
import type { UserSetting } from '../store/store.ts'

/** `default`: nobody said anything; `config`: the operator did; `user`: they did, by chat. */
export type Source = 'default' | 'config' | 'user'

export interface Described<Value> {
  readonly value: Value
  readonly source: Source
}

/** Whether the user gets the module's runs; null for a module without a switch of its own. */
export function describeFeature(
  { manifest: { featureFlag: flag } }: Module,
  configured: User,
  settings: readonly UserSetting[],
): Described<boolean> | null {
  if (flag === null) return null
  const set = settings.find(({ kind, key }) => kind === 'feature' && key === flag)
  if (set) return { value: set.value === 'on', source: 'user' }
  if (configured.features === 'all') return { value: true, source: 'default' }
  const said = configured.features[flag]
  return said === undefined ? { value: false, source: 'default' } : { value: said, source: 'config' }
}

/** Where the user's messages go; null: to the service's log. `effective`: the user as they are now. */
export function describeAddress(
  configured: User,
  effective: User,
  settings: readonly UserSetting[],
): Described<string | null> {
  const set = settings.find(({ kind }) => kind === 'notify')
  if (set) return { value: set.value, source: 'user' }
  if (configured.address !== null) return { value: configured.address, source: 'config' }
  const value = plainAddress(configured, effective)
  return { value, source: value === null ? 'default' : 'user' }
}

/** Without a setting: what the configuration says, else the private chat in which they claimed to be this user. */
export function plainAddress(configured: User, effective: User): string | null {
  if (configured.address !== null || configured.chatId !== null || effective.chatId === null)
    return configured.address
  return `telegram:${effective.chatId}`
}

export interface DescribedRepos {
  /** Heard of, each with whose word it is. */
  readonly heard: readonly { readonly pattern: string; readonly source: Source }[]
  /** Not heard of, by the user's own word. */
  readonly removed: readonly string[]
  /** Heard of is every repository but the removed ones. */
  readonly everything: boolean
}

/** Of which repositories the user hears. */
export function describeRepos(
  configured: User,
  effective: User,
  settings: readonly UserSetting[],
): DescribedRepos {
  const { added, removed } = repositoryPatterns(settings)
  return {
    heard: effective.repos.map((pattern) => ({
      pattern,
      source: added.includes(pattern) ? 'user' : configured.repos.includes(pattern) ? 'config' : 'default',
    })),
    removed,
    everything: effective.role === 'admin' && effective.repos.length === 0,
  }
}

/** The mutes that still hold, the next to end first. */
export function openMutes(
  settings: readonly UserSetting[],
  now: number,
): { readonly key: string; readonly until: number }[] {
  return settings
    .filter(({ kind, value }) => kind === 'mute' && Number(value) > now)
    .map(({ key, value }) => ({ key, until: Number(value) }))
    .sort((a, b) => a.until - b.until)
}

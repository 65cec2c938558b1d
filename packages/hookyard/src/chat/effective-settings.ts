// Settings as people see them: the value in force, and who set it.
import { repositoryPatterns } from '../access/effective-user.ts'
import type { User } from '../config/config.ts'
import type { Module } from '../registry/manifest.ts'
import type { UserSetting } from '../store/store.ts'
import type { Call } from './command.ts'

interface Effective<Value> {
  readonly value: Value
  /** `default`: nobody said anything; `config`: the operator did; `user`: they did, by chat. */
  readonly source: 'default' | 'config' | 'user'
}

/** Whether the user gets the module's runs; null for a module without a switch of its own. */
export function effectiveFeature(
  { manifest: { featureFlag: flag } }: Module,
  { configured, settings }: Pick<Call, 'configured' | 'settings'>,
): Effective<boolean> | null {
  if (flag === null) return null
  const set = settings.find(({ kind, key }) => kind === 'feature' && key === flag)
  if (set) return { value: set.value === 'on', source: 'user' }
  if (configured.features === 'all') return { value: true, source: 'default' }
  const value = configured.features[flag]
  return value === undefined ? { value: false, source: 'default' } : { value, source: 'config' }
}

/** Where the user's messages go; null: to the service's log. */
export function effectiveAddress({ configured, user, settings }: Call): Effective<string | null> {
  const set = settings.find(({ kind }) => kind === 'notify')
  if (set) return { value: set.value, source: 'user' }
  if (configured.address !== null) return { value: configured.address, source: 'config' }
  const value = addressWithoutSetting(configured, user)
  return { value, source: value === null ? 'default' : 'user' }
}

/** What the configuration says, else the private chat in which they claimed to be this user. */
export function addressWithoutSetting(configured: User, user: User): string | null {
  if (configured.address !== null || configured.chatId !== null || user.chatId === null)
    return configured.address
  return `telegram:${user.chatId}`
}

/** Of which repositories the user hears (`everything`: all but the removed ones), and which they removed. */
export function effectiveRepos({ configured, user, settings }: Call) {
  const { added, removed } = repositoryPatterns(settings)
  const heard = user.repos.map((value): Effective<string> => {
    const config = configured.repos.includes(value) ? 'config' : 'default'
    return { value, source: added.includes(value) ? 'user' : config }
  })
  return { heard, removed, everything: user.role === 'admin' && user.repos.length === 0 }
}

/** The mutes that still hold, the next to end first; `until` in ms since the epoch. */
export function openMutes(settings: readonly UserSetting[], now: number) {
  return settings
    .filter(({ kind, value }) => kind === 'mute' && Number(value) > now)
    .map(({ key, value }) => ({ key, until: Number(value) }))
    .toSorted((a, b) => a.until - b.until)
}

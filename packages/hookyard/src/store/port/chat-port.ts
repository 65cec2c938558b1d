// The port's part for chats (store.ts holds the words): what users set there by themselves, and which updates have
// had their effect.
import type { NewMessage } from './outbox-port.ts'

/** What a user may set: a module's flag, a repository to hear of, where messages go, what not to be told. */
export type SettingKind = 'feature' | 'repo' | 'notify' | 'mute'

/** Lies over what the configuration says of the user. */
export interface UserSetting {
  readonly user: string
  readonly kind: SettingKind
  /** The flag; the repository or pattern; the muted entity or repository; '' for `notify`. Lower case. */
  readonly key: string
  /** feature: `on` | `off`; repo: `added` | `removed`; notify: an address; mute: until when, ms since the epoch. */
  readonly value: string
  readonly changedAt: number
}

export interface SettingChange extends Omit<UserSetting, 'value' | 'changedAt'> {
  /** null: what the configuration says holds again. */
  readonly value: string | null
}

/** Who a user is on Telegram, by a code that they were given. */
export interface Claim {
  readonly user: string
  /** At most one claim of a user, and of a person. */
  readonly telegramId: number
  /** The private chat in which it was claimed; null: it was in a group. */
  readonly chatId: number | null
  readonly claimedAt: number
}

export interface NewClaim extends Omit<Claim, 'claimedAt'> {
  /** Of the code that is used up by it. */
  readonly codeHash: string
}

/** A code for `/start CODE`; only its hash is kept. */
export interface NewInvite {
  readonly user: string
  readonly codeHash: string
  /** ms since the epoch */
  readonly expiresAt: number
}

/** All that one update of a chat leads to; written in one transaction, or not at all. */
export interface ChatCommit {
  /** Names the bot: updates are numbered by bot. */
  readonly bot: string
  readonly updateId: number
  readonly changes: readonly SettingChange[]
  readonly messages: readonly NewMessage[]
  readonly claim?: NewClaim
  readonly at: number
}

export interface ChatStore {
  /** Keeps the code's hash, in the place of an earlier code of the user; forgets those whose time is up. */
  invite(invite: NewInvite, at: number): Promise<void>
  /** The user whom this code invites; null: there is no such code, or none any more. */
  invited(codeHash: string, at: number): Promise<string | null>
  /** By user. */
  claims(): Promise<Claim[]>
  /** Takes the user's claim and code back; false: there was neither. */
  revoke(user: string): Promise<boolean>
  /** By user, kind and key. */
  settings(): Promise<UserSetting[]>
  /**
   * False, and nothing written: this update was committed before.
   * @throws StoreError `stale_claim` when its claim's code was used, replaced or revoked meanwhile.
   */
  commit(commit: ChatCommit): Promise<boolean>
  isCommitted(bot: string, updateId: number): Promise<boolean>
  /** The newest update that was committed; null when none is remembered. They are for two days. */
  lastUpdate(bot: string): Promise<{ readonly updateId: number; readonly at: number } | null>
}

// A command of the chat: its name, its help, what it answers. It changes nothing by itself: it names the settings
// that change, and the update's commit writes them with the answer.
import type { Access } from '../access/access.ts'
import type { AskReading } from '../access/reading.ts'
import type { Config, User } from '../config/config.ts'
import type { Trail } from '../explain/why.ts'
import type { Target } from '../explain/target.ts'
import type { ModuleRegistry } from '../registry/module-registry.ts'
import type { Line } from '../send/message.ts'
import type { RunRecord, SettingChange, Store, UserSetting } from '../store/store.ts'
import type { ChatRef } from './update.ts'

export interface Command {
  /** Without its slash: `[a-z0-9_]`, as the Bot API wants it. */
  readonly name: string
  /** What follows the name: `MODULE ENTITY`. */
  readonly usage?: string
  /** A few words, for the list of commands. */
  readonly summary: string
  /** Also taken from a user in a group that is no user's chat. */
  readonly forGuests?: boolean
  /** @throws UserError whose text is the answer */
  readonly run: (call: Call, world: ChatWorld) => Promise<Reply> | Reply
}

/** One use of a command. */
export interface Call {
  /** As they are now, settings included. */
  readonly user: User
  /** What the configuration says of them. */
  readonly configured: User
  /** What they set by chat. */
  readonly settings: readonly UserSetting[]
  readonly args: readonly string[]
  readonly chat: ChatRef
  readonly updateId: number
  /** ms since the epoch */
  readonly now: number
}

export interface Reply {
  readonly lines: readonly Line[]
  readonly changes?: readonly SettingChange[]
}

/** What commands may ask of the service. Getters: a reload swaps what they answer with. */
export interface ChatWorld {
  readonly config: () => Config
  readonly registry: () => ModuleRegistry
  readonly access: () => Access
  readonly store: {
    readonly runs: Pick<Store['runs'], 'list'>
    readonly overview: Pick<Store['overview'], 'counts'>
  }
  /**
   * Starts a run as this user. The same `key` starts it once.
   * @throws UserError when the user may not, or the module or the entity does not fit
   */
  readonly startRun: (
    user: User,
    module: string,
    request: { readonly entity?: string; readonly key: string },
  ) => Promise<string>
  /** What happened to the target and why, as far as this user may see it; null when nothing is known. */
  readonly trace: (user: User, target: Target) => Promise<Trail | null>
  /** Whether this user may be shown the run. */
  readonly maySee: (user: User, run: RunRecord) => Promise<boolean>
  /** Whether GitHub lets this user's login read a repository. */
  readonly askReading: AskReading
  /** Of Hookyard, with how long it has been running in ms, and what the agent is. */
  readonly about: () => { readonly version: string; readonly upMs: number; readonly agent: string }
}

/** `value` null: back to what the configuration says. */
export const change = (
  { user }: Pick<Call, 'user'>,
  kind: SettingChange['kind'],
  key: string,
  value: string | null,
): SettingChange => ({ user: user.name, kind, key, value })

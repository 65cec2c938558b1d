// The configuration as the program sees it: what the file says, with absolute paths, credentials (in the clear) and
// the implicit admin.
import { resolve } from 'node:path'
import { telegramChat } from './address.ts'
import type { Credentials } from './credentials.ts'
import { resolveNeeds } from './needs.ts'
import type { ConfigFile } from './schema.ts'

export type { Budgets } from './schema.ts'

export type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T

export type User = Frozen<Omit<ConfigFile['users'][number], 'features'>> & {
  /** `'all'`: the implicit admin, every flag on. */
  readonly features: Readonly<Record<string, boolean>> | 'all'
}
export type Config = Frozen<ReturnType<typeof toConfig>>
/** `modules.NAME`; an absent policy keeps the manifest's value. */
export type ModuleSettings = Config['modules'][string]
/** The walls around module processes: all that this machine has, these or no start, or Node's permission model alone. */
export type Isolation = Config['isolation']

/** The name of the admin when the file names no users. */
export const IMPLICIT_ADMIN = 'admin'

/** `dir`: the folder that relative paths start from. */
export function toConfig(input: ConfigFile, credentials: Credentials, file: string | null, dir: string) {
  const { notify, data_dir, inbound, api_tokens, module_dirs, modules, ...rest } = input
  const { webhookSecrets, token, app, botToken, apiKey } = credentials
  const { command } = rest.agent
  const users: readonly User[] = rest.users.length === 0 ? [implicitAdmin(notify)] : rest.users
  return {
    ...rest,
    /** Absolute path of the file, or null when the configuration was built in memory (demo, tests). */
    file,
    dataDir: resolve(dir, data_dir),
    github: { ...rest.github, webhookSecrets, token, app },
    inbound: inbound ?? null,
    telegram: { ...rest.telegram, botToken },
    agent: { ...rest.agent, apiKey, command: command.includes('/') ? resolve(dir, command) : command },
    /** In file order; the implicit admin when the file names none. */
    users,
    apiTokens: api_tokens,
    /** Absolute paths, the built-in modules not included. */
    moduleDirs: module_dirs.map((path) => resolve(dir, path)),
    modules: Object.fromEntries(
      Object.entries(modules).map(([name, one]) => [name, { ...one, allow: resolveNeeds(one.allow, dir) }]),
    ),
  }
}

function implicitAdmin(notify: string | null): User {
  const chat = telegramChat(notify)
  return {
    name: IMPLICIT_ADMIN,
    // Who may speak in a group is no question of this file, so only a private chat (positive) is the admin's own.
    chatId: chat !== null && chat > 0 ? chat : null,
    role: 'admin',
    github: null,
    telegramId: null,
    repos: [],
    address: notify,
    hear: 'all',
    features: 'all',
    budgets: { perRunUsd: null, perDayUsd: null },
  }
}

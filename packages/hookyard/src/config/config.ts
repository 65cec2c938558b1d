// The configuration as the rest of the program sees it: validated, defaults filled in, durations in
// milliseconds, paths absolute, secrets in the clear (print it through redact alone).
import type { Needs, PolicyOverrides } from '../registry/manifest.ts'

/** Which walls stand around module processes: all that this machine has, these or no start, or Node's permission model alone. */
export type Isolation = 'auto' | 'required' | 'permission'

export interface Config {
  /** Absolute path of the file, or null when the configuration was built in memory (demo, tests). */
  readonly file: string | null
  /** Repository patterns, lower case: `owner/name` or `owner/*`. */
  readonly repos: readonly string[]
  readonly server: {
    readonly host: string
    readonly port: number
    readonly publicUrl: string | null
    /** Addresses and networks whose `X-Forwarded-For` counts. */
    readonly trustProxy: readonly string[]
  }
  readonly dataDir: string
  readonly isolation: Isolation
  /** `sqlite`, or a `postgres://` URL. */
  readonly database: string
  readonly github: {
    /** Any of them verifies; empty when webhooks are not used. */
    readonly webhookSecrets: readonly string[]
    readonly token: string | null
    readonly app: { readonly id: string; readonly privateKey: string } | null
    readonly apiUrl: string
    readonly intake: 'webhook' | 'poll' | 'both'
  }
  readonly inbound: { readonly secret: string } | null
  readonly telegram: {
    readonly botToken: string | null
    readonly apiUrl: string
    readonly updates: 'polling' | 'webhook' | 'off'
    readonly webhookSecret: string | null
  }
  readonly agent: {
    readonly backend: 'auto' | 'claude-cli' | 'anthropic' | 'openai' | 'openai-compatible' | 'offline'
    readonly command: string
    readonly model: string
    readonly apiKey: string | null
    readonly baseUrl: string | null
    readonly timeoutMs: number
    readonly osUser: string | null
    readonly env: Readonly<Record<string, string>>
    readonly fallback: 'offline' | null
    /** USD per million tokens, for API back-ends; absent = the built-in table. */
    readonly price?: { readonly input: number; readonly output: number }
  }
  readonly budgets: Budgets
  /** In file order; the implicit admin when the file names none. */
  readonly users: readonly User[]
  readonly apiTokens: readonly ApiToken[]
  /** Absolute paths, the built-in modules not included. */
  readonly moduleDirs: readonly string[]
  readonly modules: Readonly<Record<string, ModuleSettings>>
  readonly workers: { readonly concurrency: number }
  readonly retention: { readonly deliveriesMs: number; readonly runsMs: number }
  readonly log: {
    readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
    readonly format: 'json' | 'pretty'
  }
}

/** Caps in USD, days in UTC; null or absent = none set at this level. */
export interface Budgets {
  readonly perRunUsd: number | null
  readonly perDayUsd: number | null
  /** For any one repository. */
  readonly perRepoDayUsd?: number
}

export interface User {
  readonly name: string
  readonly chatId: number | null
  readonly role: 'admin' | 'member'
  readonly github: string | null
  /** The person on Telegram, for group chats; null: whoever claimed it. */
  readonly telegramId: number | null
  /** Lower case. */
  readonly repos: readonly string[]
  /** Where this user's messages go: `telegram:ID`, `slack:URL`, `discord:URL`, `https://…`; null = the log. */
  readonly address: string | null
  readonly hear: 'all' | 'mine'
  /** `'all'`: the implicit admin, every flag on. */
  readonly features: Readonly<Record<string, boolean>> | 'all'
  readonly budgets: Budgets
}

export interface ApiToken {
  readonly name: string
  readonly token: string
  readonly user: string
  readonly scopes: readonly string[]
}

export interface ModuleSettings extends PolicyOverrides {
  readonly enabled: boolean
  readonly config: Readonly<Record<string, unknown>>
  /** Grants of what the manifest needs. */
  readonly allow: Needs
  /** null: not said. */
  readonly maxWorkers: number | null
  readonly budgets: Budgets
}

// The validated file -> the Config of the program: absolute paths, addresses resolved, secrets filled in.
import { isAbsolute, resolve } from 'node:path'
import type { PolicyOverrides } from '../registry/manifest.ts'
import { telegramChat } from './address.ts'
import type { Budgets, Config, ModuleSettings, User } from './config.ts'
import type { Credentials } from './credentials.ts'
import { IMPLICIT_ADMIN } from './cross-checks.ts'
import { resolveNeeds } from './needs.ts'
import type { ConfigFile } from './schema.ts'

/** `dir`: the folder that relative paths start from. */
export function toConfig(
  input: ConfigFile,
  credentials: Credentials,
  file: string | null,
  dir: string,
): Config {
  const { server, github, telegram, agent, retention } = input
  const { webhookSecrets, token, app, botToken, apiKey } = credentials
  return {
    file,
    repos: input.repos,
    server: {
      host: server.host,
      port: server.port,
      publicUrl: server.public_url,
      trustProxy: server.trust_proxy === false ? [] : [server.trust_proxy].flat(),
    },
    dataDir: resolve(dir, input.data_dir),
    database: input.database,
    isolation: input.isolation,
    github: { webhookSecrets, token, app, apiUrl: github.api_url.replace(/\/+$/, ''), intake: github.intake },
    inbound: input.inbound === undefined ? null : { secret: input.inbound.secret },
    telegram: {
      botToken,
      apiUrl: telegram.api_url,
      updates: telegram.updates,
      webhookSecret: telegram.webhook_secret ?? null,
    },
    agent: {
      backend: agent.backend,
      command: agent.command.includes('/') ? resolve(dir, agent.command) : agent.command,
      model: agent.model,
      apiKey,
      baseUrl: agent.base_url ?? null,
      timeoutMs: agent.timeout,
      osUser: agent.os_user,
      env: agent.env,
      fallback: agent.fallback,
      ...(agent.price && { price: agent.price }),
    },
    budgets: toBudgets(input.budgets),
    users: input.users.length === 0 ? [implicitAdmin(input.notify)] : input.users.map(toUser),
    apiTokens: input.api_tokens,
    moduleDirs: input.module_dirs.map((path) => (isAbsolute(path) ? path : resolve(dir, path))),
    modules: Object.fromEntries(
      Object.entries(input.modules).map(([name, one]) => [name, toSettings(one, dir)]),
    ),
    workers: { concurrency: input.workers.concurrency },
    retention: { deliveriesMs: retention.deliveries, runsMs: retention.runs },
    log: input.log,
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

function toUser(user: ConfigFile['users'][number]): User {
  const chat = user.notify_chat_id ?? user.chat_id
  return {
    name: user.name,
    chatId: user.chat_id ?? null,
    role: user.role,
    github: user.github ?? null,
    telegramId: user.telegram_id ?? null,
    repos: user.repos,
    address: user.notify ?? (chat === undefined ? null : `telegram:${chat}`),
    hear: user.hear,
    features: user.features,
    budgets: toBudgets(user.budgets),
  }
}

function toSettings(settings: ConfigFile['modules'][string], dir: string): ModuleSettings {
  const { retries } = settings
  const overrides: { [K in keyof PolicyOverrides]: PolicyOverrides[K] | undefined } = {
    cooldownMs: settings.cooldown,
    onCooldown: settings.on_cooldown,
    debounceMs: settings.debounce,
    maxWaitMs: settings.max_wait,
    timeoutMs: settings.timeout,
    retries: retries && withoutAbsent({ max: retries.max, backoffMs: retries.backoff }),
    concurrency: settings.concurrency,
  }
  return {
    enabled: settings.enabled,
    config: settings.config,
    allow: resolveNeeds(settings.allow, dir),
    maxWorkers: settings.max_workers ?? null,
    budgets: toBudgets(settings.budgets),
    ...(withoutAbsent(overrides) as PolicyOverrides),
  }
}

const withoutAbsent = (fields: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

const toBudgets = (budgets: {
  per_run_usd?: number | undefined
  per_day_usd?: number | undefined
  per_repo_day_usd?: number | undefined
}): Budgets => ({
  perRunUsd: budgets.per_run_usd ?? null,
  perDayUsd: budgets.per_day_usd ?? null,
  ...(budgets.per_repo_day_usd !== undefined && { perRepoDayUsd: budgets.per_repo_day_usd }),
})

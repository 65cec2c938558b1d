// hookyard.yaml (contract section 2): the one source of validation, defaults, JSON Schema and the program's `Config`.
// The descriptions are what an editor shows.
import { isIP } from 'node:net'
import { z } from 'zod'
import { isAddress } from './address.ts'
import { needsSchema } from './needs.ts'
import {
  CONCURRENCY,
  duration,
  httpUrl,
  ON_COOLDOWN,
  policy,
  type PolicyOverrides,
  repoPattern,
  says,
  secret,
  text,
  token,
  usd,
} from './schema-parts.ts'

export const SCOPES = [
  'modules:read',
  'modules:invoke',
  'modules:write',
  'runs:read',
  'runs:write',
  'deliveries:read',
  'deliveries:write',
  'metrics:read',
  '*',
] as const

const MINUTE = 60_000
const DAY = 1_440 * MINUTE
const ADDRESS = 'telegram:CHAT_ID, slack:https://…, discord:https://… or https://…'
// What an editor can see of an address: how it begins.
const ADDRESS_PATTERN = String.raw`^(telegram:-?[1-9]|slack:|discord:|[Hh][Tt][Tt][Pp][Ss]?://)`
const VARIABLE_NAME = 'the name of a variable: letters, digits and _, no digit first'
const MAX_WORKERS = 256
const PORT = 'a port number 0-65535'

const address = () =>
  z
    .string({ error: says(ADDRESS, 'write it like telegram:123456') })
    .refine(isAddress, { error: says(ADDRESS, 'write it like telegram:123456') })
    .meta({ pattern: ADDRESS_PATTERN })

const chatId = () =>
  z.int({
    error: says(
      'a chat id (a whole number)',
      'write the number that Telegram gives the chat, without quotes',
    ),
  })

const PERSON = "a person's id on Telegram (a whole number above 0)"

const repos = (description: string) =>
  z.array(repoPattern(), { error: 'a list of OWNER/NAME or OWNER/*' }).default([]).describe(description)

/** Caps in USD, days in UTC; null or absent = none set at this level. */
export interface Budgets {
  readonly perRunUsd: number | null
  readonly perDayUsd: number | null
  /** For any one repository. */
  readonly perRepoDayUsd?: number | undefined
}

const toBudgets = (caps: {
  per_run_usd?: number | undefined
  per_day_usd?: number | undefined
  per_repo_day_usd?: number | undefined
}): Budgets => ({
  perRunUsd: caps.per_run_usd ?? null,
  perDayUsd: caps.per_day_usd ?? null,
  perRepoDayUsd: caps.per_repo_day_usd,
})

const perRepoDay = () => usd().describe('By day in UTC, for any one repository')

const budgets = () =>
  z
    .strictObject({ per_run_usd: usd(), per_day_usd: usd(), per_repo_day_usd: perRepoDay() })
    .transform(toBudgets)

const PROXIES = 'false, or the addresses and networks of the proxies in front'
// What an editor can see of it.
const PROXY_PATTERN = String.raw`^(loopback|linklocal|uniquelocal|[0-9A-Fa-f.:]+(/[1-9]\d{0,2})?)$`
const PROXY_HINT = 'write it like 127.0.0.1, [10.0.0.0/8, "fd00::/8"] or loopback'

/** Whether it names proxies: an IP address, a network (`10.0.0.0/8`), or a name that Fastify's `trustProxy` knows. */
function isProxy(text: string): boolean {
  if (/^(loopback|linklocal|uniquelocal)$/.test(text)) return true
  const [, address = '', bits = '1'] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  // `/0` would trust everybody, and with that whatever a stranger writes.
  return isIP(address) !== 0 && Number(bits) >= 1 && Number(bits) <= (isIP(address) === 4 ? 32 : 128)
}

const proxy = () =>
  z
    .string({ error: says(PROXIES, PROXY_HINT) })
    .refine(isProxy, { error: says(PROXIES, PROXY_HINT) })
    .meta({ pattern: PROXY_PATTERN })

const server = z
  .strictObject({
    host: text('a host name or an IP address').default('127.0.0.1').describe('Address to listen on'),
    port: z
      .int({ error: PORT })
      .min(0, { error: PORT })
      .max(65_535, { error: PORT })
      .default(8080)
      .describe('0: any free one'),
    public_url: httpUrl().nullable().default(null).describe('Where GitHub and Telegram reach this server'),
    trust_proxy: z
      .union([z.literal(false, { error: says(PROXIES, PROXY_HINT) }), proxy(), z.array(proxy()).min(1)], {
        error: says(PROXIES, PROXY_HINT),
      })
      .default(false)
      .describe('Addresses and networks whose X-Forwarded-For counts'),
  })
  .transform(({ public_url: publicUrl, trust_proxy: trusted, ...server }) => ({
    ...server,
    publicUrl,
    /** Addresses and networks whose `X-Forwarded-For` counts. */
    trustProxy: trusted === false ? [] : [trusted].flat(),
  }))

const github = z
  .strictObject({
    webhook_secret: z
      .union(
        [
          secret('a webhook secret', 'GITHUB_WEBHOOK_SECRET'),
          z.array(secret('a webhook secret', 'GITHUB_WEBHOOK_SECRET')).min(1),
        ],
        { error: says('a webhook secret, or a list of them', 'write ${GITHUB_WEBHOOK_SECRET}') },
      )
      .optional()
      .describe('A list while rotating: any of them verifies. Default: GITHUB_WEBHOOK_SECRET'),
    token: token('a token', 'GITHUB_TOKEN').optional().describe('Default: GITHUB_TOKEN'),
    app: z
      .strictObject({
        id: z.union([text('the App id'), z.int().transform(String)], { error: 'the App id' }),
        private_key: secret('a private key in PEM form', 'GITHUB_APP_PRIVATE_KEY')
          .optional()
          .describe('The PEM itself'),
        private_key_file: text('the path of a PEM file').optional().describe('Or its file'),
      })
      .optional()
      .describe(
        'Instead of a token. Default: GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY or GITHUB_APP_PRIVATE_KEY_FILE',
      ),
    api_url: httpUrl()
      .default('https://api.github.com')
      .describe('GitHub Enterprise Server, or a stand-in. Default: https://api.github.com'),
    intake: z
      .enum(['webhook', 'poll', 'both'])
      .default('webhook')
      .describe('poll is not built yet: it brings nothing'),
  })
  .transform(({ api_url: apiUrl, intake }) => ({ apiUrl, intake })) // credentials.ts finds the rest

const telegram = z
  .strictObject({
    bot_token: token('a bot token', 'TELEGRAM_BOT_TOKEN').optional().describe('Default: TELEGRAM_BOT_TOKEN'),
    api_url: httpUrl().default('https://api.telegram.org').describe('Default: https://api.telegram.org'),
    updates: z
      .enum(['polling', 'webhook', 'off'])
      .default('polling')
      .describe('How chat commands and answers arrive'),
    webhook_secret: token('a secret', 'TELEGRAM_WEBHOOK_SECRET').optional().describe('For updates: webhook'),
  })
  .transform(({ api_url: apiUrl, updates, webhook_secret: webhookSecret = null }) => ({
    apiUrl,
    updates,
    webhookSecret,
  }))

const agent = z
  .strictObject({
    backend: z
      .enum(['auto', 'claude-cli', 'anthropic', 'openai', 'openai-compatible', 'offline'])
      .default('auto')
      .describe('auto: an API key, else `claude` on the PATH, else offline'),
    command: text('a program').default('claude').describe('claude-cli: the program'),
    model: text('a model name').default('sonnet').describe('Must be named for openai and openai-compatible'),
    api_key: token('an API key', 'ANTHROPIC_API_KEY')
      .optional()
      .describe('API back-ends. Default: ANTHROPIC_API_KEY'),
    base_url: httpUrl()
      .optional()
      .describe(
        "API back-ends: the address of the API. Default: the vendor's own; openai-compatible has none",
      ),
    timeout: duration(1_000, DAY)
      .default(5 * MINUTE)
      .describe('Default: 5m'),
    os_user: z
      .string({ error: 'the name of an OS user' })
      .regex(/^[A-Za-z_][A-Za-z0-9_.-]*\$?$/, { error: 'the name of an OS user' })
      .nullable()
      .default(null)
      .describe('claude-cli as this OS user'),
    env: z
      .record(
        z.string().regex(/^[A-Za-z_]\w*$/),
        z.union([z.string(), z.boolean().transform(String)], { error: 'text' }),
        { error: (issue) => (issue.code === 'invalid_key' ? VARIABLE_NAME : undefined) },
      )
      .default({})
      .describe('Extra environment of the agent process'),
    fallback: z
      .literal('offline')
      .nullable()
      .default(null)
      .describe('offline: rules take over when the back-end cannot'),
    price: z
      .strictObject({ input: z.number().min(0), output: z.number().min(0) })
      .optional()
      .describe('API back-ends: USD per million tokens. Default: a built-in table of the known models'),
  })
  .transform(({ api_key: _, base_url: baseUrl = null, timeout: timeoutMs, os_user: osUser, ...agent }) => ({
    ...agent,
    baseUrl,
    timeoutMs,
    osUser,
  }))

const user = z
  .strictObject({
    name: text('a name').max(64),
    chat_id: chatId().optional().describe('Telegram chat'),
    role: z.enum(['admin', 'member']).default('member').describe('One admin is needed'),
    github: z
      .string({ error: 'a GitHub login' })
      .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?$/, {
        error: says('a GitHub login', 'write it without @'),
      })
      .optional(),
    telegram_id: z
      .int({ error: PERSON })
      .positive({ error: PERSON })
      .optional()
      .describe('The person on Telegram, for group chats; or claimed by /start CODE (hookyard invite)'),
    repos: repos("Of which repositories this user hears, and where this user's modules may act"),
    notify_chat_id: chatId().optional().describe('Telegram chat for messages. Default: chat_id'),
    notify: address().optional().describe('Address for messages, instead of notify_chat_id'),
    hear: z
      .enum(['all', 'mine'])
      .default('all')
      .describe('mine: author, assignee, requested reviewer or mentioned'),
    features: z
      .record(z.string(), z.boolean())
      .default({})
      .describe('Feature flags of modules. Default of each: false'),
    budgets: budgets().prefault({}),
  })
  .transform(({ chat_id: chatId = null, telegram_id: telegramId = null, github = null, ...user }) => {
    const { notify_chat_id: chat = chatId, notify, ...rest } = user
    return {
      ...rest,
      chatId,
      github,
      /** The person on Telegram, for group chats; null: whoever claimed it. */
      telegramId,
      /** Where this user's messages go: `telegram:ID`, `slack:URL`, `discord:URL`, `https://…`; null = the log. */
      address: notify ?? (chat === null ? null : `telegram:${chat}`),
    }
  })

const apiToken = z.strictObject({
  name: text('a name').max(64),
  token: token('a token', 'HOOKYARD_API_TOKEN'),
  user: text('the name of a user'),
  scopes: z.array(z.enum(SCOPES)).transform((scopes): string[] => scopes),
})

const moduleSettings = z
  .strictObject({
    enabled: z.boolean().default(true).describe('false: no events, invokes or ticks'),
    config: z.record(z.string(), z.unknown()).default({}).describe('What the module itself can be told'),
    cooldown: policy.cooldown().optional().describe("Default: the manifest's"),
    on_cooldown: z.enum(ON_COOLDOWN).optional().describe("Default: the manifest's"),
    debounce: policy.debounce().optional().describe("Default: the manifest's"),
    max_wait: policy.maxWait().optional().describe("Default: the manifest's"),
    timeout: policy.timeout().optional().describe("Default: the manifest's"),
    retries: z
      .strictObject({ max: policy.retries().optional(), backoff: policy.backoff().optional() })
      .optional(),
    concurrency: z.enum(CONCURRENCY).optional().describe("Default: the manifest's"),
    max_workers: z
      .int()
      .min(1)
      .max(MAX_WORKERS)
      .optional()
      .describe('Runs of the module at a time. Default: all but one of the workers while others wait'),
    allow: needsSchema()
      .prefault({})
      .describe("What the module may have of its manifest's needs; paths start at this file"),
    budgets: budgets().prefault({}),
  })
  .transform((settings) => {
    const { cooldown, on_cooldown, debounce, max_wait, timeout, retries, max_workers, ...rest } = settings
    const overrides: PolicyOverrides = {
      cooldownMs: cooldown,
      onCooldown: on_cooldown,
      debounceMs: debounce,
      maxWaitMs: max_wait,
      timeoutMs: timeout,
      retries: retries && { max: retries.max, backoffMs: retries.backoff },
    }
    return { ...rest, ...overrides, maxWorkers: max_workers ?? null }
  })

// An address of PostgreSQL has its own answer, see unsupportedSettings().
const DATABASE = 'sqlite (PostgreSQL is not built in yet)'
const isDatabase = (value: string) =>
  value === 'sqlite' || (/^postgres(ql)?:\/\/[^\s/]/.test(value) && URL.canParse(value))

export const configSchema = z
  .strictObject({
    repos: repos('Where modules may act: OWNER/NAME or OWNER/*, case-insensitive'),
    notify: address()
      .nullable()
      .default(null)
      .describe('Address of the implicit admin, when there are no users'),
    server: server.prefault({}),
    data_dir: text('the path of a folder').default('./data').describe('Database, journals and server.json'),
    database: z
      .string({ error: DATABASE })
      .refine(isDatabase, { error: DATABASE })
      .meta({ pattern: '^(sqlite$|postgres(ql)?://)' })
      .default('sqlite'),
    isolation: z
      .enum(['auto', 'required', 'permission'])
      .default('auto')
      .describe(
        'Walls around module processes: auto (all that this machine has), required (no start without a namespace), permission (Node’s permission model alone)',
      ),
    github: github.prefault({}),
    inbound: z
      .strictObject({ secret: secret('a secret', 'HOOKYARD_INBOUND_SECRET') })
      .optional()
      .describe('Enables POST /webhook'),
    telegram: telegram.prefault({}),
    agent: agent.prefault({}),
    budgets: z
      .strictObject({
        per_run_usd: z.number().min(0).default(1).describe('All attempts of a run together'),
        per_day_usd: z.number().min(0).default(5).describe('By day in UTC, all modules together'),
        per_repo_day_usd: perRepoDay(),
      })
      .transform(toBudgets)
      .prefault({}),
    users: z.array(user).default([]).describe('Without users: one admin named admin, every feature on'),
    api_tokens: z.array(apiToken).prefault([]),
    module_dirs: z
      .array(text('the path of a folder'))
      .default([])
      .describe('Folders whose sub-folders are modules, beside the built-in ones'),
    modules: z.record(z.string(), moduleSettings).default({}).describe('Settings per module'),
    workers: z
      .strictObject({ concurrency: z.int().min(1).max(MAX_WORKERS).default(4).describe('Runs at a time') })
      .prefault({}),
    retention: z
      .strictObject({
        deliveries: duration(MINUTE, 3_650 * DAY)
          .default(30 * DAY)
          .describe('Default: 30d'),
        runs: duration(MINUTE, 3_650 * DAY)
          .default(90 * DAY)
          .describe('Default: 90d'),
      })
      .transform(({ deliveries: deliveriesMs, runs: runsMs }) => ({ deliveriesMs, runsMs }))
      .prefault({}),
    log: z
      .strictObject({
        level: z
          .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
          .default('info')
          .describe('The least that is written'),
        format: z.enum(['json', 'pretty']).default('json').describe('pretty: for people'),
      })
      .prefault({}),
  })
  .meta({ title: 'hookyard.yaml', description: 'Configuration of a Hookyard server' })

/** What the file says, with defaults, in the program's names; durations in milliseconds. */
export type ConfigFile = z.output<typeof configSchema>

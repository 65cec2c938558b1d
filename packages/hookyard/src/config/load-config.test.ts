// What a configuration means: two lines are enough, every key of the contract's page is taken, and everything is
// absolute, in milliseconds and in lower case afterwards.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from './load-config.ts'
import { NO_NEEDS } from './needs.ts'
import { ConfigError, formatProblems } from './problem.ts'
import { EVERYTHING } from '../../testing/config/everything.ts'
import { brief, goodConfig, readText, SECRET } from '../../testing/config/read.ts'

const MINUTE = 60_000
const DAY = 86_400_000
function folder(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-config-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return dir
}

test('two lines are a configuration, with one admin who hears everything', () => {
  const config = goodConfig('repos: ["Octocat/*"]\nnotify: telegram:111\n')
  expect(config.repos).toEqual(['octocat/*'])
  expect(config.users).toEqual([
    {
      name: 'admin',
      chatId: 111,
      role: 'admin',
      github: null,
      telegramId: null,
      repos: [],
      address: 'telegram:111',
      hear: 'all',
      features: 'all',
      budgets: { perRunUsd: null, perDayUsd: null },
    },
  ])
})

test('an empty file has every default of the contract', () => {
  expect(goodConfig('')).toEqual({
    file: '/etc/hookyard/hookyard.yaml',
    repos: [],
    server: { host: '127.0.0.1', port: 8080, publicUrl: null, trustProxy: [] },
    dataDir: '/etc/hookyard/data',
    database: 'sqlite',
    github: {
      webhookSecrets: ['webhook-secret'],
      token: null,
      app: null,
      apiUrl: 'https://api.github.com',
      intake: 'webhook',
    },
    inbound: null,
    isolation: 'auto',
    telegram: { botToken: null, apiUrl: 'https://api.telegram.org', updates: 'polling', webhookSecret: null },
    agent: {
      backend: 'auto',
      command: 'claude',
      model: 'sonnet',
      apiKey: null,
      baseUrl: null,
      timeoutMs: 5 * MINUTE,
      osUser: null,
      env: {},
      fallback: null,
    },
    budgets: { perRunUsd: 1, perDayUsd: 5 },
    users: [expect.objectContaining({ name: 'admin', chatId: null, address: null, features: 'all' })],
    apiTokens: [],
    moduleDirs: [],
    modules: {},
    workers: { concurrency: 4 },
    retention: { deliveriesMs: 30 * DAY, runsMs: 90 * DAY },
    log: { level: 'info', format: 'json' },
  })
})

test('the contract page with every key loads', () => {
  const config = goodConfig(EVERYTHING)
  expect(config).toMatchObject({
    github: { webhookSecrets: ['webhook-secret'], token: 'ghp_token', app: null },
    inbound: { secret: 'inbound-secret' },
    telegram: { botToken: '123:abc', webhookSecret: 'telegram-secret' },
    agent: { apiKey: 'sk-key', timeoutMs: 5 * MINUTE },
    users: [
      {
        name: 'alice',
        chatId: 111,
        role: 'admin',
        github: 'alice',
        repos: ['octocat/hello-world'],
        address: 'telegram:-100222',
        hear: 'all',
        features: { pr_review: true, issue_triage: true },
      },
    ],
    apiTokens: [
      {
        name: 'claude',
        token: 'some-long-api-token',
        user: 'alice',
        scopes: ['modules:invoke', 'runs:read'],
      },
    ],
    moduleDirs: ['/etc/hookyard/my-modules'],
  })
  expect(config.modules['pr-review']).toEqual({
    enabled: true,
    config: {},
    cooldownMs: 5 * MINUTE,
    allow: NO_NEEDS,
    maxWorkers: null,
    budgets: { perRunUsd: null, perDayUsd: null },
  })
})

test('a module takes every override, and absent ones stay absent', () => {
  const { modules } = goodConfig(`
modules:
  a: { enabled: false, max_workers: 2, allow: { network: [API.example.com], read: [data, /srv, /srv/], run: [git] }, cooldown: 1h, on_cooldown: trailing, debounce: 30, max_wait: 2m, timeout: 1.5m,
       retries: { max: 0, backoff: 1s }, concurrency: parallel, budgets: { per_run_usd: 0.5, per_day_usd: 2, per_repo_day_usd: 1 } }
  b: { retries: { backoff: 5 } }
  c:
`)
  expect(modules['a']).toEqual({
    enabled: false,
    config: {},
    cooldownMs: 60 * MINUTE,
    onCooldown: 'trailing',
    debounceMs: 30_000,
    maxWaitMs: 2 * MINUTE,
    timeoutMs: 1.5 * MINUTE,
    retries: { max: 0, backoffMs: 1_000 },
    concurrency: 'parallel',
    allow: { network: ['api.example.com'], read: ['/etc/hookyard/data', '/srv'], write: [], run: ['git'] },
    maxWorkers: 2,
    budgets: { perRunUsd: 0.5, perDayUsd: 2, perRepoDayUsd: 1 },
  })
  expect(modules['b']).toEqual({
    enabled: true,
    config: {},
    allow: NO_NEEDS,
    maxWorkers: null,
    budgets: { perRunUsd: null, perDayUsd: null },
    retries: { backoffMs: 5_000 },
  })
  expect(modules['c']).toEqual({
    ...{ enabled: true, config: {}, allow: NO_NEEDS, maxWorkers: null },
    budgets: { perRunUsd: null, perDayUsd: null },
  })
})

test.each([
  [
    'notify wins',
    'notify: "slack:https://hooks.slack.com/services/T/B/X", chat_id: 5',
    'slack:https://hooks.slack.com/services/T/B/X',
  ],
  ['then notify_chat_id', 'notify_chat_id: -7, chat_id: 5', 'telegram:-7'],
  ['then chat_id', 'chat_id: 5', 'telegram:5'],
  ['else the log', 'github: octocat', null],
])('a user without a chosen address: %s', (_name, keys, address) => {
  expect(goodConfig(`users: [{ name: a, role: admin, ${keys} }]`).users[0]?.address).toBe(address)
})

test('an admin who names no address does not get the top-level one, and is told so', () => {
  const { config, warnings } = readText('notify: telegram:1\nusers: [{ name: a, role: admin }]\nrepos: [a/b]')
  expect(config?.users[0]?.address).toBeNull()
  expect(warnings.map(brief)).toContain('1:1 notify: an address that nobody uses, because there are users')
})

test('a user who hears only what is theirs, and has no login, is told so', () => {
  const of = (keys: string) =>
    readText(`users: [{ name: a, role: admin, chat_id: 1, repos: [a/b], ${keys} }]`).warnings.map(brief)
  expect(of('hear: mine').join()).toContain('users[0].hear: mine, without a GitHub login')
  expect(of('hear: mine, github: a').join()).not.toContain('hear')
})

test('a group that the implicit admin hears in is not the admin', () => {
  expect(goodConfig('notify: telegram:-100222').users[0]).toMatchObject({
    chatId: null,
    address: 'telegram:-100222',
  })
})

test.each([
  'telegram:1',
  'telegram:-100222333',
  'slack:https://hooks.slack.com/x',
  'discord:https://discord.com/api/webhooks/1/x',
  'https://example.org/hook',
  'http://127.0.0.1:9/x',
  'slack:http://127.0.0.1:9/x',
])('messages can go to %s', (address) => {
  expect(goodConfig(`notify: "${address}"`).users[0]?.address).toBe(address)
})

test('variables stand in any text, with defaults, and $${ is no variable', () => {
  const config = goodConfig(
    `
repos: ["\${OWNER}/*"]
server: { host: "\${HOST:-0.0.0.0}", port: "\${PORT:-1234}", public_url: "https://\${NAME}.example.org/" }
inbound: { secret: "a$\${b}" }
workers: { concurrency: "\${WORKERS}" }
users:
  - { name: "\${NAME}", role: admin, chat_id: "\${CHAT}", features: { a: "\${ON}" } }
modules: { m: { enabled: "\${OFF:-false}", cooldown: "\${COOLDOWN}", config: { list: ["x-\${NAME}"] } } }
`,
    {
      ...SECRET,
      OWNER: 'Octocat',
      NAME: 'n',
      PORT: '',
      WORKERS: '7',
      CHAT: '-5',
      ON: 'true',
      COOLDOWN: '90',
    },
  )
  expect(config).toMatchObject({
    repos: ['octocat/*'],
    server: { host: '0.0.0.0', port: 1234, publicUrl: 'https://n.example.org' },
    inbound: { secret: 'a${b}' },
    workers: { concurrency: 7 },
    users: [{ name: 'n', chatId: -5, features: { a: true } }],
    modules: { m: { enabled: false, cooldownMs: 90_000, config: { list: ['x-n'] } } },
  })
})

test('a value is not searched for variables a second time', () => {
  expect(goodConfig('agent: { model: "${A}" }', { ...SECRET, A: '${B}' }).agent.model).toBe('${B}')
})

test('several webhook secrets while rotating', () => {
  expect(goodConfig('github: { webhook_secret: [new-one, old-one] }', {}).github.webhookSecrets).toEqual([
    'new-one',
    'old-one',
  ])
})

test('polling needs no webhook secret', () => {
  expect(goodConfig('github: { intake: poll }', {}).github.webhookSecrets).toEqual([])
})

test('relative paths start at the file, a program on the PATH keeps its name', () => {
  expect(
    goodConfig('data_dir: ../d\nmodule_dirs: [m, /abs]\nagent: { command: ./bin/claude }'),
  ).toMatchObject({
    dataDir: '/etc/d',
    moduleDirs: ['/etc/hookyard/m', '/abs'],
    agent: { command: '/etc/hookyard/bin/claude' },
  })
})

test.each(['poll', 'both'])('intake: %s is told to bring nothing yet, and what does', (intake) => {
  const { config, warnings } = readText(`repos: [a/b]\ngithub:\n  token: t\n  intake: ${intake}`)
  expect(config?.github.intake).toBe(intake)
  expect(warnings.map(brief)).toEqual([`4:3 github.intake: ${intake}`])
  expect(formatProblems(warnings)).toMatch(/polling is not built yet.*Fix: set GITHUB_WEBHOOK_SECRET/)
})

test('what is missing but not needed is a warning', () => {
  const { warnings } = readText('notify: telegram:1')
  expect(warnings.map(brief)).toEqual([
    '1:1 github.token: nothing',
    '1:1 repos: nothing',
    '1:1 telegram.bot_token: nothing',
  ])
  expect(readText('repos: [a/b]', { ...SECRET, GITHUB_TOKEN: 'x' }).warnings).toEqual([])
})

test('an empty key of Anthropic is none, with a word about it', () => {
  const { config, warnings } = readText('repos: [a/b]', {
    ...SECRET,
    GITHUB_TOKEN: 'x',
    ANTHROPIC_API_KEY: '',
  })
  expect(config?.agent.apiKey).toBeNull()
  expect(warnings.map(brief)).toEqual(['0:0 ANTHROPIC_API_KEY: empty text'])
})

test('features are checked when the flags of the modules are known', () => {
  const dir = folder({
    'hookyard.yaml': 'users:\n  - { name: a, role: admin, features: { pr_review: true, triage: true } }\n',
  })
  const options = { file: join(dir, 'hookyard.yaml'), env: SECRET }
  expect(loadConfig(options).config.users[0]?.features).toEqual({ pr_review: true, triage: true })
  expect(() => loadConfig({ ...options, moduleFlags: ['pr_review', 'issue_triage'] })).toThrow(
    /hookyard\.yaml:2:58 users\[0\]\.features\.triage: found a flag that no module declares/,
  )
})

test('a file that is not there says how to get one', () => {
  const file = join(folder({}), 'hookyard.yaml')
  expect(() => loadConfig({ file, env: {} })).toThrow(ConfigError)
  expect(() => loadConfig({ file, env: {} })).toThrow(
    /found no such file, .* Fix: write it: two lines are enough, repos: /,
  )
})

test('an API back-end of one’s own: address, model and price', () => {
  const { agent } = goodConfig(
    'agent: { backend: openai-compatible, base_url: "http://127.0.0.1:11434/v1/", model: qwen3, price: { input: 0.1, output: 0 } }',
  )
  expect(agent).toMatchObject({
    ...{ backend: 'openai-compatible', baseUrl: 'http://127.0.0.1:11434/v1', model: 'qwen3', apiKey: null },
    price: { input: 0.1, output: 0 },
  })
})

test.each([
  ['false', []],
  ['loopback', ['loopback']],
  ['127.0.0.1', ['127.0.0.1']],
  ['[10.0.0.0/8, "fd00::/8", uniquelocal]', ['10.0.0.0/8', 'fd00::/8', 'uniquelocal']],
])('trust_proxy: %s', (written, proxies) => {
  expect(goodConfig(`server: { trust_proxy: ${written} }`).server.trustProxy).toEqual(proxies)
})

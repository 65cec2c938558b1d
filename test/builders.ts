// What tests build again and again: configurations, modules, deliveries.
import type { Config, User } from '../packages/hookyard/src/config/config.ts'
import { officialPayload } from '@hookyard/standins/payloads'
import { NO_NEEDS } from '../packages/hookyard/src/config/needs.ts'
import { describeEvent } from '../packages/hookyard/src/entity/entity.ts'
import type { DeliveryToDecide } from '../packages/hookyard/src/dispatch/decide.ts'
import type { Binding, Manifest, Module } from '../packages/hookyard/src/registry/manifest.ts'
import type { ClaimedRun } from '../packages/hookyard/src/store/store.ts'

/** A user who hears of octocat/* and has every named flag on. */
export const user = (name: string, more: Partial<User> = {}): User => ({
  name,
  chatId: null,
  role: 'member',
  github: null,
  telegramId: null,
  repos: ['octocat/*'],
  address: `telegram:${name}`,
  hear: 'all',
  features: { pr_review: true, issue_triage: true },
  budgets: { perRunUsd: null, perDayUsd: null },
  ...more,
})

/** A configuration in memory; the first user is an admin. */
export const config = (more: Partial<Config> = {}): Config => ({
  file: null,
  repos: ['octocat/*'],
  server: { host: '127.0.0.1', port: 0, publicUrl: null, trustProxy: [] },
  dataDir: '/nonexistent',
  database: 'sqlite',
  isolation: 'auto',
  github: {
    webhookSecrets: ['test-secret'],
    token: null,
    app: null,
    apiUrl: 'https://api.github.com',
    intake: 'webhook',
  },
  inbound: null,
  telegram: { botToken: null, apiUrl: 'https://api.telegram.org', updates: 'off', webhookSecret: null },
  agent: {
    backend: 'offline',
    command: 'claude',
    model: 'sonnet',
    apiKey: null,
    baseUrl: null,
    timeoutMs: 300_000,
    osUser: null,
    env: {},
    fallback: null,
  },
  budgets: { perRunUsd: 1, perDayUsd: 5 },
  users: [user('admin', { role: 'admin' })],
  apiTokens: [],
  moduleDirs: [],
  modules: {},
  workers: { concurrency: 4 },
  retention: { deliveriesMs: 2_592_000_000, runsMs: 7_776_000_000 },
  log: { level: 'silent', format: 'json' },
  ...more,
})

/** A loaded module; `manifest` overrides its manifest. */
export const module = (
  name: string,
  manifest: Partial<Manifest> = {},
  more: Partial<Module> = {},
): Module => ({
  name,
  enabled: true,
  config: {},
  granted: NO_NEEDS,
  maxWorkers: null,
  budgets: { perRunUsd: null, perDayUsd: null },
  manifest: {
    name,
    description: name,
    dir: `/modules/${name}`,
    handler: `/modules/${name}/handler.ts`,
    subject: 'pull_request',
    featureFlag: null,
    triggers: [],
    when: { draft: null, ignoreBots: true, branches: [], labels: [], authors: [], paths: [] },
    cancelOn: [],
    may: [],
    needs: NO_NEEDS,
    concurrency: 'queue',
    timeoutMs: 600_000,
    retries: { max: 3, backoffMs: 10_000 },
    invoke: true,
    input: null,
    config: null,
    ...manifest,
  },
  ...more,
})

/** A binding of a module to an event, without window or debounce. */
export const binding = (of: Module, event: string, policy: Partial<Binding['trigger']> = {}): Binding => ({
  module: of,
  trigger: {
    type: 'webhook',
    event,
    actions: null,
    cooldownMs: 0,
    onCooldown: 'skip',
    debounceMs: 0,
    maxWaitMs: 0,
    ...policy,
  },
})

let deliveries = 0

/** A stored delivery, ready to be decided. */
export function delivery(
  event: string,
  payload: unknown,
  more: Partial<DeliveryToDecide> = {},
): DeliveryToDecide {
  deliveries += 1
  return {
    ...describeEvent(event, payload),
    id: deliveries,
    guid: `guid-${deliveries}`,
    hookId: null,
    event,
    receivedAt: 0,
    payload,
    ...more,
  }
}

/** GitHub's own example, as it would come from another repository. */
export function payloadIn(repository: string, event: string, action: string | null): Record<string, unknown> {
  const name = repository.split('/')[1] ?? ''
  const text = JSON.stringify(officialPayload(event, action))
    .replaceAll('Codertocat/Hello-World', repository)
    .replaceAll('"Hello-World"', JSON.stringify(name))
  return JSON.parse(text) as Record<string, unknown>
}

/** A pull_request payload as small as tests need. */
export const pullRequest = (action: string, more: Record<string, unknown> = {}) => ({
  action,
  number: 1,
  sender: { login: 'octocat', type: 'User' },
  repository: { full_name: 'octocat/Hello-World' },
  pull_request: {
    number: 1,
    title: 'A title',
    html_url: 'https://github.com/octocat/Hello-World/pull/1',
    draft: false,
    user: { login: 'octocat' },
    base: { ref: 'main' },
    labels: [],
    ...more,
  },
})

/** A run at its first attempt, started by the opening of a pull request. */
export const claimedRun = (more: Partial<ClaimedRun> = {}): ClaimedRun => ({
  id: 'run1',
  module: 'pr-review',
  entity: 'octocat/hello-world#1',
  repository: 'octocat/hello-world',
  trigger: {
    type: 'webhook',
    event: 'pull_request',
    action: 'opened',
    by: 'octocat',
    at: '1970-01-01T00:00:00.000Z',
  },
  delivery: 'guid-1',
  recipients: ['alice', 'bob'],
  status: 'running',
  reason: null,
  attempt: 1,
  failures: 0,
  attempts: [],
  questions: [],
  summary: null,
  details: null,
  error: null,
  costUsd: 0,
  input: null,
  depth: 0,
  tainted: false,
  cooldownMs: 0,
  createdAt: 0,
  runAt: 0,
  startedAt: 0,
  finishedAt: null,
  payload: '{}',
  state: null,
  ...more,
})

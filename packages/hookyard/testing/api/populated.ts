// A server with something of everything: modules of each kind, runs in each state, deliveries of each fate.
import { module } from '../../../../test/builders.ts'
import { NOW, PEOPLE, startServer, type StartOptions } from '../receive/start-server.ts'
import { type NewRun, type RunStatus, type Settlement, type Store } from '../../src/store/store.ts'
import { newDelivery, newMessage, newRun } from '../store-contract/builders.ts'
import { type OpenApiDocument, readDocument } from './openapi-document.ts'

const webhook = {
  type: 'webhook',
  event: 'pull_request',
  actions: ['opened'],
  cooldownMs: 60_000,
  onCooldown: 'trailing',
  debounceMs: 0,
  maxWaitMs: 0,
} as const

export const MODULES = [
  module('review', {
    triggers: [
      webhook,
      { type: 'command', command: 'review' },
      { type: 'schedule', cron: '0 9 * * 1-5', timezone: 'Europe/Berlin' },
    ],
  }),
  module('digest', {
    subject: 'none',
    input: { type: 'object', properties: { depth: { type: 'integer' } } },
  }),
  module('quiet', { invoke: false }),
  module('off', { subject: 'none' }, { enabled: false }),
]

export const STATES = ['queued', 'running', 'paused', 'done', 'failed', 'skipped', 'cancelled'] as const
/** `done-alice`: alice’s alone; `done-both`: bob hears of it too. */
export const RUN_IDS = STATES.flatMap((status) => [`${status}-alice`, `${status}-both`])
/** A failed run of a module that is installed no longer. */
export const ORPHAN = 'orphan'
export const GUIDS = ['received-1', 'dispatched-1', 'failed-1']
export const ENTITY = 'octocat/hello-world#42'

/** Tokens beside those of PEOPLE. */
const apiTokens = [
  ...(PEOPLE.apiTokens ?? []),
  { name: 'modules', token: 'modules-token', user: 'admin', scopes: ['modules:read'] },
]

/** Starts it. */
export async function startPopulated(options: StartOptions = {}) {
  const server = await startServer({
    config: { ...PEOPLE, apiTokens, inbound: { secret: 'inbound-secret' } },
    modules: MODULES,
    ...options,
    // As if GitHub let everybody read octocat/hello-world: bob's own `repos` do not name it.
    api: { mayHear: () => Promise.resolve(true), ...options.api },
    deps: {
      telegram: { webhookSecret: () => 'telegram-secret', take: async () => undefined },
      ...options.deps,
    },
  })
  await addDeliveries(server.store)
  await addRuns(server.store)
  const headers = { authorization: 'Bearer root-token' }
  const answer = await server.app.inject({ url: '/api/openapi.json', headers })
  return { ...server, described: readDocument(answer.json<OpenApiDocument>()) }
}

async function addDeliveries(store: Store): Promise<void> {
  const body = Buffer.from(
    JSON.stringify({ action: 'opened', repository: { full_name: 'octocat/hello-world' } }),
  )
  await store.deliveries.accept(GUIDS.map((guid) => newDelivery(guid, { body, receivedAt: NOW })))
  const pending = await store.deliveries.pending(10)
  const nothing = { decisions: [], runs: [], coalesced: [], cancelled: [], messages: [], at: NOW }
  for (const { id, guid } of pending) {
    if (guid === 'received-1') continue
    const failed = guid === 'failed-1'
    const decisions = ['alice', 'admin'].map((user) => ({
      user,
      module: user === 'alice' ? 'review' : null,
      outcome: user === 'alice' ? ('ran' as const) : ('notified' as const),
      reason: null,
      runId: user === 'alice' ? 'done-alice' : null,
    }))
    await store.deliveries.commit([
      {
        ...nothing,
        deliveryId: id,
        guid,
        status: failed ? 'failed' : 'dispatched',
        error: failed ? 'it could not be decided' : null,
        decisions: failed ? [] : decisions,
        messages: failed ? [] : [newMessage(guid, { delivery: guid, address: 'telegram:alice' })],
      },
    ])
  }
}

async function addRuns(store: Store): Promise<void> {
  for (const status of STATES) {
    await addRun(
      store,
      status,
      newRun(`${status}-alice`, about(`octocat/hello-world#${STATES.indexOf(status) + 1}`)),
    )
    const both = {
      ...about(`octocat/hello-world#${STATES.indexOf(status) + 11}`),
      recipients: ['alice', 'bob'],
    }
    await addRun(store, status, newRun(`${status}-both`, both))
  }
  await addRun(store, 'failed', newRun(ORPHAN, { ...about('octocat/hello-world#30'), module: 'removed' }))
}

const about = (entity: string): Partial<NewRun> => ({
  module: 'review',
  entity,
  recipients: ['alice'],
  runAt: NOW,
  dueAt: NOW,
  createdAt: NOW,
})

async function addRun(store: Store, status: RunStatus, run: NewRun): Promise<void> {
  await store.runs.create(status === 'queued' ? { ...run, runAt: NOW + 3_600_000 } : run)
  if (status === 'queued') return
  await store.runs.claim('somebody', 1, NOW, NOW + 1_000_000)
  if (status !== 'running') await store.runs.settle('somebody', settlementOf(run.id, status))
}

function settlementOf(runId: string, status: RunStatus): Settlement {
  const base = {
    runId,
    attempt: 1,
    at: NOW + 1_000,
    error: null,
    details: { n: 1 },
    costUsd: 0.25,
    messages: [],
  }
  if (status === 'paused') {
    const options = [{ value: 'yes', label: 'Yes' }]
    const question = { text: 'Shall I?', options, fallback: null, askedAt: NOW, expiresAt: null, state: null }
    return { ...base, kind: 'paused', question }
  }
  if (status === 'queued' || status === 'running') throw new Error(`a run cannot end as ${status}`)
  const summary = status === 'done' ? '2 findings' : null
  return { ...base, kind: 'finished', status, reason: status === 'done' ? null : 'declared', summary }
}

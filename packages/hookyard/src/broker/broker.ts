// The wall between a module and the world. Enters: calls from a module process, each checked. Leaves: what the
// manifest grants, on the run's own subject, with credentials that the module never sees.
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { PermanentError } from '../lib/errors.ts'
import { fields, text } from '../lib/fields.ts'
import type { Log } from '../lib/log.ts'
import type { Module } from '../registry/manifest.ts'
import type { AgentRequest, SubjectKind } from '@hookyard/sdk/host'
import { type ClaimedRun, type Store, isStoreFailure } from '../store/store.ts'
import type { Agent } from './agent/agent.ts'
import { askAgent, type RunMoney } from './ask-agent.ts'
import { type Budget, createBudget } from './budget.ts'
import type { BudgetConfig } from './budget-caps.ts'
import {
  MAX_KEPT,
  OverLimitError,
  type RunLimits,
  bytesOf,
  checkSize,
  keptTooMuch,
  rememberLimits,
} from './run-limits.ts'
import type { GitHubBroker, LoadedSubject, RunScope } from './github/broker.ts'
import { isRead } from './github/errors.ts'
import { invokeFromModule } from './invoke.ts'
import { AllowedMentions } from './allowed-mentions.ts'
import { type NetworkOptions, networkRequest, openNetwork } from './network/fetch.ts'
import { type NoticeOptions, Notices } from './notices.ts'

export interface BrokerOptions extends NoticeOptions {
  /** null: the installation has no GitHub credentials. Getters: a reload swaps both between two runs. */
  readonly github: () => GitHubBroker | null
  readonly agent: () => Agent
  /** Caps and users, as they are now. */
  readonly config: () => BudgetConfig
  readonly store: Store
  readonly module: (name: string) => Module | undefined
  /** Of `ctx.fetch`; tests bring a resolver. */
  readonly network?: NetworkOptions
  readonly newRunId: () => string
  readonly log: Log
}

/** One run's door to the world. */
export interface RunBroker {
  /** Loads what the run is about, fresh. */
  load(): Promise<LoadedSubject>
  /** Serves one call of the module process. */
  call(method: string, params: unknown): Promise<unknown>
  /** What the agent has cost and the store could not write yet, in USD. */
  readonly costUsd: number
  /** The run's people have been told that a cap per day is spent. */
  readonly told: boolean
  /** The sentence that refuses a state, beside what `once` keeps; null when there is room for it. */
  refuseState(state: unknown): Promise<string | null>
  /** What the module recorded for its journal. */
  readonly records: Readonly<Record<string, unknown>>
  /** What the run says may come from an agent: by what it was given, or because it asked by now. */
  readonly tainted: boolean
}

export interface Broker {
  open(run: ClaimedRun, module: Module, signal: AbortSignal): RunBroker
}

const shapes = {
  read: z.object({
    on: z.enum(['pr', 'issue', 'repo']),
    name: z.string(),
    args: z.array(z.unknown()).max(4),
  }),
  write: z.object({ verb: z.string(), args: z.array(z.unknown()).max(4) }),
  fetch: z.object({
    method: z.string(),
    url: z.string(),
    headers: z.record(z.string(), z.string()),
    body: z.string().nullable(),
  }),
  key: z.object({ key: z.string().min(1).max(500) }),
  result: z.object({ key: z.string().min(1).max(500), result: z.unknown().optional() }),
  notify: z.object({ text: z.string().min(1).max(65_536) }),
  invoke: z.object({ module: z.string(), input: z.unknown().optional() }),
  record: z.record(z.string(), z.unknown()),
}

/** Makes the broker of a service. */
export function createBroker(options: BrokerOptions): Broker {
  const budget = createBudget({ store: options.store.runs, clock: options.clock, log: options.log })
  const limitsOf = rememberLimits()
  return {
    open(run, module, signal) {
      const state = { ...openRun(options, limitsOf(run), run, module, signal), budget }
      return {
        load: () => load(state),
        async call(method, params) {
          signal.throwIfAborted()
          const serve = METHODS[method]
          if (!serve)
            throw new PermanentError(`the broker knows no call ${JSON.stringify(method)}`, {
              reason: 'unknown_call',
            })
          return serve(options, state, params)
        },
        async refuseState(value) {
          if (value === undefined) return null
          const size = bytesOf(value) + (await options.store.effects.onceKept(run.id))
          return size > MAX_KEPT ? keptTooMuch(`with its state it is ${size}`) : null
        },
        get costUsd() {
          return state.money.unwrittenUsd
        },
        get told() {
          return state.money.told
        },
        get records() {
          return state.records
        },
        get tainted() {
          return state.tainted
        },
      }
    },
  }
}

/** What is kept of a run while its process is there. */
const openRun = (
  options: BrokerOptions,
  limits: RunLimits,
  ...[run, module, signal]: Parameters<Broker['open']>
) => ({
  ...{ run, module, signal, limits },
  github: options.github(),
  agent: options.agent(),
  network: openNetwork(module, signal, options.network),
  scope: null as RunScope | null,
  money: { costUsd: 0, unwrittenUsd: 0, told: false } as RunMoney,
  records: {} as Readonly<Record<string, unknown>>,
  notices: new Notices(options, run, limits),
  invoked: 0,
  known: new AllowedMentions(),
  tainted: run.tainted,
})

type OpenRun = ReturnType<typeof openRun> & { readonly budget: Budget }

async function load(state: OpenRun): Promise<LoadedSubject> {
  const { run, module } = state
  const kind: SubjectKind = module.manifest.subject
  if (run.repository !== null && state.github) {
    state.scope = {
      runId: run.id,
      module: module.name,
      entity: run.entity,
      repository: spelledAs(run.payload, run.repository),
      subject: null,
      may: module.manifest.may,
      signal: state.signal,
    }
  }
  if (kind === 'none') return { kind, pr: null, issue: null, repo: null, subject: null }
  if (!state.github) {
    throw new PermanentError(
      'there are no GitHub credentials: set GITHUB_TOKEN, or GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY',
      { reason: 'github_credentials_missing' },
    )
  }
  if (!state.scope) {
    throw new PermanentError(`${module.name} is about a ${kind}, and ${run.entity} names no repository`, {
      reason: 'wrong_subject',
    })
  }
  const loaded = await state.github.load(state.scope, kind)
  state.scope = { ...state.scope, subject: loaded.subject }
  state.known.addSubject(loaded)
  return loaded
}

/** The repository as GitHub spells it; keys are lower case, GitHub's own paths need not be. */
function spelledAs(payload: string | null, repository: string): string {
  const spelled =
    payload === null ? null : text(fields(fields(JSON.parse(payload))['repository'])['full_name'])
  return spelled?.toLowerCase() === repository.toLowerCase() ? spelled : repository
}

type Method = (options: BrokerOptions, state: OpenRun, params: unknown) => Promise<unknown>

const METHODS: Readonly<Record<string, Method>> = {
  'subject.read': async (_options, state, params) => {
    const { on, name, args } = checked(shapes.read, params)
    const found = await onGitHub(state, (github, scope) => github.read(scope, on, name, args))
    state.known.addRead(name, found)
    return found
  },
  'subject.write': (_options, state, params) => {
    const { verb, args } = checked(shapes.write, params)
    state.limits.count('effects', JSON.stringify([verb, args]))
    return onGitHub(state, (github, scope) => github.write(scope, verb, args))
  },
  'github.fetch': async (_options, state, params) => {
    const request = checked(shapes.fetch, params)
    const { method, url, body } = request
    const reads = isRead(method.toUpperCase())
    if (!reads) state.limits.count('effects', JSON.stringify([method, url, body]))
    const answer = await onGitHub(state, (github, scope) => github.fetch(scope, request))
    if (reads) state.known.addAnswer(answer.body)
    return answer
  },
  fetch: (_options, state, params) => state.network.fetch(checked(networkRequest, params)),
  'agent.run': (options, state, params) => ask(options, state, params),
  'once.begin': (options, state, params) =>
    options.store.effects.onceBegin(state.run.id, checked(shapes.key, params).key),
  'once.end': async (options, state, params) => {
    const { key, result } = checked(shapes.result, params)
    // It was done: forgotten, the run could not go on after a failure of the store.
    const kept = await untilStored(state.signal, () =>
      options.store.effects.onceEnd(state.run.id, key, result ?? null, MAX_KEPT),
    )
    if (!kept) throw new OverLimitError(keptTooMuch(`the result of once(${JSON.stringify(key)}) is too much`))
  },
  'once.forget': (options, state, params) =>
    options.store.effects.onceForget(state.run.id, checked(shapes.key, params).key),
  notify: async (_options, state, params) =>
    state.notices.notify(checked(shapes.notify, params).text, state.tainted),
  invoke: async (options, state, params) => {
    state.invoked += 1
    state.limits.count('invoked', JSON.stringify([state.invoked, params]))
    const { run, module, tainted, invoked: ordinal } = state
    const request = checked(shapes.invoke, params)
    checkSize('the input of an invoked run', request.input)
    const invoked = await invokeFromModule(options, { run, module, ordinal, tainted }, request)
    options.onAdded()
    return invoked
  },
  'journal.record': async (_options, state, params) => {
    const records = { ...state.records, ...checked(shapes.record, params) }
    checkSize('what the journal records of the run', records)
    state.records = records
  },
}

const STORE_RETRY_MS = 1_000

/** Tries again while the store fails, as long as the run has time. */
async function untilStored<T>(signal: AbortSignal, write: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await write()
    } catch (thrown) {
      if (!isStoreFailure(thrown) || signal.aborted) throw thrown
      await delay(STORE_RETRY_MS, undefined, { signal })
    }
  }
}

function checked<T>(shape: z.ZodType<T>, params: unknown): T {
  const parsed = shape.safeParse(params)
  if (parsed.success) return parsed.data
  const where = parsed.error.issues
    .map((issue) => `${issue.path.join('.') || 'argument'}: ${issue.message}`)
    .join('; ')
  throw new PermanentError(`the call's arguments do not fit: ${where}`, { reason: 'invalid_argument' })
}

function onGitHub<T>(state: OpenRun, act: (github: GitHubBroker, scope: RunScope) => Promise<T>): Promise<T> {
  const { github, scope, known, tainted } = state
  if (github && scope) return act(github, { ...scope, judged: tainted ? known.allowances(scope) : null })
  throw new PermanentError(
    `${state.run.entity} names no repository that ${state.module.name} could reach on GitHub`,
    {
      reason: 'wrong_subject',
    },
  )
}

/** The agent checks the request itself. The run is tainted before: no crash gives it the answer without the taint. */
async function ask(options: BrokerOptions, state: OpenRun, params: unknown): Promise<unknown> {
  const { run, module, agent, budget, money, signal, notices } = state
  if (!state.tainted) await options.store.runs.taint(run.id)
  state.tainted = true
  const config = options.config()
  const tell = (text: string, keyOf: (address: string) => string) => notices.say(text, keyOf)
  return askAgent({ run, module, agent, budget, config, money, signal, tell }, params as AgentRequest)
}

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
import { checked } from './github/scope.ts'
import { invokeFromModule } from './invoke.ts'
import { AllowedMentions } from './allowed-mentions.ts'
import { type NetworkOptions, networkRequest, openNetwork } from './network/fetch.ts'
import { type NoticeOptions, createNotices } from './notices.ts'

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

export type Broker = ReturnType<typeof createBroker>
/** One run's door to the world. */
export type RunBroker = ReturnType<Broker['open']>

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
export function createBroker(options: BrokerOptions) {
  const budget = createBudget({ store: options.store.runs, clock: options.clock, log: options.log })
  const limitsOf = rememberLimits()
  return {
    open(run: ClaimedRun, module: Module, signal: AbortSignal) {
      const state: OpenRun = { ...openRun(options, limitsOf(run), run, module, signal), budget }
      return {
        /** Loads what the run is about, fresh. */
        load: () => load(state),
        /** Serves one call of the module process. */
        async call(method: string, params: unknown): Promise<unknown> {
          signal.throwIfAborted()
          // What every object has, `constructor` and the like, is no call.
          const serve = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined
          if (serve) return serve(options, state, params)
          const why = `the broker knows no call ${JSON.stringify(method)}`
          throw new PermanentError(why, { reason: 'unknown_call' })
        },
        /** The sentence that refuses a state, beside what `once` keeps; null when there is room for it. */
        async refuseState(value: unknown): Promise<string | null> {
          if (value === undefined) return null
          const size = bytesOf(value) + (await options.store.effects.onceKept(run.id))
          return size > MAX_KEPT ? keptTooMuch(`with its state it is ${size}`) : null
        },
        /** What the agent has cost and the store could not write yet, in USD. */
        get costUsd(): number {
          return state.money.unwrittenUsd
        },
        /** The run's people have been told that a cap per day is spent. */
        get told(): boolean {
          return state.money.told
        },
        /** What the module recorded for its journal. */
        get records(): Readonly<Record<string, unknown>> {
          return state.records
        },
        /** What the run says may come from an agent: by what it was given, or because it asked by now. */
        get tainted(): boolean {
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
  run: ClaimedRun,
  module: Module,
  signal: AbortSignal,
) => ({
  ...{ run, module, signal, limits },
  github: options.github(),
  agent: options.agent(),
  network: openNetwork(module, signal, options.network),
  scope: null as RunScope | null,
  money: { costUsd: 0, unwrittenUsd: 0, told: false } as RunMoney,
  records: {} as Readonly<Record<string, unknown>>,
  notices: createNotices(options, run, limits),
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
    const { on, name, args } = checked(shapes.read, params, 'argument')
    const found = await onGitHub(state, (github, scope) => github.read(scope, on, name, args))
    state.known.addRead(name, found)
    return found
  },
  'subject.write': (_options, state, params) => {
    const { verb, args } = checked(shapes.write, params, 'argument')
    state.limits.count('effects', JSON.stringify([verb, args]))
    return onGitHub(state, (github, scope) => github.write(scope, verb, args))
  },
  'github.fetch': async (_options, state, params) => {
    const request = checked(shapes.fetch, params, 'argument')
    const { method, url, body } = request
    const reads = isRead(method.toUpperCase())
    if (!reads) state.limits.count('effects', JSON.stringify([method, url, body]))
    const answer = await onGitHub(state, (github, scope) => github.fetch(scope, request))
    if (reads) state.known.addAnswer(answer.body)
    return answer
  },
  fetch: (_options, state, params) => state.network.fetch(checked(networkRequest, params, 'argument')),
  'agent.run': (options, state, params) => ask(options, state, params),
  'once.begin': (options, state, params) =>
    options.store.effects.onceBegin(state.run.id, checked(shapes.key, params, 'argument').key),
  'once.end': async (options, state, params) => {
    const { key, result } = checked(shapes.result, params, 'argument')
    // It was done: forgotten, the run could not go on after a failure of the store.
    const kept = await untilStored(state.signal, () =>
      options.store.effects.onceEnd(state.run.id, key, result ?? null, MAX_KEPT),
    )
    if (!kept) throw new OverLimitError(keptTooMuch(`the result of once(${JSON.stringify(key)}) is too much`))
  },
  'once.forget': (options, state, params) =>
    options.store.effects.onceForget(state.run.id, checked(shapes.key, params, 'argument').key),
  notify: async (_options, state, params) =>
    state.notices.notify(checked(shapes.notify, params, 'argument').text, state.tainted),
  invoke: async (options, state, params) => {
    state.invoked += 1
    state.limits.count('invoked', JSON.stringify([state.invoked, params]))
    const { run, module, tainted, invoked: ordinal } = state
    const request = checked(shapes.invoke, params, 'argument')
    checkSize('the input of an invoked run', request.input)
    const invoked = await invokeFromModule(options, { run, module, ordinal, tainted }, request)
    options.onAdded()
    return invoked
  },
  'journal.record': async (_options, state, params) => {
    const records = { ...state.records, ...checked(shapes.record, params, 'argument') }
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

function onGitHub<T>(state: OpenRun, act: (github: GitHubBroker, scope: RunScope) => Promise<T>): Promise<T> {
  const { github, scope, known, tainted } = state
  if (github && scope) return act(github, { ...scope, judged: tainted ? known.allowances(scope) : null })
  const why = `${state.run.entity} names no repository that ${state.module.name} could reach on GitHub`
  throw new PermanentError(why, { reason: 'wrong_subject' })
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

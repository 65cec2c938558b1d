// The run wrapper: one attempt of one run, from its claim to its settlement. Loads the subject, hands the run to
// a module process, serves its calls through the broker, and watches the deadline. Never throws.
import type { Broker, RunBroker } from '../broker/broker.ts'
import { OverLimitError } from '../broker/caps.ts'
import { pathsOf } from '../broker/github/reads.ts'
import { SupersededError } from '../broker/github/superseded.ts'
import { toError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import { type Log, logWith } from '../lib/log.ts'
import type { Redactor } from '../lib/redactor.ts'
import { holds } from '../registry/filters.ts'
import type { Module } from '../registry/manifest.ts'
import type { ChangedFile } from '@hookyard/sdk/host'
import { type ClaimedRun, type Settlement, isStoreFailure } from '../store/store.ts'
import { leftBehind, untilAborted } from './aborted.ts'
import type { ProcessPool } from './process-pool.ts'
import { runInit } from './run-init.ts'
import {
  type AttemptResult,
  type Interruption,
  saidWithoutSecrets,
  settleGone,
  settlementOf,
} from './settlement.ts'

export interface RunModuleOptions {
  readonly broker: Broker
  readonly pool: ProcessPool
  readonly module: (name: string) => Module | undefined
  readonly addressOf: (user: string) => string | null
  readonly isMuted?: (user: string, entity: string) => boolean
  readonly githubApiUrl: string
  /** Takes the installation's secrets out of what a module says. */
  readonly redact?: Redactor
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
}

/** How long subject, process and handler may take to be there, in ms, beside the run's own timeout. */
const START_MS = 60_000

/** An abort whose cause the settlement needs. */
export class InterruptionError extends Error {
  readonly by: Interruption

  constructor(by: Interruption) {
    super(by.kind === 'cancelled' ? `cancelled: ${by.reason}` : by.kind)
    this.name = 'InterruptionError'
    this.by = by
  }
}

/** Executes one attempt. `stop` aborts it from outside, with an InterruptionError as its reason. */
export async function runModule(
  run: ClaimedRun,
  stop: AbortSignal,
  options: RunModuleOptions,
): Promise<Settlement> {
  const module = options.module(run.module) ?? null
  const log = logWith(options.log, {
    run: run.id,
    module: run.module,
    entity: run.entity,
    attempt: run.attempt,
  })
  const { addressOf, isMuted, random } = options
  const people = { addressOf, ...(isMuted && { isMuted }), random }
  if (!module) return settleGone({ run, ...people, now: options.clock() })

  const ended = new AbortController()
  const { timeoutMs } = module.manifest
  const endAfter = (ms: number) =>
    setTimeout(() => ended.abort(new InterruptionError({ kind: 'timeout', afterMs: timeoutMs })), ms)
  let deadline = endAfter(START_MS + timeoutMs)
  let begun = false
  // The handler's time is its own: how long its process takes to start is the machine's affair. Once, since a module
  // that begins again and again would have no end.
  const onBegin = () => {
    if (begun || ended.signal.aborted) return
    begun = true
    clearTimeout(deadline)
    deadline = endAfter(timeoutMs)
  }
  const signal = AbortSignal.any([stop, ended.signal])
  const broker = options.broker.open(run, module, signal)
  let subject: Loaded = null
  let result: AttemptResult
  try {
    result = await Promise.race([attempt(), leftBehind(signal)])
    const refused = result.kind === 'returned' ? await refusedState(result.outcome, broker) : null
    if (refused !== null) result = { kind: 'exceeded', reason: 'over_limit', says: refused }
  } catch (thrown) {
    const error = toError(thrown)
    result = isStoreFailure(error)
      ? { kind: 'interrupted', by: { kind: 'store_failed', message: error.message } }
      : { kind: 'refused', error }
  } finally {
    clearTimeout(deadline)
  }
  // Whatever the handler made of its abort, the cause of the abort is what happened.
  if (signal.aborted && result.kind !== 'interrupted' && signal.reason instanceof InterruptionError) {
    result = { kind: 'interrupted', by: signal.reason.by }
  }
  if (result.kind === 'died' || result.kind === 'threw') log.debug({ result }, 'how the attempt failed')
  return settlementOf(options.redact ? saidWithoutSecrets(result, options.redact) : result, {
    run,
    module,
    subject,
    costUsd: broker.costUsd,
    told: broker.told,
    records: broker.records,
    tainted: broker.tainted,
    ...people,
    now: options.clock(),
  })

  async function attempt(): Promise<AttemptResult> {
    if (!module!.enabled)
      return { kind: 'returned', outcome: { status: 'skipped', reason: 'module_disabled' } }
    const loaded = await untilAborted(broker.load(), signal)
    subject = subjectOf(loaded)
    if (isFiltered(run.trigger) && (await pathsFilteredOut(module!, broker))) {
      return { kind: 'returned', outcome: { status: 'skipped', reason: 'filtered:paths' } }
    }
    const { subject: _scope, ...parts } = loaded
    const process = options.pool.acquire(module!, run.repository)
    try {
      return await process.run(
        runInit(run, module!, parts, options.githubApiUrl),
        { ...handlersFor(broker, ended, log), onBegin },
        signal,
      )
    } finally {
      // What its memory keeps may come from an agent, and the next run of the process need not be tainted.
      if (broker.tainted) await process.kill()
      options.pool.release(process)
    }
  }
}

/** A store that cannot tell refuses nothing: what the run has done stands. */
async function refusedState(outcome: unknown, broker: RunBroker): Promise<string | null> {
  const { state } = (outcome ?? {}) as { state?: unknown }
  return broker.refuseState(state).catch(() => null)
}

type Loaded = { number: number; title: string; url: string } | null

function handlersFor(broker: RunBroker, ended: AbortController, log: Log) {
  return {
    async onCall(method: string, params: unknown): Promise<unknown> {
      try {
        return await broker.call(method, params)
      } catch (thrown) {
        // The head moved: the newer push has a run of its own, so this one writes no more.
        if (thrown instanceof SupersededError) ended.abort(new InterruptionError({ kind: 'superseded' }))
        if (thrown instanceof OverLimitError)
          ended.abort(new InterruptionError({ kind: 'over_limit', says: thrown.message }))
        // Whatever the handler would make of it: the module has done nothing wrong.
        if (isStoreFailure(thrown)) {
          const { message } = toError(thrown)
          ended.abort(new InterruptionError({ kind: 'store_failed', message }))
        }
        throw thrown
      }
    },
    onLog(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown> = {}) {
      log[level](fields, message.slice(0, 8_000))
    },
  }
}

/** Whatever else starts a run was asked for, by somebody or by a clock: filters are for what comes by itself. */
const isFiltered = ({ type }: ClaimedRun['trigger']) => type === 'webhook'

/** Looked at again: at the dispatch GitHub may have been silent, and a late run is about the newest head. */
async function pathsFilteredOut(module: Module, broker: RunBroker): Promise<boolean> {
  const { paths } = module.manifest.when
  if (paths.length === 0 || module.manifest.subject !== 'pull_request') return false
  const read = { on: 'pr', name: 'files', args: [] }
  const files = (await broker.call('subject.read', read)) as readonly ChangedFile[]
  return !holds(paths, pathsOf(files))
}

function subjectOf(loaded: { pr: unknown; issue: unknown }): Loaded {
  const data = (loaded.pr ?? loaded.issue) as { number: number; title: string; html_url: string } | null
  return data ? { number: data.number, title: data.title, url: data.html_url } : null
}

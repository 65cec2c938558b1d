// The run wrapper: one attempt of one run, from its claim to its settlement. Loads the subject, hands the run to
// a module process, serves its calls through the broker, and watches the deadline. Never throws.
import type { Broker, RunBroker } from '../broker/broker.ts'
import { OverLimitError } from '../broker/run-limits.ts'
import { pathsOf } from '../broker/github/reads.ts'
import { SupersededError } from '../broker/github/effects.ts'
import { toError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import { type Log, logWith } from '../lib/log.ts'
import type { Redactor } from '../lib/redactor.ts'
import { holds } from '../registry/filters.ts'
import type { Module } from '../registry/manifest.ts'
import type { ChangedFile } from '@hookyard/sdk/host'
import { originalTrigger } from '../store/store.ts'
import { type ClaimedRun, type Settlement, isStoreFailure } from '../store/store.ts'
import type { ProcessPool } from './process-pool.ts'
import { type RunInit, toWire } from './protocol.ts'
import {
  type AttemptResult,
  type Interruption,
  type SettleInput,
  saidWithoutSecrets,
  settleGone,
  settlementOf,
} from './settlement.ts'

export interface RunModuleOptions extends Pick<SettleInput, 'addressOf' | 'isMuted' | 'random'> {
  readonly broker: Broker
  readonly pool: Pick<ProcessPool, 'acquire' | 'release'>
  readonly module: (name: string) => Module | undefined
  readonly githubApiUrl: string
  /** Takes the installation's secrets out of what a module says. */
  readonly redact?: Redactor
  readonly clock: Clock
  readonly log: Log
}

/** How long subject, process and handler may take to be there, in ms, beside the run's own timeout. */
const START_MS = 60_000
/** How long an attempt may take to end after its abort, in ms; a process that is killed takes a second. */
const STOP_MS = 3_000

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
  const { addressOf, isMuted, random, clock, redact } = options
  const people = { addressOf, ...(isMuted && { isMuted }), random }
  const module = options.module(run.module)
  if (!module) return settleGone({ run, ...people, now: clock() })
  const { id, entity, attempt: number } = run
  const log = logWith(options.log, { run: id, module: run.module, entity, attempt: number })

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
  let subject: Subject = null
  let result: AttemptResult
  try {
    result = await Promise.race([attempt(), leftBehind(signal)])
    const refused = result.kind === 'returned' ? await refusedState(result.outcome, broker) : null
    if (refused !== null) result = { kind: 'exceeded', reason: 'over_limit', says: refused }
  } catch (thrown) {
    const { message } = toError(thrown)
    result = isStoreFailure(thrown)
      ? { kind: 'interrupted', by: { kind: 'store_failed', message } }
      : { kind: 'threw', error: toWire(thrown) }
  } finally {
    clearTimeout(deadline)
  }
  // Whatever the handler made of its abort, the cause of the abort is what happened.
  if (signal.aborted && result.kind !== 'interrupted' && signal.reason instanceof InterruptionError) {
    result = { kind: 'interrupted', by: signal.reason.by }
  }
  if (result.kind === 'died' || result.kind === 'threw') log.debug({ result }, 'how the attempt failed')
  const { costUsd, told, records, tainted } = broker
  const input = { run, module, subject, costUsd, told, records, tainted, ...people, now: clock() }
  return settlementOf(redact ? saidWithoutSecrets(result, redact) : result, input)

  async function attempt(): Promise<AttemptResult> {
    const skipped = (reason: string): AttemptResult => ({
      kind: 'returned',
      outcome: { status: 'skipped', reason },
    })
    if (!module!.enabled) return skipped('module_disabled')
    const { subject: _scope, ...loaded } = await untilAborted(broker.load(), signal)
    subject = subjectOf(loaded)
    // Whatever else starts a run was asked for, by somebody or by a clock: filters are for what comes by itself.
    if (run.trigger.type === 'webhook' && (await pathsFilteredOut(module!, broker)))
      return skipped('filtered:paths')
    const process = options.pool.acquire(module!, run.repository)
    try {
      const handlers = { ...handlersFor(broker, ended, log), onBegin }
      return await process.run(runInit(run, module!, loaded, options.githubApiUrl), handlers, signal)
    } finally {
      // What its memory keeps may come from an agent, and the next run of the process need not be tainted.
      if (broker.tainted) await process.kill()
      options.pool.release(process)
    }
  }
}

/** Rejects some time after the abort: whatever hangs by then is left behind, and the run ends without it. */
function leftBehind(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const wait = () => setTimeout(() => reject(toError(signal.reason)), STOP_MS)
    if (signal.aborted) wait()
    else signal.addEventListener('abort', wait, { once: true })
  })
}

/** The promise's value, unless the signal comes first. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(toError(signal.reason))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** The run as its process is told of it. */
function runInit(
  run: ClaimedRun,
  { config }: Module,
  subject: RunInit['subject'],
  githubApiUrl: string,
): RunInit {
  const { id: runId, module, attempt, entity, recipients, repository } = run
  const trigger = { ...run.trigger, data: triggerData(run) }
  const given = { input: run.input ?? {}, config, state: run.state ?? null, subject }
  return { runId, module, attempt, trigger, ...given, entity, recipients, repository, githubApiUrl }
}

/** The trigger's own data, else the delivery's payload; a resumed run has that of its first cause with it. */
function triggerData({ trigger, payload }: ClaimedRun): unknown {
  const delivered = payload === null ? {} : (JSON.parse(payload) as Record<string, unknown>)
  if (trigger.type !== 'resume') return trigger.data ?? delivered
  const original = originalTrigger(trigger)
  return { ...trigger.data, original: { ...original, data: original.data ?? delivered } }
}

/** A store that cannot tell refuses nothing: what the run has done stands. */
async function refusedState(outcome: unknown, broker: RunBroker): Promise<string | null> {
  const { state } = (outcome ?? {}) as { state?: unknown }
  return broker.refuseState(state).catch(() => null)
}

function handlersFor(broker: RunBroker, ended: AbortController, log: Log) {
  return {
    async onCall(method: string, params: unknown): Promise<unknown> {
      try {
        return await broker.call(method, params)
      } catch (thrown) {
        const by = interruptionOf(thrown)
        if (by) ended.abort(new InterruptionError(by))
        throw thrown
      }
    },
    onLog(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown> = {}) {
      log[level](fields, message.slice(0, 8_000))
    },
  }
}

/** What ends a run whatever its handler would make of the error; null: the handler's affair. */
function interruptionOf(thrown: unknown): Interruption | null {
  const { message } = toError(thrown)
  // The head moved: the newer push has a run of its own, so this one writes no more.
  if (thrown instanceof SupersededError) return { kind: 'superseded' }
  if (thrown instanceof OverLimitError) return { kind: 'over_limit', says: message }
  // The module has done nothing wrong.
  return isStoreFailure(thrown) ? { kind: 'store_failed', message } : null
}

/** Looked at again: at the dispatch GitHub may have been silent, and a late run is about the newest head. */
async function pathsFilteredOut(module: Module, broker: RunBroker): Promise<boolean> {
  const { paths } = module.manifest.when
  if (paths.length === 0 || module.manifest.subject !== 'pull_request') return false
  const read = { on: 'pr', name: 'files', args: [] }
  const files = (await broker.call('subject.read', read)) as readonly ChangedFile[]
  return !holds(paths, pathsOf(files))
}

type Subject = SettleInput['subject']

function subjectOf(loaded: { pr: unknown; issue: unknown }): Subject {
  const data = (loaded.pr ?? loaded.issue) as { number: number; title: string; html_url: string } | null
  return data && { number: data.number, title: data.title, url: data.html_url }
}

// `ctx.invoke`: a module starts a run of another one on the same entity, for the same people.
import { createHash } from 'node:crypto'
import { PermanentError } from '../lib/errors.ts'
import { compileSchema } from '../registry/json-schema-check.ts'
import type { Module } from '../registry/manifest.ts'
import type { Clock } from '../lib/clock.ts'
import { newRun } from '../store/new-run.ts'
import type { ClaimedRun, NewRun, RunStore } from '../store/store.ts'
import { accountOf, type BudgetConfig } from './budget-caps.ts'

/** How many `ctx.invoke` may follow each other from one cause: modules that call each other must end. */
const MAX_DEPTH = 5

export interface Invocation {
  readonly module: string
  readonly input?: unknown
}

interface Caller {
  readonly run: ClaimedRun
  readonly module: Module
  /** It has asked an agent, so its input may hold what that said. */
  readonly tainted: boolean
}

interface Options {
  readonly module: (name: string) => Module | undefined
  readonly newRunId: () => string
  readonly clock: Clock
  readonly config: () => BudgetConfig
  readonly store: { readonly runs: Pick<RunStore, 'create'> }
}

/**
 * Creates the run; the `ordinal`th call of an attempt with the same arguments is the same run again.
 * @throws PermanentError unknown_module, module_disabled, invoke_disabled, invoke_depth, wrong_subject, invalid_input
 */
export async function invokeFromModule(
  options: Options,
  caller: Caller & { readonly ordinal: number },
  request: Invocation,
): Promise<{ run_id: string }> {
  const { run } = caller
  const target = invocable(options, run, request)
  const input = inputFor(target, request.input)
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([target.name, request.input ?? null]))
    .digest('hex')
  const idempotency = { scope: `run:${run.id}`, key: `${caller.ordinal}:${fingerprint}`, fingerprint }
  const result = await options.store.runs.create(runOf(options, caller, target, input), {
    idempotency,
    invokedBy: run.id,
  })
  if (result.status === 'created' || result.status === 'existing') return { run_id: result.runId }
  throw new PermanentError(`the run of ${target.name} could not be created: ${result.status}`, {
    reason: 'invoke_failed',
  })
}

const refuse = (reason: string, sentence: string) => new PermanentError(sentence, { reason })

function invocable(options: Options, run: ClaimedRun, { module: name }: Invocation): Module {
  const target = options.module(name)
  if (!target) throw refuse('unknown_module', `there is no module ${JSON.stringify(name)}`)
  const { manifest } = target
  if (!target.enabled) throw refuse('module_disabled', `the module ${target.name} is disabled`)
  if (!manifest.invoke) throw refuse('invoke_disabled', `the module ${target.name} says invoke: false`)
  if (run.depth >= MAX_DEPTH) {
    throw refuse('invoke_depth', `${MAX_DEPTH} modules have called each other already; the chain ends here`)
  }
  const numbered = manifest.subject === 'pull_request' || manifest.subject === 'issue'
  if (numbered && !/#\d+$/.test(run.entity)) {
    throw refuse(
      'wrong_subject',
      `${target.name} is about a ${manifest.subject}, and this run is about ${run.entity}`,
    )
  }
  return target
}

/** The input with its schema's defaults filled in, as a call over HTTP gets it. */
function inputFor({ manifest }: Module, input: unknown): unknown {
  const checked = manifest.input === null ? undefined : compileSchema(manifest.input).check?.(input ?? {})
  if (checked === undefined) return input
  const [fault] = checked.faults
  if (fault === undefined) return checked.value
  const where = ['input', ...fault.path].join('.')
  throw refuse('invalid_input', `${where}: found ${fault.fault.found}, expected ${fault.fault.expected}`)
}

function runOf(options: Options, { run, module, tainted }: Caller, target: Module, input: unknown): NewRun {
  const now = options.clock()
  const { user } = accountOf(run, options.config())
  return newRun(target, {
    id: options.newRunId(),
    entity: run.entity,
    repository: run.repository,
    trigger: {
      type: 'invoke',
      event: null,
      action: null,
      by: `module:${module.name}`,
      at: new Date(now).toISOString(),
      ...(user !== null && { user }),
    },
    recipients: run.recipients,
    input: input ?? null,
    depth: run.depth + 1,
    tainted,
    createdAt: now,
  })
}

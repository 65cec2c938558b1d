// A run started by hand. Checks in the contract's order: module, body, repository; token and scope stand before
// them. A call never exceeds its token's user: it acts where that user may, and tells that user alone.
import type { Access } from '../access/access.ts'
import { UserError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Module } from '../registry/manifest.ts'
import type { ModuleRegistry } from '../registry/module-registry.ts'
import { newRun } from '../store/new-run.ts'
import type { CreateOptions, NewRun, RunRecord, RunStore } from '../store/store.ts'
import type { Principal } from './auth.ts'
import { orUnavailable } from './errors.ts'
import type { z } from 'zod'
import { type Invocation, type InvokeBody, readInvocation } from './invoke-input.ts'

export interface InvokeDeps {
  readonly registry: () => Pick<ModuleRegistry, 'get'>
  readonly access: () => Pick<Access, 'mayCall'>
  readonly store: { readonly runs: Pick<RunStore, 'create' | 'get'> }
  /** What the handler's own schema has against an input; null when it fits. */
  readonly checkInput?: (module: Module, input: unknown) => Promise<readonly string[] | null>
  readonly newRunId: () => string
  readonly wakeRuns: () => void
  readonly clock: Clock
  readonly log: Log
}

/**
 * Starts a run of the module as this principal, or answers with the run that its idempotency key started before.
 * @throws UserError unknown_module, invoke_disabled, wrong_state, invalid_input, not_authorized,
 * idempotency_conflict, cooldown, storage_unavailable
 */
export async function invokeModule(
  deps: InvokeDeps,
  principal: Principal,
  name: string,
  body: z.output<typeof InvokeBody>,
) {
  const module = invocableModule(deps, name)
  const invocation = readInvocation(module.manifest, body)
  const faults = await deps.checkInput?.(module, invocation.input)
  if (faults) throw new UserError('invalid_input', `input: ${faults.join('; ')}`)
  if (!deps.access().mayCall(principal.user, invocation.repository)) {
    throw new UserError(
      'not_authorized',
      `${principal.user.name} may not start runs in ${invocation.repository ?? 'no repository'}; it is in none of the \`repos\` that the configuration gives to this user`,
    )
  }
  const run = runOf(deps, principal, module, invocation)
  const result = await orUnavailable(
    deps.log,
    deps.store.runs.create(run, optionsOf(principal, module, invocation)),
  )
  switch (result.status) {
    case 'created':
      deps.log.info({ run: run.id, module: name, entity: run.entity, token: principal.name }, 'invoked')
      deps.wakeRuns()
      return { ...startedAnswer({ ...run, status: 'queued' }), existing: false }
    case 'existing': {
      const before = await orUnavailable(deps.log, deps.store.runs.get(result.runId))
      if (!before) throw conflict('the run of this idempotency_key is no longer held; use a new key')
      return { ...startedAnswer(before), existing: true }
    }
    case 'conflict':
      throw conflict('this idempotency_key came before with another body; use a new key, or the same body')
    case 'cooldown': {
      const seconds = Math.max(1, Math.ceil((result.until - deps.clock()) / 1_000))
      throw new UserError('cooldown', `${name} rests on ${run.entity} for another ${seconds} s`, {
        headers: { 'retry-after': String(seconds) },
      })
    }
  }
}

/** The module, if it can be started by a call. @throws UserError unknown_module, invoke_disabled, wrong_state */
export function invocableModule({ registry }: Pick<InvokeDeps, 'registry'>, name: string): Module {
  const module = registry().get(name)
  if (!module) {
    throw new UserError(
      'unknown_module',
      `there is no module ${JSON.stringify(name.slice(0, 63))}; see \`hookyard modules\``,
    )
  }
  if (!module.manifest.invoke)
    throw new UserError('invoke_disabled', `the manifest of ${name} says \`invoke: false\``)
  if (!module.enabled) throw new UserError('wrong_state', `${name} is disabled; enable it first`)
  return module
}

function runOf(deps: InvokeDeps, { user }: Principal, module: Module, invocation: Invocation): NewRun {
  const { entity, repository, input } = invocation
  const now = deps.clock()
  const at = new Date(now).toISOString()
  return newRun(module, {
    id: deps.newRunId(),
    entity,
    repository,
    trigger: { type: 'invoke', event: null, action: null, by: user.name, at },
    recipients: [user.name],
    input,
    createdAt: now,
  })
}

function optionsOf(principal: Principal, module: Module, invocation: Invocation): CreateOptions {
  const { idempotencyKey: key, respectCooldown: respectWindow, fingerprint } = invocation
  if (key === undefined) return { respectWindow }
  // Under one token's name, and per module: no caller meets another one's keys.
  return {
    respectWindow,
    idempotency: { scope: `invoke\n${principal.name}\n${module.name}`, key, fingerprint },
  }
}

/** The answer to whoever started, stopped or resumed a run. */
export const startedAnswer = ({ id, module, status }: Pick<RunRecord, 'id' | 'module' | 'status'>) => ({
  run_id: id,
  module,
  status,
  status_url: `/api/runs/${id}`,
})

const conflict = (message: string) => new UserError('idempotency_conflict', message)

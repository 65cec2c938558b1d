// Modules: shown, switched on and off, invoked.
import { z } from 'zod'
import type { MayHear } from '../access/reading.ts'
import type { Config } from '../config/config.ts'
import { UserError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Principal } from '../receive/auth.ts'
import { orUnavailable } from '../receive/errors.ts'
import { InvokeBody } from '../receive/invoke-input.ts'
import { type InvokeDeps, invocableModule, invokeModule } from '../receive/invoke.ts'
import type { Module as LoadedModule } from '../registry/manifest.ts'
import type { ModuleRegistry } from '../registry/module-registry.ts'
import type { ModuleSwitch, RunStore } from '../store/store.ts'
import { Module, presentModule } from './module-shape.ts'
import { type Operation, operation } from './operation.ts'
import { RunStarted } from './run-shape.ts'
import { named } from './shapes.ts'
import { visibleRuns } from './visible.ts'

export interface ModuleOperationDeps extends Omit<InvokeDeps, 'store' | 'registry' | 'auth'> {
  readonly config: () => Config
  readonly registry: () => Pick<ModuleRegistry, 'get' | 'all'>
  readonly store: { readonly runs: Pick<RunStore, 'create' | 'get' | 'list'> }
  readonly switches: () => ReadonlyMap<string, ModuleSwitch>
  /**
   * Switches a module for good.
   * @throws UserError wrong_state when it cannot be switched on.
   */
  readonly switchModule: (name: string, enabled: boolean, by: string) => Promise<void>
  readonly mayHear: MayHear
  /** When the module's schedules are due next, in ms since the epoch. */
  readonly nextTicks: (module: LoadedModule) => readonly number[]
  readonly log: Log
}

const LAST_RUNS = 5

const ModuleName = z.object({ name: z.string().describe('The module’s name') })
named('Invocation', InvokeBody)
/** A good answer. */
export const ModuleList = named('ModuleList', z.object({ modules: z.array(Module) }))

/** The operations on modules. */
export function moduleOperations(deps: ModuleOperationDeps): Operation[] {
  return [listModules(deps), getModule(deps), invoke(deps), enable(deps), disable(deps)]
}

const listModules = (deps: ModuleOperationDeps) =>
  operation({
    id: 'listModules',
    method: 'get',
    path: '/api/modules',
    tag: 'modules',
    summary: 'List the modules',
    description: 'By name: manifest and settings, whether it is on and who says so, next ticks, last runs.',
    scope: 'modules:read',
    answers: { 200: { description: 'All modules', schema: ModuleList } },
    async run({ principal }) {
      const modules = deps.registry().all()
      const told = await Promise.all(modules.map((module) => present(deps, module, principal)))
      return { status: 200, body: { modules: told } }
    },
  })

const getModule = (deps: ModuleOperationDeps) =>
  operation({
    id: 'getModule',
    method: 'get',
    path: '/api/modules/{name}',
    tag: 'modules',
    summary: 'Show a module',
    scope: 'modules:read',
    params: ModuleName,
    answers: { 200: { description: 'The module', schema: Module } },
    refusals: ['unknown_module'],
    run: async ({ principal, params }) => ({
      status: 200,
      body: await present(deps, knownModule(deps, params.name), principal),
    }),
  })

const invoke = (deps: ModuleOperationDeps) =>
  operation({
    id: 'invokeModule',
    method: 'post',
    path: '/api/modules/{name}/invoke',
    tag: 'modules',
    summary: 'Start a run of a module',
    description:
      'The run is told to the token’s user alone, and may act where that user may. Sent again with the same `idempotency_key` and body it answers 200 with the same run. Cooldown windows are ignored unless `respect_cooldown` is true.',
    scope: 'modules:invoke',
    params: ModuleName,
    body: InvokeBody,
    answers: {
      202: { description: 'The run is queued', schema: RunStarted },
      200: { description: 'This key came before: the run that it started', schema: RunStarted },
    },
    refusals: [
      'unknown_module',
      'invoke_disabled',
      'wrong_state',
      'not_authorized',
      'idempotency_conflict',
      'cooldown',
    ],
    before: ({ params }) => void invocableModule(deps, params.name),
    async run({ principal, params, body }) {
      const { existing, ...started } = await invokeModule(deps, principal, params.name, body)
      return { status: existing ? 200 : 202, body: started }
    },
  })

const enable = (deps: ModuleOperationDeps) => switching(deps, true)
const disable = (deps: ModuleOperationDeps) => switching(deps, false)

const switching = (deps: ModuleOperationDeps, enabled: boolean) =>
  operation({
    id: enabled ? 'enableModule' : 'disableModule',
    method: 'post',
    path: `/api/modules/{name}/${enabled ? 'enable' : 'disable'}`,
    tag: 'modules',
    summary: enabled ? 'Switch a module on' : 'Switch a module off',
    description: enabled
      ? 'Lasts over restarts. A handler that cannot be loaded is refused. For admins.'
      : 'Lasts over restarts: a module can be taken out without a deploy. Its queued runs end as skipped. For admins.',
    scope: 'modules:write',
    params: ModuleName,
    answers: { 200: { description: 'The module as it is now', schema: Module } },
    refusals: ['unknown_module', 'not_authorized', ...(enabled ? (['wrong_state'] as const) : [])],
    async run({ principal, params }) {
      const { name } = knownModule(deps, params.name)
      if (!principal.isAdmin) {
        throw new UserError('not_authorized', 'a switch is for everybody: only an admin may')
      }
      await orUnavailable(deps.log, deps.switchModule(name, enabled, principal.user.name))
      deps.log.info({ module: name, enabled, token: principal.name }, 'a module was switched')
      return { status: 200, body: await present(deps, knownModule(deps, name), principal) }
    },
  })

/** @throws UserError unknown_module */
function knownModule({ registry }: ModuleOperationDeps, name: string): LoadedModule {
  const module = registry().get(name)
  if (module) return module
  throw new UserError('unknown_module', `there is no module ${JSON.stringify(name.slice(0, 63))}`)
}

async function present(deps: ModuleOperationDeps, module: LoadedModule, principal: Principal) {
  const recipient = principal.isAdmin ? {} : { recipient: principal.user.name }
  const { config, switches, store, mayHear, log, nextTicks } = deps
  const query = { module: module.name, ...recipient, limit: LAST_RUNS }
  const lastRuns = await orUnavailable(log, store.runs.list(query))
  return presentModule(module, {
    switched: switches().get(module.name),
    offInConfig: config().modules[module.name]?.enabled === false,
    nextTicks: module.enabled ? nextTicks(module) : [],
    lastRuns: await visibleRuns(principal, lastRuns, mayHear),
  })
}

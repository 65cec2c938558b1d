// Modules: shown, switched on and off, invoked.
import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import type { Principal } from '../receive/auth.ts'
import { InvokeBody } from '../receive/invoke-input.ts'
import { invocableModule, invokeModule } from '../receive/invoke.ts'
import type { Module as LoadedModule } from '../registry/manifest.ts'
import type { ApiDeps } from './deps.ts'
import { Module, presentModule } from './module-shape.ts'
import { operation, requireAdmin } from './operation.ts'
import { RunStarted } from './run-shape.ts'
import { named, shapes } from './shapes.ts'
import { visibleRuns } from './visible.ts'

const LAST_RUNS = 5

const ModuleName = z.object({ name: z.string().describe('The module’s name') })
InvokeBody.register(shapes, { id: 'Invocation' })
export const ModuleList = named('ModuleList', { modules: z.array(Module) })

const listModules = (deps: ApiDeps) =>
  operation('listModules', 'GET /api/modules', {
    summary: 'List the modules',
    description: 'By name: manifest and settings, whether it is on and who says so, next ticks, last runs.',
    scope: 'modules:read',
    answers: { 200: { description: 'All modules', schema: ModuleList } },
    async run({ principal }) {
      const modules = deps.registry().all()
      const shown = await Promise.all(modules.map((module) => present(deps, module, principal)))
      return { status: 200, body: { modules: shown } }
    },
  })

const getModule = (deps: ApiDeps) =>
  operation('getModule', 'GET /api/modules/{name}', {
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

const invoke = (deps: ApiDeps) =>
  operation('invokeModule', 'POST /api/modules/{name}/invoke', {
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

const switching = (enabled: boolean) => (deps: ApiDeps) => {
  const [verb, state] = enabled ? (['enable', 'on'] as const) : (['disable', 'off'] as const)
  return operation(`${verb}Module`, `POST /api/modules/{name}/${verb}`, {
    summary: `Switch a module ${state}`,
    description: enabled
      ? 'Lasts over restarts. A handler that cannot be loaded is refused. For admins.'
      : 'Lasts over restarts: a module can be taken out without a deploy. Its queued runs end as skipped. For admins.',
    scope: 'modules:write',
    params: ModuleName,
    answers: { 200: { description: 'The module as it is now', schema: Module } },
    refusals: ['unknown_module', 'not_authorized', ...(enabled ? (['wrong_state'] as const) : [])],
    async run({ principal, params }) {
      const { name } = knownModule(deps, params.name)
      requireAdmin(principal, 'a switch is for everybody')
      await deps.switchModule(name, enabled, principal.user.name)
      deps.log.info({ module: name, enabled, token: principal.name }, 'a module was switched')
      return { status: 200, body: await present(deps, knownModule(deps, name), principal) }
    },
  })
}

/** @throws UserError unknown_module */
function knownModule({ registry }: ApiDeps, name: string): LoadedModule {
  const module = registry().get(name)
  if (module) return module
  throw new UserError('unknown_module', `there is no module ${JSON.stringify(name.slice(0, 63))}`)
}

async function present(deps: ApiDeps, module: LoadedModule, principal: Principal) {
  const recipient = principal.isAdmin ? {} : { recipient: principal.user.name }
  const { config, switches, store, mayHear, nextTicks } = deps
  const query = { module: module.name, ...recipient, limit: LAST_RUNS }
  const lastRuns = await store.runs.list(query)
  return presentModule(module, {
    switched: switches().get(module.name),
    offInConfig: config().modules[module.name]?.enabled === false,
    nextTicks: module.enabled ? nextTicks(module) : [],
    lastRuns: await visibleRuns(principal, lastRuns, mayHear),
  })
}

export const moduleOperations = [listModules, getModule, invoke, switching(true), switching(false)]

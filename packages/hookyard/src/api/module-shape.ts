// A module as the API writes it: its manifest with the settings in force, whether it is on and who says so, its next
// ticks and its last runs. Of paths of this machine only those are among it that it needs; no setting's value is.
import { relative } from 'node:path'
import { z } from 'zod'
import type { ManifestTrigger, Module as LoadedModule, Needs } from '../registry/manifest.ts'
import type { ModuleSwitch, RunRecord } from '../store/store.ts'
import { presentRun, Run } from './run-shape.ts'
import { isoTime, named, shapes, time } from './shapes.ts'

const seconds = () => z.number().describe('Seconds; 0: none')

const ModuleTrigger = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('webhook'),
      event: z.string(),
      actions: z.array(z.string()).nullable().describe('null: any action'),
      cooldown_seconds: seconds(),
      on_cooldown: z.enum(['skip', 'trailing']),
      debounce_seconds: seconds(),
      max_wait_seconds: seconds(),
    }),
    z.object({ type: z.literal('command'), command: z.string().describe('Without its slash') }),
    z.object({ type: z.literal('schedule'), cron: z.string(), timezone: z.string().nullable() }),
  ])
  .register(shapes, { id: 'ModuleTrigger' })

const LAST_RUN = {
  id: true,
  status: true,
  reason: true,
  entity: true,
  created_at: true,
  finished_at: true,
} as const
const LastRun = Run.pick(LAST_RUN).register(shapes, { id: 'LastRun' })

const ModuleNeeds = named('ModuleNeeds', {
  network: z.array(z.string()).describe('HOST (any port) or HOST:PORT'),
  read: z.array(z.string()).describe("Paths; those in the module's own folder begin with ./"),
  write: z.array(z.string()),
  run: z.array(z.string()).describe('Names of programs'),
})

export const Module = named('Module', {
  name: z.string(),
  description: z.string(),
  enabled: z.boolean(),
  enabled_source: z
    .enum(['default', 'config', 'user'])
    .describe('Who says whether it is on: nobody, the configuration, or a user by a switch'),
  switched: z
    .object({ by: z.string(), at: time() })
    .nullable()
    .describe('The user’s switch, if there is one'),
  subject: z.enum(['pull_request', 'issue', 'repository', 'none']),
  feature_flag: z.string().nullable(),
  triggers: z.array(ModuleTrigger),
  cancel_on: z.array(z.string()),
  may: z.array(z.string()).describe('What a run may write'),
  needs: ModuleNeeds.describe('What the manifest asks for beyond the box'),
  granted: ModuleNeeds.describe('What of it `modules.NAME.allow` grants'),
  max_workers: z
    .int()
    .nullable()
    .describe('Runs at a time; null: all but one of the workers while others wait'),
  concurrency: z.enum(['queue', 'cancel_running', 'parallel']),
  timeout_seconds: z.number(),
  retries: z.object({ max: z.int(), backoff_seconds: z.number() }),
  invoke: z.boolean().describe('Whether it can be started by a call'),
  input: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe('JSON Schema of the input, if the manifest has one'),
  next_ticks: z.array(time()).describe('When its schedules are due next'),
  last_runs: z.array(LastRun).describe('Newest first, among those that the caller may see'),
})

/** What is known of a module beside what was loaded. */
export interface ModuleFacts {
  readonly switched: ModuleSwitch | undefined
  /** Whether `modules.NAME` of the configuration switches it off. */
  readonly offInConfig: boolean
  /** ms since the epoch */
  readonly nextTicks: readonly number[]
  readonly lastRuns: readonly RunRecord[]
}

/** A module as the API writes it. */
export function presentModule(
  { name, enabled, manifest, granted, maxWorkers }: LoadedModule,
  facts: ModuleFacts,
): z.output<typeof Module> {
  const { switched, offInConfig, nextTicks, lastRuns } = facts
  return {
    name,
    description: manifest.description,
    enabled,
    enabled_source: switched ? 'user' : offInConfig ? 'config' : 'default',
    switched: switched ? { by: switched.by, at: isoTime(switched.at) } : null,
    subject: manifest.subject,
    feature_flag: manifest.featureFlag,
    triggers: manifest.triggers.map(presentTrigger),
    cancel_on: [...manifest.cancelOn],
    may: [...manifest.may],
    needs: presentNeeds(manifest.needs, manifest.dir),
    granted: presentNeeds(granted, manifest.dir),
    max_workers: maxWorkers,
    concurrency: manifest.concurrency,
    timeout_seconds: manifest.timeoutMs / 1_000,
    retries: { max: manifest.retries.max, backoff_seconds: manifest.retries.backoffMs / 1_000 },
    invoke: manifest.invoke,
    input: manifest.input === null ? null : { ...manifest.input },
    next_ticks: nextTicks.map((at) => isoTime(at)),
    last_runs: lastRuns.map((run) => LastRun.parse(presentRun(run))),
  }
}

function presentNeeds({ network, read, write, run }: Needs, dir: string): z.output<typeof ModuleNeeds> {
  const shown = (path: string) => {
    const inside = relative(dir, path)
    return inside.startsWith('..') ? path : `./${inside}`
  }
  return { network: [...network], read: read.map(shown), write: write.map(shown), run: [...run] }
}

function presentTrigger(trigger: ManifestTrigger): z.output<typeof ModuleTrigger> {
  if (trigger.type !== 'webhook') return trigger
  return {
    type: 'webhook',
    event: trigger.event,
    actions: trigger.actions === null ? null : [...trigger.actions],
    cooldown_seconds: trigger.cooldownMs / 1_000,
    on_cooldown: trigger.onCooldown,
    debounce_seconds: trigger.debounceMs / 1_000,
    max_wait_seconds: trigger.maxWaitMs / 1_000,
  }
}

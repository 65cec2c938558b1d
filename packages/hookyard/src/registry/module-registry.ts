// All modules of an installation, indexed by what starts them. A delivery's look-up reads two map entries,
// whatever the number of modules: lists that join the bindings of an action with those of any action are made
// once, here.
import { type AboutModules, checkModuleNames } from '../config/feature-check.ts'
import type { Config } from '../config/config.ts'
import type { ConfigSource } from '../config/load-config.ts'
import { ConfigError } from '../config/problem.ts'
import type { Problem } from '../config/problem.ts'
import type { Binding, Manifest, ManifestTrigger, Module } from './manifest.ts'
import { applySettings } from './module-settings.ts'

export interface ScheduleBinding {
  readonly module: Module
  readonly trigger: Extract<ManifestTrigger, { type: 'schedule' }>
}

export interface ModuleRegistry {
  /**
   * Bindings that a webhook matches, by module name; of one module the first in file order. Those of disabled
   * modules are among them, so that a decision can say so.
   */
  bindingsFor(event: string, action: string | null): readonly Binding[]
  /** Modules whose `cancel_on` names this action of an event that their triggers name. */
  cancelledBy(event: string, action: string | null): readonly Module[]
  /** Modules started by a comment line `/NAME`. */
  commandsFor(name: string): readonly Module[]
  /** Modules with a command whose newer runs replace the entity's older ones: these a command has to know. */
  replacing(): readonly Module[]
  /** Every command, sorted. */
  commands(): readonly string[]
  schedules(): readonly ScheduleBinding[]
  get(name: string): Module | undefined
  /** By name. */
  all(): readonly Module[]
  /** Every flag that some module declares, sorted. */
  featureFlags(): readonly string[]
}

/**
 * Merges settings and manifests and indexes them. `source` is for the lines in problems.
 * @throws ConfigError when `modules` names a module that is not there, or a module's config does not fit.
 */
export function createModuleRegistry(
  manifests: readonly Manifest[],
  config: Config,
  source?: ConfigSource,
): ModuleRegistry {
  const { modules, problems } = mergeModules(manifests, config, source)
  if (problems.length > 0) throw new ConfigError(problems)
  return indexModules(modules)
}

/**
 * As `createModuleRegistry` before the index; problems come back. `others`: names of modules that are there, too, and
 * whose manifests are bad; null: nobody knows which are there.
 */
export function mergeModules(
  manifests: readonly Manifest[],
  config: AboutModules,
  source?: ConfigSource,
  others: readonly string[] | null = [],
): { modules: Module[]; problems: Problem[] } {
  const merged = manifests.map((manifest) => applySettings(manifest, config, source))
  const names = others === null ? null : [...manifests.map(({ name }) => name), ...others]
  return {
    modules: merged.map(({ module }) => module),
    problems: [
      ...(names === null ? [] : checkModuleNames(config, names, source)),
      ...merged.flatMap(({ problems }) => problems),
    ],
  }
}

/** The index over modules that are ready. Names are unique. */
export function indexModules(modules: readonly Module[]): ModuleRegistry {
  const sorted = modules.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const byName = new Map(sorted.map((module) => [module.name, module]))
  const events = indexWebhooks(sorted)
  const commands = indexBy(sorted, commandsOf)
  const names = [...commands.keys()].sort()
  const replacing = sorted.filter(
    (module) => module.manifest.concurrency === 'cancel_running' && commandsOf(module).length > 0,
  )
  const schedules = sorted.flatMap((module) =>
    module.manifest.triggers.flatMap((trigger) => (trigger.type === 'schedule' ? [{ module, trigger }] : [])),
  )
  const flags = sorted.flatMap(({ manifest }) =>
    manifest.featureFlag === null ? [] : [manifest.featureFlag],
  )
  const sortedFlags = [...new Set(flags)].sort()
  return {
    bindingsFor(event, action) {
      const actions = events.get(event)
      if (actions === undefined) return NONE
      return (action === null ? undefined : actions.byAction.get(action)) ?? actions.any
    },
    cancelledBy: (event, action) =>
      (action === null ? undefined : events.get(event)?.cancelled.get(action)) ?? [],
    commandsFor: (name) => commands.get(name) ?? [],
    replacing: () => replacing,
    commands: () => names,
    schedules: () => schedules,
    get: (name) => byName.get(name),
    all: () => sorted,
    featureFlags: () => sortedFlags,
  }
}

const NONE: readonly Binding[] = []

interface EventIndex {
  /** For the actions that some trigger names: those bindings and the ones of any action. */
  readonly byAction: Map<string, Binding[]>
  /** For all other actions, and for none. */
  readonly any: Binding[]
  /** By action: the modules whose runs it cancels. */
  readonly cancelled: Map<string, Module[]>
}

function indexWebhooks(modules: readonly Module[]): Map<string, EventIndex> {
  const byEvent = new Map<string, Map<Module, Binding[]>>()
  for (const module of modules) {
    for (const trigger of module.manifest.triggers) {
      if (trigger.type !== 'webhook') continue
      const ofEvent = getOrMake(byEvent, trigger.event, () => new Map<Module, Binding[]>())
      getOrMake(ofEvent, module, () => []).push({ module, trigger })
    }
  }
  return new Map([...byEvent].map(([event, ofModules]) => [event, indexActions([...ofModules.values()])]))
}

function indexActions(ofModules: readonly (readonly Binding[])[]): EventIndex {
  const firstFor = (action: string | null) =>
    ofModules.flatMap((bindings) => bindings.find(({ trigger }) => matches(trigger, action)) ?? [])
  const actions = new Set(ofModules.flat().flatMap(({ trigger }) => trigger.actions ?? []))
  return {
    byAction: new Map([...actions].map((action) => [action, firstFor(action)])),
    any: firstFor(null),
    cancelled: indexBy(
      ofModules.flatMap(([first]) => first?.module ?? []),
      ({ manifest }) => manifest.cancelOn,
    ),
  }
}

/** Whether the trigger takes this action; a payload without an action suits those of any action alone. */
function matches(trigger: Binding['trigger'], action: string | null): boolean {
  return trigger.actions === null || (action !== null && trigger.actions.includes(action))
}

/** Each module once under each of its keys. */
function indexBy(
  modules: readonly Module[],
  keysOf: (module: Module) => readonly string[],
): Map<string, Module[]> {
  const index = new Map<string, Module[]>()
  for (const module of modules) {
    for (const key of new Set(keysOf(module))) getOrMake(index, key, () => []).push(module)
  }
  return index
}

const commandsOf = ({ manifest }: Module) =>
  manifest.triggers.flatMap((trigger) => (trigger.type === 'command' ? [trigger.command] : []))

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const held = map.get(key)
  if (held !== undefined) return held
  const made = make()
  map.set(key, made)
  return made
}

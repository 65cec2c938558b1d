// What a module.yaml says, and a module as loaded. Durations in milliseconds.
import type { Budgets, Frozen } from '../config/config.ts'
import { type Needs, resolveNeeds } from '../config/needs.ts'
import type { Concurrency } from '../config/schema-parts.ts'
import type { ManifestFile } from './manifest-schema.ts'

export type { Concurrency, Needs }

/** A module.yaml with its defaults (contract section 3). */
export type Manifest = Frozen<ReturnType<typeof toManifest>>
export type Grant = Manifest['may'][number]
export type ManifestTrigger = Manifest['triggers'][number]
/** All given ones must hold; within a list any; empty or null = no filter. */
export type Filters = Manifest['when']

export interface WindowPolicy {
  /** 0 = no cooldown. */
  readonly cooldownMs: number
  readonly onCooldown: 'skip' | 'trailing'
  /** 0 = no debounce. */
  readonly debounceMs: number
  /** How long after the first event a debounced run is due at the latest. */
  readonly maxWaitMs: number
}

/** `dir`, `handler`: absolute paths of the module's folder and of the handler's file. */
export function toManifest(file: ManifestFile, dir: string, handler: string) {
  const { feature_flag, cancel_on, timeout, input = null, config = null, ...rest } = file
  return {
    ...rest,
    /** Absolute path of the module's folder. */
    dir,
    /** Absolute path of the handler file. */
    handler,
    featureFlag: feature_flag ?? null,
    /** Actions of the trigger's own event that cancel a waiting or running run of the entity. */
    cancelOn: cancel_on,
    may: [...new Set(file.may)],
    /** Asked for; what of it holds is `Module.granted`. */
    needs: resolveNeeds(file.needs, dir),
    timeoutMs: timeout,
    /** JSON Schema of the invoke body's `input`, when the manifest gives one. */
    input,
    /** JSON Schema of `modules.NAME.config`, when the manifest gives one. */
    config,
  }
}

/** A module's trigger as indexed in the registry: the manifest and the settings merged. */
export interface Binding {
  readonly module: Module
  readonly trigger: Extract<ManifestTrigger, { type: 'webhook' }>
}

/** A module as loaded: its manifest with the operator's settings applied. */
export interface Module {
  readonly name: string
  readonly manifest: Manifest
  readonly enabled: boolean
  /** `modules.NAME.config`, validated against the manifest's or the handler's schema. */
  readonly config: Readonly<Record<string, unknown>>
  /** What the manifest needs and `modules.NAME.allow` grants. Links are judged as they led when this was loaded. */
  readonly granted: Needs
  /** `modules.NAME.max_workers`: runs at a time; null: all but one of the workers while others wait. */
  readonly maxWorkers: number | null
  /** What `modules.NAME.budgets` says, in USD, days in UTC. */
  readonly budgets: Budgets
}

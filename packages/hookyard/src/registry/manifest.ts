// What a module.yaml says, validated and with its defaults (contract section 3). Durations in milliseconds.
import type { SubjectKind } from '@hookyard/sdk/host'
import type { Budgets } from '../config/config.ts'
import type { Needs } from '../config/needs.ts'
import type { Concurrency } from '../config/schema-parts.ts'

export type { Concurrency, Needs }

export type Grant = 'comment' | 'review' | 'label' | 'check' | 'project'
export interface Manifest {
  readonly name: string
  readonly description: string
  /** Absolute path of the module's folder. */
  readonly dir: string
  /** Absolute path of the handler file. */
  readonly handler: string
  readonly subject: SubjectKind
  readonly featureFlag: string | null
  readonly triggers: readonly ManifestTrigger[]
  readonly when: Filters
  /** Actions of the trigger's own event that cancel a waiting or running run of the entity. */
  readonly cancelOn: readonly string[]
  readonly may: readonly Grant[]
  /** Asked for; what of it holds is `Module.granted`. */
  readonly needs: Needs
  readonly concurrency: Concurrency
  readonly timeoutMs: number
  readonly retries: { readonly max: number; readonly backoffMs: number }
  readonly invoke: boolean
  /** JSON Schema of the invoke body's `input`, when the manifest gives one. */
  readonly input: Readonly<Record<string, unknown>> | null
  /** JSON Schema of `modules.NAME.config`, when the manifest gives one. */
  readonly config: Readonly<Record<string, unknown>> | null
}

export type ManifestTrigger =
  | ({
      readonly type: 'webhook'
      readonly event: string
      readonly actions: readonly string[] | null
    } & WindowPolicy)
  | { readonly type: 'command'; readonly command: string }
  | { readonly type: 'schedule'; readonly cron: string; readonly timezone: string | null }

export interface WindowPolicy {
  /** 0 = no cooldown. */
  readonly cooldownMs: number
  readonly onCooldown: 'skip' | 'trailing'
  /** 0 = no debounce. */
  readonly debounceMs: number
  /** How long after the first event a debounced run is due at the latest. */
  readonly maxWaitMs: number
}

/** All given ones must hold; within a list any; empty or null = no filter. */
export interface Filters {
  /** null: drafts and ready ones alike. */
  readonly draft: boolean | null
  readonly ignoreBots: boolean
  readonly branches: readonly string[]
  readonly labels: readonly string[]
  readonly authors: readonly string[]
  readonly paths: readonly string[]
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

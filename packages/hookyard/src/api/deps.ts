// What the API's operations need of the service.
import type { Readable } from 'node:stream'
import type { Access } from '../access/access.ts'
import type { Invite } from '../access/invites.ts'
import type { MayHear } from '../access/reading.ts'
import type { AnswerRequest } from '../ask/answer.ts'
import type { Config } from '../config/config.ts'
import type { ReplayResult } from '../dispatch/replay.ts'
import type { Target } from '../explain/target.ts'
import type { Trail } from '../explain/why.ts'
import type { InvokeDeps } from '../receive/invoke.ts'
import type { Module } from '../registry/manifest.ts'
import type { ModuleRegistry } from '../registry/module-registry.ts'
import type { Counts, ModuleSwitch, Store } from '../store/store.ts'
import type { About } from './service-shape.ts'

/** Getters answer with what is in force: a reload swaps it. */
export interface ApiDeps extends Omit<InvokeDeps, 'store' | 'registry' | 'access'> {
  readonly config: () => Config
  readonly registry: () => Pick<ModuleRegistry, 'get' | 'all'>
  readonly access: () => Pick<Access, 'mayCall' | 'user'>
  readonly store: Pick<Store, 'runs' | 'deliveries' | 'overview'>
  readonly mayHear: MayHear
  readonly switches: () => ReadonlyMap<string, ModuleSwitch>
  /** Lasts over restarts. @throws UserError wrong_state when the module cannot be switched on */
  readonly switchModule: (name: string, enabled: boolean, by: string) => Promise<void>
  /** When the module's schedules are due next, in ms since the epoch. */
  readonly nextTicks: (module: Module) => readonly number[]
  /** The run goes on with the answer. @throws UserError unknown_run, wrong_state, not_authorized, invalid_input */
  readonly answer: (request: Omit<AnswerRequest, 'at'>) => Promise<unknown>
  /** Running runs were asked to stop, with this reason. */
  readonly onCancelled: (runIds: readonly string[], reason: string) => void
  /** Dispatches a stored delivery again, under the configuration in force. */
  readonly replay: (guid: string) => Promise<ReplayResult>
  /** A new code for this user. */
  readonly invite: (user: string) => Promise<Invite>
  /** Takes the user's claim and code back; false: there was neither. */
  readonly revoke: (user: string) => Promise<boolean>
  /** What happened and why; null when nothing is known of the target. */
  readonly trace: (target: Target) => Promise<Trail | null>
  readonly counts: () => Promise<Counts>
  readonly about: () => About
  /** All metrics in Prometheus' text format. */
  readonly metrics: () => Promise<string>
  /** The bytes of a consistent copy of the database; null when there is no file to copy. */
  readonly backup: (() => Promise<Readable>) | null
  /** Per token. @default 600 */
  readonly requestsPerMinute?: number | undefined
}

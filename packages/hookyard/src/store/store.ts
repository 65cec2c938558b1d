// The port that stands between the stages. Words, once for the whole program:
//   delivery  what GitHub (or a generic sender) posted      decision  delivery x user x module -> outcome, reason
//   run       one module on one trigger                     attempt   one execution of a run
//   entity    the key of what it is about (owner/repo#42)   window    an open cooldown of (module, entity)
//   effect    something written outside, key and receipt    message   an outbox row
//   spending  USD that an agent's answer cost, by run and by day
//   question  what a paused run asks its people             tick      a planned time of a schedule
//   setting   what a user set by chat, over the configuration
// There is no jobs table: a row is its own queue entry (docs/adr/0003). Times are ms since the epoch.
import type { ChatStore } from './port/chat-port.ts'
import type { DeliveryStore, OverviewStore } from './port/delivery-port.ts'
import type { EffectStore } from './port/effect-port.ts'
import type { LeaseStore, RetentionStore, ScheduleStore, SwitchStore } from './port/operation-port.ts'
import type { OutboxStore } from './port/outbox-port.ts'
import type { RunStore } from './port/run-port.ts'

export type * from './port/chat-port.ts'
export type * from './port/delivery-port.ts'
export type * from './port/effect-port.ts'
export type * from './port/operation-port.ts'
export type * from './port/outbox-port.ts'
export type * from './port/question-port.ts'
export type * from './port/run-port.ts'
export { originalTrigger } from './port/run-port.ts'
export { StalePlanError, StoreError, isStoreFailure } from './port/store-error.ts'

export interface Store {
  readonly deliveries: DeliveryStore
  readonly runs: RunStore
  readonly effects: EffectStore
  readonly outbox: OutboxStore
  readonly schedules: ScheduleStore
  readonly leases: LeaseStore
  readonly overview: OverviewStore
  readonly switches: SwitchStore
  readonly chat: ChatStore
  readonly retention: RetentionStore
  /** Resolves when a delivery could be stored; costs a small write. */
  ping(): Promise<void>
  close(): Promise<void>
}

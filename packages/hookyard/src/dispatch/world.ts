// What a delivery is decided on, and the plan in the making. Types alone.
import type { Access } from '../access/access.ts'
import type { Readings } from '../access/reading.ts'
import type { Binding, Module } from '../registry/manifest.ts'
import type { Message } from '../send/message.ts'
import type { Plan, ReceivedDelivery } from '../store/store.ts'
import type { CooldownTracker } from './cooldown-tracker.ts'

/** What `decide` needs of the registry. */
export interface Bindings {
  bindingsFor(event: string, action: string | null): readonly Binding[]
  /** Modules whose `cancel_on` names this action of this event. */
  cancelledBy(event: string, action: string | null): readonly Module[]
  /** Modules started by a comment line `/NAME`. */
  commandsFor(name: string): readonly Module[]
  /** Modules with a command whose newer runs replace the entity's older ones. */
  replacing(): readonly Module[]
}

/** What no payload tells and had to be asked for before. */
export interface Facts {
  /** This service wrote the comment, review or check that the delivery tells of. */
  readonly own: boolean
  /** May the comment's author command modules? `unknown`: not asked, or no answer; `assumed`: only simulated. */
  readonly author: 'allowed' | 'refused' | 'unknown' | 'assumed'
  /** Modules whose `paths` match none of the pull request's files. Absent: GitHub was not asked, or did not tell. */
  readonly outside?: readonly string[]
  /** Of those who added the repository by chat beyond the configuration; absent: there are none, or nobody asked. */
  readonly readings?: Readings
}

export interface World {
  readonly registry: Bindings
  readonly access: Access
  readonly tracker: CooldownTracker
  readonly format: (event: string, action: string | null, payload: unknown) => Message | null
  readonly newRunId: () => string
  /** ms since the epoch */
  readonly now: number
  /** Absent: nobody's words are ours, and nobody may command. */
  readonly facts?: Facts
}

export interface DeliveryToDecide extends Omit<ReceivedDelivery, 'payload'> {
  /** The parsed JSON. */
  readonly payload: unknown
  /** A replay ignores windows, and its messages are not those of the first time. */
  readonly replay?: number
}

/** A plan as it grows. */
export type Draft = {
  -readonly [K in 'decisions' | 'runs' | 'coalesced' | 'cancelled' | 'messages']: Plan[K][number][]
}

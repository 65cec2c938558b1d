// What a delivery is decided on, and the plan as it grows.
import type { Access } from '../access/access.ts'
import type { Readings } from '../access/reading.ts'
import type { User } from '../config/config.ts'
import { toError } from '../lib/errors.ts'
import type { Binding, Module } from '../registry/manifest.ts'
import type { Message } from '../send/message.ts'
import type { Decision, Plan, ReceivedDelivery } from '../store/store.ts'
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

/** What no payload tells and GitHub was asked for before. */
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

export interface DeliveryToDecide extends Omit<ReceivedDelivery, 'payload'> {
  /** The parsed JSON. */
  readonly payload: unknown
  /** A replay ignores windows, and its messages are not those of the first time. */
  readonly replay?: number
}

/** What is in force when a delivery is decided. */
export interface InForce {
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

/** One delivery under decision. */
export interface DecisionContext extends InForce {
  readonly delivery: DeliveryToDecide
  readonly draft: Draft
}

/** What is asked before there is a plan: who would hear of the delivery, and what would start. */
export type Question = Pick<DecisionContext, 'delivery' | 'registry' | 'access' | 'facts'>

type Lists = 'decisions' | 'runs' | 'coalesced' | 'cancelled' | 'messages'
export type Draft = Omit<Plan, Lists> & { readonly [K in Lists]: Plan[K][number][] }

/** A plan that does nothing yet. */
export function emptyPlan({ id, guid }: Pick<DeliveryToDecide, 'id' | 'guid'>, at: number): Draft {
  const lists = { decisions: [], runs: [], coalesced: [], cancelled: [], messages: [] }
  return { deliveryId: id, guid, status: 'dispatched', error: null, at, ...lists }
}

/** A decision about the message alone. */
export const withoutModule = (
  { name: user }: User,
  outcome: 'notified' | 'no_message',
  reason: string | null,
): Decision => ({ user, module: null, outcome, reason, runId: null })

/** The module does nothing for the user. */
export const skipped = (module: string, { name: user }: User, reason: string | null): Decision => ({
  user,
  module,
  outcome: 'skipped',
  reason,
  runId: null,
})

export const errorReason = (thrown: unknown) => `error:${toError(thrown).message.slice(0, 200)}`

// A stored delivery, dispatched again: the same decide, today's modules and users, one commit. Cooldown windows are
// ignored, and opened; the decisions stand beside the earlier ones, and messages go out anew.
import { toError } from '../lib/errors.ts'
import type { Decision, DeliveryStore, OverviewStore, PastDelivery, Plan } from '../store/store.ts'
import type { AskFacts } from './ask-facts.ts'
import { CooldownTracker } from './cooldown-tracker.ts'
import { type InForce, decide, pairsOf } from './decide.ts'

export interface ReplayOptions {
  readonly store: {
    readonly deliveries: Pick<DeliveryStore, 'entityStates' | 'commit'>
    readonly overview: Pick<OverviewStore, 'delivery'>
  }
  readonly inForce: () => Omit<InForce, 'tracker'>
  /** As the dispatcher does. */
  readonly shorten: (json: string) => Promise<string>
  /** As the dispatcher asks. */
  readonly askFacts: AskFacts
  /** After the commit; `cancel` holds running runs that were asked to stop. */
  readonly onCommitted: (plans: readonly Plan[], cancel: readonly string[]) => void
}

export type ReplayResult =
  | { readonly status: 'replayed'; readonly replay: number; readonly decisions: readonly Decision[] }
  | { readonly status: 'unknown' | 'not_dispatched' }

/** Others may write between the look and the commit; so often in a row they will not. */
const MAX_TRIES = 10

/**
 * Dispatches the delivery with this GUID again.
 * @throws Error when its payload cannot be read, or the store does not answer.
 */
export async function replayDelivery(guid: string, options: ReplayOptions): Promise<ReplayResult> {
  for (let tried = 1; ; tried += 1) {
    const delivery = await options.store.overview.delivery(guid)
    if (!delivery) return { status: 'unknown' }
    if (delivery.status === 'received') return { status: 'not_dispatched' }
    const plan = await planReplay(delivery, options)
    try {
      const cancel = await options.store.deliveries.commit([plan])
      options.onCommitted([plan], cancel)
      const { replay = 0, decisions } = plan
      return { status: 'replayed', replay, decisions: decisions.map((made) => ({ ...made, replay })) }
    } catch (thrown) {
      if (toError(thrown).name !== 'StalePlanError' || tried === MAX_TRIES) throw thrown
    }
  }
}

async function planReplay(delivery: PastDelivery, options: ReplayOptions): Promise<Plan> {
  const { store, inForce, shorten, askFacts } = options
  const now = inForce()
  const replay = delivery.replays + 1
  const again = { ...delivery, payload: JSON.parse(await shorten(delivery.payload)) as unknown, replay }
  const facts = await askFacts(again)
  // Behind the facts: GitHub may take its time, and meanwhile runs come and go.
  const states = await store.deliveries.entityStates(pairsOf(delivery, now.registry))
  const tracker = new CooldownTracker(states)
  return { ...decide(again, { ...now, tracker, ...(facts && { facts }) }), replay }
}

// What would happen to a payload under a configuration: the very decisions of dispatch, and nothing else.
import type { Access } from '../access/access.ts'
import { CooldownTracker } from '../dispatch/cooldown-tracker.ts'
import { type Bindings, decide, pairsOf } from '../dispatch/decide.ts'
import { describeEvent } from '../entity/entity.ts'
import type { Message } from '../send/message.ts'
import type { EntityState, Plan } from '../store/store.ts'

export interface SimulateOptions {
  readonly access: Access
  readonly registry: Bindings
  readonly event: string
  readonly payload: unknown
  readonly format: (event: string, action: string | null, payload: unknown) => Message | null
  /** Open windows and waiting runs, when the installation's are to count. */
  readonly entityStates?: (keys: readonly { module: string; entity: string }[]) => Promise<EntityState[]>
  /** ms since the epoch */
  readonly now: number
}

export interface Simulation {
  readonly event: string
  readonly action: string | null
  readonly repository: string | null
  readonly entity: string
  readonly plan: Plan
}

/** Decides the payload as dispatch would. */
export async function simulate(options: SimulateOptions): Promise<Simulation> {
  const described = describeEvent(options.event, options.payload)
  const delivery = {
    ...described,
    id: 0,
    guid: 'simulated',
    hookId: null,
    event: options.event,
    receivedAt: options.now,
    payload: options.payload,
  }
  const states = (await options.entityStates?.(pairsOf(delivery, options.registry))) ?? []
  let runs = 0
  const plan = decide(delivery, {
    registry: options.registry,
    access: options.access,
    tracker: new CooldownTracker(states),
    format: options.format,
    newRunId: () => `simulated-${(runs += 1)}`,
    now: options.now,
    // GitHub is not asked: whoever wrote a command is taken to have write access.
    facts: { own: false, author: 'assumed' },
  })
  return { event: options.event, ...described, plan }
}

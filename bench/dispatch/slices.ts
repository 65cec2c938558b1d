// What one slice measures: CPU time per delivery, all threads of the process included.
import { setImmediate as turn } from 'node:timers/promises'
import { CooldownTracker } from '../../packages/hookyard/src/dispatch/cooldown-tracker.ts'
import { type DeliveryToDecide, decide, pairsOf } from '../../packages/hookyard/src/dispatch/decide.ts'
import { Dispatcher } from '../../packages/hookyard/src/dispatch/dispatcher.ts'
import { describeEvent } from '../../packages/hookyard/src/entity/entity.ts'
import { systemClock } from '../../packages/hookyard/src/lib/clock.ts'
import { silentLog } from '../../packages/hookyard/src/lib/log.ts'
import { formatEvent } from '../../packages/hookyard/src/send/format.ts'
import { officialPayload } from '@hookyard/standins/payloads'
import type { Store } from '../../packages/hookyard/src/store/store.ts'
import { ACTION, EVENT, type Installation } from './world.ts'

const payload = officialPayload(EVENT, ACTION)
const body = Buffer.from(JSON.stringify(payload))

let ids = 0
/** Unique, and of the length of a real one. */
const newId = () => `run${String((ids += 1)).padStart(23, '0')}`

/** An entity of its own for each delivery: what is under way for it must not grow with the number measured. */
function nextDelivery() {
  const { repository, action } = describeEvent(EVENT, payload)
  const guid = newId()
  return {
    guid,
    hookId: null,
    event: EVENT,
    action,
    repository,
    entity: `${repository}#${ids}`,
    receivedAt: systemClock(),
  }
}

async function cpuPerDelivery(count: number, work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

/** Look-ups and decision alone, in µs of CPU per delivery. */
export function decideSlice({ registry, access }: Installation, count: number): Promise<number> {
  const deliveries = Array.from({ length: count }, (): DeliveryToDecide => ({
    ...nextDelivery(),
    id: ids,
    payload,
  }))
  return cpuPerDelivery(count, () => {
    for (const delivery of deliveries) {
      const pairs = pairsOf(delivery, registry)
      const tracker = new CooldownTracker(
        pairs.map((pair) => ({ ...pair, windowUntil: null, waiting: null, unfinished: [] })),
      )
      const plan = decide(delivery, {
        registry,
        access,
        tracker,
        format: formatEvent,
        newRunId: newId,
        now: 0,
      })
      requireSame(plan.decisions.length, plan.runs.length)
    }
  })
}

/** The whole of dispatch: from the stored rows to the committed plans, in µs of CPU per delivery. */
export async function dispatchSlice(
  { registry, access }: Installation,
  store: Store,
  count: number,
): Promise<number> {
  await store.deliveries.accept(Array.from({ length: count }, () => ({ ...nextDelivery(), body })))
  let committed = 0
  const dispatcher = new Dispatcher({
    store: store.deliveries,
    inForce: () => ({ registry, access, format: formatEvent, newRunId: newId, now: systemClock() }),
    askFacts: () => null,
    clock: systemClock,
    log: silentLog,
    onCommitted: (plans) => {
      committed += plans.length
      for (const plan of plans) requireSame(plan.decisions.length, plan.runs.length)
    },
  })
  const cost = await cpuPerDelivery(count, async () => {
    dispatcher.start()
    while (committed < count) await turn()
  })
  await dispatcher.stop()
  return cost
}

/** Three modules times the four users who hear it, and the one who does not want it: only then do sizes compare. */
function requireSame(decisions: number, runs: number): void {
  if (decisions !== 13 || runs !== 1) {
    throw new Error(`a delivery led to ${decisions} decisions and ${runs} runs; here it must be 13 and 1`)
  }
}

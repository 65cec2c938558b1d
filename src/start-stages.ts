import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from './lib/clock.ts'
import type { DeliveryStore } from './store/store.ts'

interface Stage {
  start(): void
}

/** A backlog that takes longer than this to decide holds no runs up. */
const CATCH_UP_MS = 5_000
const LOOK_MS = 20

/**
 * Starts them, the runner last: what a crash left undecided may join a run that waits, or cancel it, so it is decided
 * before anything runs.
 */
export function startStages(
  stages: Readonly<Record<'dispatcher' | 'outbox' | 'retention' | 'runner', Stage>>,
  deliveries: Pick<DeliveryStore, 'pending'>,
  clock: Clock,
): void {
  const startedAt = clock()
  for (const stage of [stages.dispatcher, stages.outbox, stages.retention]) stage.start()
  void caughtUp(deliveries, startedAt).then(() => stages.runner.start())
}

/** Resolves when nothing is undecided that came before the start; what comes after it does not count. */
async function caughtUp(deliveries: Pick<DeliveryStore, 'pending'>, startedAt: number): Promise<void> {
  const giveUp = performance.now() + CATCH_UP_MS
  while (performance.now() < giveUp) {
    // A store that cannot be read is the stages' own matter: they try again.
    const [oldest] = await deliveries.pending(1).catch(() => [])
    if (oldest === undefined || oldest.receivedAt >= startedAt) return
    await delay(LOOK_MS, undefined, { ref: false })
  }
}

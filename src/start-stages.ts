import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from './lib/clock.ts'
import type { Opened } from './opened.ts'
import type { DeliveryStore } from './store/store.ts'

interface Stage {
  start(): void
  stop(): Promise<void>
}

type Stages = Readonly<Record<'dispatcher' | 'outbox' | 'retention', Stage>> & {
  readonly runner: { start(): void; stop(graceMs: number): Promise<void> }
  readonly journal: { stop(): Promise<void> }
  readonly scheduler: { stop(): Promise<void> }
}

/** A backlog that takes longer than this to decide holds no runs up. */
const CATCH_UP_MS = 5_000
const LOOK_MS = 20

/**
 * Starts them, the runner last: what a crash left undecided may join a run that waits, or cancel it, so it is decided
 * before anything runs.
 */
export function startStages(
  stages: Pick<Stages, 'dispatcher' | 'outbox' | 'retention' | 'runner'>,
  deliveries: Pick<DeliveryStore, 'pending'>,
  clock: Clock,
): void {
  const startedAt = clock()
  for (const stage of [stages.dispatcher, stages.outbox, stages.retention]) stage.start()
  void caughtUp(deliveries, startedAt).then(() => stages.runner.start())
}

/** To be stopped in this order, from its end: what brings work before what does it. `graceMs`: see Runner. */
export function toBeStopped(opened: Opened, stages: Stages, graceMs: () => number): void {
  opened.add('outbox', () => stages.outbox.stop())
  opened.add('journal', () => stages.journal.stop())
  opened.add('runner', () => stages.runner.stop(graceMs()))
  opened.add('retention', () => stages.retention.stop())
  opened.add('scheduler', () => stages.scheduler.stop())
  opened.add('dispatcher', () => stages.dispatcher.stop())
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

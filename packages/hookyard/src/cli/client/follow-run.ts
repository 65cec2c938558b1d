// Watching a run until it ends, or asks something.
import { setTimeout as delay } from 'node:timers/promises'
import type { z } from 'zod'
import { Run } from '../../api/run-shape.ts'
import { formatDuration } from '../../lib/duration.ts'
import { createProgress } from './progress.ts'
import { type ServerClient, ServerRefusal, ServerSilence } from './server-client.ts'

export type ShownRun = z.output<typeof Run>

const FIRST_LOOK_MS = 100
const SLOWEST_LOOK_MS = 1_000
/** A server that is restarted comes back; a run goes on with it. */
const PATIENCE_MS = 60_000

/** Resolves with the run once it has ended or paused. @throws CommandFailure when the server stays away */
export async function followRun(client: ServerClient, id: string): Promise<ShownRun> {
  const progress = createProgress()
  const began = performance.now()
  let lastHeard = began
  let pauseMs = FIRST_LOOK_MS
  try {
    for (;;) {
      try {
        const run = await client.get(`/api/runs/${id}`, Run)
        if (run.status !== 'queued' && run.status !== 'running') return run
        lastHeard = performance.now()
        progress.show(stateOf(run, performance.now() - began))
        pauseMs = Math.min(pauseMs * 1.5, SLOWEST_LOOK_MS)
      } catch (thrown) {
        pauseMs = pauseAfter(thrown, performance.now() - lastHeard)
        progress.show(`${id}: the server does not answer; it is asked again`)
      }
      await delay(pauseMs)
    }
  } finally {
    progress.clear()
  }
}

/** How long to wait before asking again. @throws what was thrown, when asking again is of no use */
function pauseAfter(thrown: unknown, silentMs: number): number {
  const passing =
    thrown instanceof ServerSilence ||
    (thrown instanceof ServerRefusal && (thrown.status === 429 || thrown.status === 503))
  if (!passing || silentMs > PATIENCE_MS) throw thrown
  return (thrown instanceof ServerRefusal ? thrown.retryAfterMs : null) ?? SLOWEST_LOOK_MS
}

function stateOf({ module, entity, status, attempt, run_at }: ShownRun, tookMs: number): string {
  const wait = Date.parse(run_at)
  const when = status === 'queued' && Number.isFinite(wait) ? `, due ${run_at.slice(11, 19)}` : ''
  const which = attempt > 1 ? `, attempt ${attempt}` : ''
  return `${module} on ${entity}: ${status}${when}${which}, ${formatDuration(Math.floor(tookMs / 1_000) * 1_000)}`
}

// Windows and waiting runs of a past that is decided anew: runs are taken to start when they are due, and to end at
// once and well.
import type { EntityState, Plan } from '../store/store.ts'

interface Waiting {
  readonly id: string
  readonly firstAt: number
  readonly dueAt: number
  readonly runAt: number
  readonly cooldownMs: number
}

interface State {
  windowUntil: number | null
  waiting: Waiting | null
}

/** What is under way at each moment of such a past. */
export class PastWindows {
  readonly #states = new Map<string, State>()

  /** What is under way for these pairs at `now` (ms). */
  at(keys: readonly { module: string; entity: string }[], now: number): EntityState[] {
    return keys.map(({ module, entity }) => {
      const state = this.#state(module, entity)
      const { waiting } = state
      if (waiting && waiting.runAt <= now) {
        state.waiting = null
        open(state, waiting.runAt, waiting.cooldownMs)
      }
      return { module, entity, windowUntil: state.windowUntil, waiting: state.waiting, unfinished: [] }
    })
  }

  /** Remembers what a delivery has led to. */
  apply({ runs, coalesced, cancelled, at }: Plan): void {
    const gone = new Set(cancelled.map(({ runId }) => runId))
    for (const state of this.#states.values())
      if (state.waiting && gone.has(state.waiting.id)) state.waiting = null
    for (const run of runs) {
      const state = this.#state(run.module, run.entity)
      if (run.waiting) state.waiting = { ...run, firstAt: run.createdAt }
      else open(state, at, run.cooldownMs)
    }
    for (const { runId, dueAt, runAt, cooldownMs } of coalesced) {
      for (const state of this.#states.values()) {
        if (state.waiting?.id === runId) state.waiting = { ...state.waiting, dueAt, runAt, cooldownMs }
      }
    }
  }

  #state(module: string, entity: string): State {
    const key = `${module}\n${entity}`
    const known = this.#states.get(key)
    if (known) return known
    const fresh: State = { windowUntil: null, waiting: null }
    this.#states.set(key, fresh)
    return fresh
  }
}

function open(state: State, from: number, cooldownMs: number): void {
  if (cooldownMs > 0) state.windowUntil = Math.max(state.windowUntil ?? 0, from + cooldownMs)
}

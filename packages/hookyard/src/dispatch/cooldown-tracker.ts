// CooldownTracker: what an event means for (module, entity), given what is already under way there. Contract
// section 3, Cooldown. It knows the stored windows and waiting runs, and what earlier events of the same batch
// have made of them; it never writes: the plan does.
import type { Concurrency, WindowPolicy } from '../registry/manifest.ts'
import type { EntityState, NewRun } from '../store/store.ts'

export type Verdict =
  /** No window, no debounce: a run of its own, now. */
  | { readonly kind: 'start' }
  /** A new run that waits for quiet or for the window's end; `coalesced` = inside a window. */
  | { readonly kind: 'wait'; readonly coalesced: boolean; readonly dueAt: number; readonly runAt: number }
  /** Joins the run that already waits. */
  | { readonly kind: 'join'; readonly runId: string; readonly dueAt: number; readonly runAt: number }
  /** Inside a window, and the binding says skip. */
  | { readonly kind: 'skip'; readonly until: number }

export interface Evaluation {
  readonly verdict: Verdict
  /** Unfinished runs that this event replaces (`cancel_running`). */
  readonly replaces: readonly string[]
}

export class CooldownTracker {
  readonly #states = new Map<string, MutableState>()

  constructor(states: readonly EntityState[]) {
    for (const { module, entity, windowUntil, waiting, unfinished } of states)
      this.#states.set(keyOf(module, entity), { windowUntil, waiting, unfinished: [...unfinished] })
  }

  /** What an event at `now` (ms) leads to under this policy. */
  evaluate(
    module: string,
    entity: string,
    policy: WindowPolicy,
    concurrency: Concurrency,
    now: number,
  ): Evaluation {
    const state = this.#state(module, entity)
    const open = state.windowUntil !== null && state.windowUntil > now ? state.windowUntil : null
    if (open !== null && policy.onCooldown === 'skip') {
      return { verdict: { kind: 'skip', until: open }, replaces: [] }
    }
    const replaces = this.replaced(module, entity, concurrency)
    // Replacing the run that opened the window closes the window: the newer event need not wait for it.
    const until = replaces.length > 0 ? null : open
    if (state.waiting) {
      const { id, firstAt, dueAt: before } = state.waiting
      const quiet = policy.debounceMs > 0 ? now + policy.debounceMs : Math.min(before, now)
      const dueAt = policy.debounceMs > 0 ? Math.min(quiet, firstAt + policy.maxWaitMs) : quiet
      return { verdict: { kind: 'join', runId: id, dueAt, runAt: Math.max(dueAt, until ?? 0) }, replaces }
    }
    if (policy.debounceMs > 0 || open !== null) {
      const dueAt = now + Math.min(policy.debounceMs, policy.debounceMs > 0 ? policy.maxWaitMs : 0)
      return {
        verdict: { kind: 'wait', coalesced: open !== null, dueAt, runAt: Math.max(dueAt, until ?? 0) },
        replaces,
      }
    }
    return { verdict: { kind: 'start' }, replaces }
  }

  /** The runs in whose place a newer one comes: all that have not ended, but for the one that still waits. */
  replaced(module: string, entity: string, concurrency: Concurrency): string[] {
    return concurrency === 'cancel_running' ? [...this.#state(module, entity).unfinished] : []
  }

  /** Remembers a run that this batch creates. */
  created({ id, module, entity, waiting, dueAt, runAt, createdAt, cooldownMs }: NewRun): void {
    const state = this.#state(module, entity)
    if (waiting) state.waiting = { id, firstAt: createdAt, dueAt, runAt, cooldownMs }
    else {
      state.unfinished.push(id)
      openWindow(state, createdAt, cooldownMs)
    }
  }

  /** Remembers that the waiting run has a newer delivery. */
  joined(module: string, entity: string, run: Pick<NewRun, 'dueAt' | 'runAt' | 'cooldownMs'>): void {
    const state = this.#state(module, entity)
    if (state.waiting) state.waiting = { ...state.waiting, ...run }
  }

  /** For a past that is decided anew: runs are taken to start when they are due, and to end at once and well. */
  endRunsUntil(now: number): void {
    for (const state of this.#states.values()) {
      state.unfinished = []
      const { runAt = Infinity, cooldownMs = 0 } = state.waiting ?? {}
      if (runAt > now) continue
      state.waiting = null
      openWindow(state, runAt, cooldownMs)
    }
  }

  /** Forgets runs that this batch cancels; their window closes with them. */
  cancelled(module: string, entity: string, runIds: readonly string[]): void {
    const state = this.#state(module, entity)
    if (state.waiting && runIds.includes(state.waiting.id)) state.waiting = null
    if (state.unfinished.some((id) => runIds.includes(id))) state.windowUntil = null
    state.unfinished = state.unfinished.filter((id) => !runIds.includes(id))
  }

  /** Every run of the entity that has not ended: the waiting one, queued, running and paused ones. */
  unended(module: string, entity: string): string[] {
    const state = this.#state(module, entity)
    return [...(state.waiting ? [state.waiting.id] : []), ...state.unfinished]
  }

  #state(module: string, entity: string): MutableState {
    const key = keyOf(module, entity)
    const known = this.#states.get(key)
    if (known) return known
    const fresh: MutableState = { windowUntil: null, waiting: null, unfinished: [] }
    this.#states.set(key, fresh)
    return fresh
  }
}

interface MutableState {
  windowUntil: number | null
  /** The last two are known of runs of this batch alone. */
  waiting: (NonNullable<EntityState['waiting']> & Partial<Pick<NewRun, 'runAt' | 'cooldownMs'>>) | null
  unfinished: string[]
}

const keyOf = (module: string, entity: string) => `${module}\n${entity}`

function openWindow(state: MutableState, from: number, cooldownMs: number): void {
  if (cooldownMs > 0) state.windowUntil = Math.max(state.windowUntil ?? 0, from + cooldownMs)
}

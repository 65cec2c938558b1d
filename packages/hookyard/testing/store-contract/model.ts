// Random sequences of what the stages do, against a model of runs and windows that is simple enough to trust.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NewRun, Plan, RunStatus, Store } from '../../src/store/store.ts'
import { again, answered, coalesced, dispatch, finished, newRun, pausing, type UseStore } from './builders.ts'

const MODULE = 'pr-review'
const COOLDOWN_MS = 50

interface ModelRun {
  readonly id: string
  readonly entity: string
  readonly parallel: boolean
  status: RunStatus
  runAt: number
  dueAt: number
  waiting: boolean
  attempt: number
  cancelReason: string | null
  /** How many questions it has asked; the last one's end, and whether it has a default. */
  asked: number
  expiresAt: number | null
  fallback: boolean
}

const UNFINISHED: ReadonlySet<RunStatus> = new Set(['queued', 'running', 'paused'])

class Model {
  now = 1_000
  readonly runs: ModelRun[] = []
  readonly windows = new Map<string, { until: number; runId: string }>()

  waitingOf(entity: string): ModelRun | undefined {
    return this.runs.find((run) => run.entity === entity && run.waiting)
  }

  add(run: NewRun): void {
    const { id, entity, concurrency, runAt, dueAt, waiting } = run
    const parallel = concurrency === 'parallel'
    this.runs.push({
      id,
      entity,
      parallel,
      status: 'queued',
      runAt,
      dueAt,
      waiting,
      attempt: 0,
      cancelReason: null,
      asked: 0,
      expiresAt: null,
      fallback: false,
    })
    if (!waiting) this.openWindow(id, entity, runAt)
  }

  openWindow(runId: string, entity: string, from: number): void {
    const until = from + COOLDOWN_MS
    if (until >= (this.windows.get(entity)?.until ?? 0)) this.windows.set(entity, { until, runId })
  }

  end(run: ModelRun, status: RunStatus): void {
    Object.assign(run, { status, waiting: false, cancelReason: null })
    if (status !== 'failed' && status !== 'cancelled') return
    if (this.closeWindow(run)) this.pull(run.entity)
  }

  closeWindow(run: ModelRun): boolean {
    const own = this.windows.get(run.entity)?.runId === run.id
    if (own) this.windows.delete(run.entity)
    return own
  }

  pull(entity: string): void {
    if (this.windows.has(entity)) return
    const waiting = this.waitingOf(entity)
    if (waiting) waiting.runAt = Math.min(waiting.runAt, waiting.dueAt)
  }

  /** A delivery: it cancels, then brings a run or joins the waiting one, which starts early if it may. */
  event(cancelled: readonly ModelRun[], bring: () => void): void {
    const closed: string[] = []
    for (const run of cancelled) {
      if (run.status === 'running') run.cancelReason ??= 'closed'
      if (run.status !== 'queued' && run.status !== 'paused') continue
      run.status = 'cancelled'
      if (this.closeWindow(run)) closed.push(run.entity)
    }
    bring()
    for (const entity of closed) this.pull(entity)
  }

  /** A run that no delivery brings takes the place of the unfinished ones; answers with their ids. */
  create(run: NewRun): string[] {
    const replaced = this.runs.filter(
      ({ entity, waiting, status, cancelReason }) =>
        entity === run.entity && !waiting && UNFINISHED.has(status) && cancelReason === null,
    )
    this.event(replaced, () => this.add(run))
    return replaced.map(({ id }) => id)
  }

  claim(limit: number): string[] {
    const due = this.runs.filter((run) => run.status === 'queued' && run.runAt <= this.now)
    due.sort((a, b) => a.runAt - b.runAt || (a.id < b.id ? -1 : 1))
    const claimed: string[] = []
    for (const run of due) {
      const held = this.runs.some((other) => other.entity === run.entity && other.status === 'running')
      if (claimed.length === limit || (held && !run.parallel)) continue
      claimed.push(run.id)
      if (run.waiting) this.openWindow(run.id, run.entity, this.now)
      Object.assign(run, { status: 'running', waiting: false, attempt: run.attempt + 1 })
    }
    return claimed
  }

  resume(run: ModelRun): void {
    Object.assign(run, { status: 'queued', runAt: this.now })
    this.openWindow(run.id, run.entity, this.now)
  }

  pause(run: ModelRun, expiresAt: number, fallback: boolean): void {
    if (run.cancelReason !== null) this.end(run, 'cancelled')
    else Object.assign(run, { status: 'paused', asked: run.asked + 1, expiresAt, fallback })
  }

  expire(): { resumed: string[]; ended: string[] } {
    const late = this.runs.filter((run) => run.status === 'paused' && (run.expiresAt ?? Infinity) <= this.now)
    late.sort((a, b) => (a.expiresAt ?? 0) - (b.expiresAt ?? 0) || (a.id < b.id ? -1 : 1))
    for (const run of late) {
      if (run.fallback) this.resume(run)
      else this.end(run, 'skipped')
    }
    const ids = (runs: readonly ModelRun[]) => runs.map(({ id }) => id)
    return {
      resumed: ids(late.filter((run) => run.fallback)),
      ended: ids(late.filter((run) => !run.fallback)),
    }
  }

  requeue(run: ModelRun, runAt: number): void {
    if (run.cancelReason !== null) this.end(run, 'cancelled')
    else Object.assign(run, { status: 'queued', runAt })
  }
}

type Step =
  | {
      readonly do: 'event'
      readonly entity: number
      readonly waiting: boolean
      readonly parallel: boolean
      readonly cancel: boolean
    }
  | { readonly do: 'create'; readonly entity: number }
  | { readonly do: 'claim'; readonly limit: number }
  | {
      readonly do: 'settle'
      readonly pick: number
      readonly as: 'done' | 'failed' | 'skipped' | 'cancelled' | 'again' | 'paused' | 'paused_with_default'
    }
  | { readonly do: 'answer'; readonly pick: number }
  | { readonly do: 'expire' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'reclaim' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('event'),
      entity: fc.nat(1),
      waiting: fc.boolean(),
      parallel: fc.boolean(),
      cancel: fc.boolean(),
    } as const),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('create'), entity: fc.nat(1) } as const),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('claim'), limit: fc.integer({ min: 1, max: 4 }) } as const),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('settle'),
      pick: fc.nat(),
      as: fc.constantFrom('done', 'failed', 'skipped', 'cancelled', 'again', 'paused', 'paused_with_default'),
    } as const),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('answer'), pick: fc.nat() } as const) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('expire') } as const) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.integer({ min: 1, max: 60 }) } as const),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reclaim') } as const) },
)

let count = 0
const nextId = (prefix: string) => `${prefix}${String(++count).padStart(8, '0')}`

/** What a delivery leads to: it joins the waiting run, or makes a run, and perhaps cancels what is unfinished. */
async function onEvent(
  store: Store,
  model: Model,
  entities: readonly string[],
  step: Extract<Step, { do: 'event' }>,
) {
  const entity = entities[step.entity] ?? ''
  const guid = nextId('d')
  const waiting = model.waitingOf(entity)
  const runAt = model.now + (step.waiting ? 30 : 0)
  const dueAt = model.now + (step.waiting ? 10 : 0)
  const rivals = step.cancel ? model.runs.filter((run) => run.entity === entity && !run.waiting) : []
  const about: Partial<Plan> = {
    at: model.now,
    cancelled: rivals.map(({ id }) => ({ runId: id, reason: 'closed' })),
  }
  const asked = rivals.filter((run) => run.status === 'running').map(({ id }) => id)
  if (waiting) {
    const join = coalesced(waiting.id, guid, { runAt, dueAt, cooldownMs: COOLDOWN_MS })
    expect(await dispatch(store, guid, { ...about, coalesced: [join] })).toEqual(asked)
    model.event(rivals, () => Object.assign(waiting, { runAt, dueAt }))
  } else {
    const concurrency = step.parallel ? 'parallel' : 'queue'
    const made = {
      module: MODULE,
      entity,
      waiting: step.waiting,
      concurrency,
      runAt,
      dueAt,
      cooldownMs: COOLDOWN_MS,
    } as const
    const run = newRun(nextId('r'), { ...made, createdAt: model.now })
    expect(await dispatch(store, guid, { ...about, runs: [run] })).toEqual(asked)
    model.event(rivals, () => model.add(run))
  }
}

/** A call, a command or the clock makes a run of a module whose runs replace each other. */
async function onCreate(store: Store, model: Model, entity: string) {
  const made = { module: MODULE, entity, runAt: model.now, dueAt: model.now, createdAt: model.now }
  const policy = { concurrency: 'cancel_running', cooldownMs: COOLDOWN_MS } as const
  const run = newRun(nextId('r'), { ...made, ...policy })
  const replaced = model.create(run)
  const named = replaced.length > 0 ? { replaced } : {}
  expect(await store.runs.create(run)).toEqual({ status: 'created', runId: run.id, ...named })
}

async function onSettle(store: Store, model: Model, { pick, as }: Extract<Step, { do: 'settle' }>) {
  const running = model.runs.filter((run) => run.status === 'running')
  const run = running[pick % running.length]
  if (!run) return
  const how = { attempt: run.attempt, at: model.now }
  if (as === 'paused' || as === 'paused_with_default') {
    const expiresAt = model.now + 25
    const fallback = as === 'paused' ? null : 'no'
    expect(await store.runs.settle('me', pausing(run.id, { expiresAt, fallback }, how))).toBe(true)
    return model.pause(run, expiresAt, fallback !== null)
  }
  const runAt = model.now + 20
  const settlement =
    as === 'again' ? again(run.id, { ...how, runAt }) : finished(run.id, { ...how, status: as })
  expect(await store.runs.settle('me', settlement)).toBe(true)
  if (as === 'again') model.requeue(run, runAt)
  else model.end(run, as)
}

async function onAnswer(store: Store, model: Model, { pick }: Extract<Step, { do: 'answer' }>) {
  const asking = model.runs.filter((run) => run.asked > 0)
  const run = asking[pick % asking.length]
  if (!run) return
  const inTime = run.status === 'paused' && (run.expiresAt ?? Infinity) > model.now
  const answer = answered(run.id, { ordinal: run.asked, at: model.now })
  expect(await store.runs.answer(answer)).toBe(inTime)
  if (inTime) model.resume(run)
}

async function take(store: Store, model: Model, entities: readonly string[], step: Step): Promise<void> {
  if (step.do === 'event') await onEvent(store, model, entities, step)
  else if (step.do === 'create') await onCreate(store, model, entities[step.entity] ?? '')
  else if (step.do === 'settle') await onSettle(store, model, step)
  else if (step.do === 'answer') await onAnswer(store, model, step)
  else if (step.do === 'expire') expect(await store.runs.expireQuestions(model.now)).toEqual(model.expire())
  else if (step.do === 'pass') model.now += step.ms
  else if (step.do === 'claim') {
    const claimed = await store.runs.claim('me', step.limit, model.now, model.now + 1_000)
    expect(claimed.map((run) => run.id)).toEqual(model.claim(step.limit))
  } else {
    const running = model.runs.filter((run) => run.status === 'running')
    const queued = running.filter((run) => run.cancelReason === null).map((run) => run.id)
    expect((await store.runs.reclaim(model.now, true)).toSorted()).toEqual(queued.toSorted())
    for (const run of running) model.requeue(run, model.now)
  }
}

async function compare(store: Store, model: Model, entities: readonly string[]): Promise<void> {
  const states = await store.deliveries.entityStates(entities.map((entity) => ({ module: MODULE, entity })))
  for (const state of states) {
    const runs = model.runs.filter((run) => run.entity === state.entity)
    expect(state.windowUntil).toBe(model.windows.get(state.entity)?.until ?? null)
    expect(state.waiting?.id).toBe(runs.find((run) => run.waiting)?.id)
    const unfinished = runs.filter((run) => !run.waiting && UNFINISHED.has(run.status))
    expect(state.unfinished).toEqual(unfinished.map((run) => run.id))
    const shown = await store.runs.list({ entity: state.entity, limit: 1_000 })
    expect(shown.map(({ id, status, runAt }) => ({ id, status, runAt })).reverse()).toEqual(
      runs.map(({ id, status, runAt }) => ({ id, status, runAt })),
    )
  }
}

/** Ends what an earlier sequence left, so that it is not claimed in this one. */
async function clear(store: Store): Promise<void> {
  await store.runs.reclaim(0, true)
  const queued = await store.runs.list({ status: 'queued', limit: 10_000 })
  const left = [...queued, ...(await store.runs.list({ status: 'paused', limit: 10_000 }))]
  await dispatch(store, nextId('d'), { cancelled: left.map(({ id }) => ({ runId: id, reason: 'over' })) })
}

/** The store behaves as the model does, whatever happens in whatever order. */
export function modelContract(use: UseStore): void {
  test('any sequence of events, claims, settlements and crashes goes as the model says', async () => {
    const sequences = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const store = use()
      await clear(store)
      const model = new Model()
      const entities = [nextId('o/r#'), nextId('o/r#')]
      for (const next of steps) {
        await take(store, model, entities, next)
        await compare(store, model, entities)
      }
    })
    await fc.assert(sequences, { numRuns: 40 })
  })
}

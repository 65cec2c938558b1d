// What an event means while something is already under way: contract section 3, Cooldown.
import { expect, test } from 'vitest'
import type { WindowPolicy } from '../registry/manifest.ts'
import { newRun } from '../../testing/store-contract/builders.ts'
import type { EntityState, NewRun } from '../store/store.ts'
import { CooldownTracker } from './cooldown-tracker.ts'

const policy = (more: Partial<WindowPolicy> = {}): WindowPolicy => ({
  cooldownMs: 0,
  onCooldown: 'skip',
  debounceMs: 0,
  maxWaitMs: 0,
  ...more,
})
const tracker = (state: Partial<EntityState> = {}) =>
  new CooldownTracker([
    { module: 'm', entity: 'e', windowUntil: null, waiting: null, unfinished: [], ...state },
  ])
const run = (id: string, about: Partial<NewRun>) =>
  newRun(id, { module: 'm', entity: 'e', createdAt: 0, dueAt: 0, waiting: false, ...about })
const ask = (
  of: CooldownTracker,
  rules: WindowPolicy,
  now: number,
  concurrency: 'queue' | 'cancel_running' = 'queue',
) => of.evaluate('m', 'e', rules, concurrency, now)

test('an event outside any window starts a run', () => {
  expect(ask(tracker(), policy({ cooldownMs: 100 }), 5).verdict).toEqual({ kind: 'start' })
})

test('a window is open until its end, and exactly at its end it is over', () => {
  const rules = policy({ cooldownMs: 100 })
  expect(ask(tracker({ windowUntil: 100 }), rules, 99).verdict).toEqual({ kind: 'skip', until: 100 })
  expect(ask(tracker({ windowUntil: 100 }), rules, 100).verdict).toEqual({ kind: 'start' })
})

test('a trailing event inside a window waits for the window to end', () => {
  const rules = policy({ cooldownMs: 100, onCooldown: 'trailing' })
  expect(ask(tracker({ windowUntil: 100 }), rules, 40).verdict).toEqual({
    kind: 'wait',
    coalesced: true,
    dueAt: 40,
    runAt: 100,
  })
})

test('a later event joins the run that waits', () => {
  const rules = policy({ cooldownMs: 100, onCooldown: 'trailing' })
  const waiting = { id: 'r', firstAt: 40, dueAt: 40 }
  expect(ask(tracker({ windowUntil: 100, waiting }), rules, 60).verdict).toEqual({
    kind: 'join',
    runId: 'r',
    dueAt: 40,
    runAt: 100,
  })
})

test('a debounced run moves with every event, but never beyond max_wait after the first', () => {
  const rules = policy({ debounceMs: 30, maxWaitMs: 100 })
  expect(ask(tracker(), rules, 0).verdict).toEqual({ kind: 'wait', coalesced: false, dueAt: 30, runAt: 30 })
  const waiting = { id: 'r', firstAt: 0, dueAt: 30 }
  expect(ask(tracker({ waiting }), rules, 20).verdict).toEqual({
    kind: 'join',
    runId: 'r',
    dueAt: 50,
    runAt: 50,
  })
  expect(ask(tracker({ waiting: { ...waiting, dueAt: 95 } }), rules, 90).verdict).toEqual({
    kind: 'join',
    runId: 'r',
    dueAt: 100,
    runAt: 100,
  })
})

test('a debounced run whose quiet ends inside a window waits for the window', () => {
  const rules = policy({ debounceMs: 30, maxWaitMs: 100, onCooldown: 'trailing', cooldownMs: 500 })
  expect(ask(tracker({ windowUntil: 400 }), rules, 10).verdict).toEqual({
    kind: 'wait',
    coalesced: true,
    dueAt: 40,
    runAt: 400,
  })
})

test('an event without debounce takes a waiting run along, at once', () => {
  const waiting = { id: 'r', firstAt: 0, dueAt: 30 }
  expect(ask(tracker({ waiting }), policy(), 10).verdict).toEqual({
    kind: 'join',
    runId: 'r',
    dueAt: 10,
    runAt: 10,
  })
})

test('cancel_running replaces what is unfinished, and the window it held does not delay the newer event', () => {
  const rules = policy({ cooldownMs: 100, onCooldown: 'trailing' })
  const { verdict, replaces } = ask(
    tracker({ windowUntil: 100, unfinished: ['old'] }),
    rules,
    40,
    'cancel_running',
  )
  expect(replaces).toEqual(['old'])
  expect(verdict).toEqual({ kind: 'wait', coalesced: true, dueAt: 40, runAt: 40 })
})

test('what is replaced is all but the waiting run, and nothing unless the module says so', () => {
  const of = tracker({ waiting: { id: 'w', firstAt: 0, dueAt: 30 }, unfinished: ['a', 'b'] })
  expect(of.replaced('m', 'e', 'cancel_running')).toEqual(['a', 'b'])
  expect([of.replaced('m', 'e', 'queue'), of.replaced('m', 'e', 'parallel')]).toEqual([[], []])
})

test('events of one batch see the runs that earlier ones of it created', () => {
  const of = tracker()
  const rules = policy({ cooldownMs: 100, onCooldown: 'trailing' })
  of.created(run('first', { cooldownMs: 100 }))
  expect(ask(of, rules, 10).verdict).toEqual({ kind: 'wait', coalesced: true, dueAt: 10, runAt: 100 })
  of.created(run('second', { waiting: true, dueAt: 10, createdAt: 10, cooldownMs: 100 }))
  expect(ask(of, rules, 20).verdict).toEqual({ kind: 'join', runId: 'second', dueAt: 10, runAt: 100 })
  expect(of.unended('m', 'e')).toEqual(['second', 'first'])
})

test('a cancelled run takes its window with it', () => {
  const of = tracker({ windowUntil: 100, unfinished: ['first'] })
  of.cancelled('m', 'e', ['first'])
  expect(ask(of, policy({ cooldownMs: 100 }), 10).verdict).toEqual({ kind: 'start' })
})

test('another entity and another module know nothing of it', () => {
  const of = tracker({ windowUntil: 100 })
  expect(of.evaluate('m', 'other', policy({ cooldownMs: 100 }), 'queue', 10).verdict).toEqual({
    kind: 'start',
  })
  expect(of.evaluate('other', 'e', policy({ cooldownMs: 100 }), 'queue', 10).verdict).toEqual({
    kind: 'start',
  })
})

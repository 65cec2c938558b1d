// The past under today's configuration: what would be otherwise is told, what would be as it was is not.
import { expect, test } from 'vitest'
import { config, module, pullRequest, user } from '../../../../test/builders.ts'
import { createAccess } from '../access/access.ts'
import { describeEvent } from '../entity/entity.ts'
import { indexModules } from '../registry/module-registry.ts'
import { formatEvent } from '../send/format.ts'
import type { WindowPolicy } from '../registry/manifest.ts'
import type { Decision, PastDelivery } from '../store/store.ts'
import { createStoredSimulator } from './simulate-stored.ts'

const POLICY: WindowPolicy = { cooldownMs: 0, onCooldown: 'skip', debounceMs: 0, maxWaitMs: 0 }

function simulator(policy: Partial<WindowPolicy> = {}, features: Record<string, boolean> = { review: true }) {
  const trigger = {
    ...POLICY,
    ...policy,
    type: 'webhook' as const,
    event: 'pull_request',
    actions: ['opened', 'synchronize'],
  }
  const review = module('review', { featureFlag: 'review', triggers: [trigger], cancelOn: ['closed'] })
  const users = [user('alice', { role: 'admin', features })]
  return createStoredSimulator({
    registry: indexModules([review]),
    access: createAccess(config({ users })),
    format: formatEvent,
  })
}

let ids = 0
function past(action: string, receivedAt: number, was: readonly Partial<Decision>[] = []): PastDelivery {
  const payload = pullRequest(action)
  ids += 1
  const decisions = was.map((decision) => ({
    user: 'alice',
    module: 'review',
    outcome: 'ran' as const,
    reason: null,
    runId: 'run-then',
    ...decision,
  }))
  return {
    ...describeEvent('pull_request', payload),
    id: ids,
    guid: `guid-${ids}`,
    hookId: null,
    event: 'pull_request',
    receivedAt,
    payload: JSON.stringify(payload),
    status: 'dispatched',
    error: null,
    decisions,
    replays: 0,
  }
}

const SECOND = 1_000
const outcomes = (decisions: readonly { outcome: string; reason: string | null }[]) =>
  decisions.map(({ outcome, reason }) => (reason === null ? outcome : `${outcome}: ${reason}`))

test('a flag that is off now takes a run away, and brings the message back', () => {
  const result = simulator({}, {})(past('opened', 0, [{}]))
  expect(outcomes(result.gone)).toEqual(['ran'])
  expect(outcomes(result.come)).toEqual(['skipped: feature_disabled', 'notified'])
})

test('what would be decided alike is no change, whatever its run was called', () => {
  const result = simulator()(past('opened', 0, [{}]))
  expect([result.gone, result.come]).toEqual([[], []])
  expect(result.was).toEqual(result.would)
})

test('a replay is no part of what was decided', () => {
  const result = simulator()(
    past('opened', 0, [{}, { outcome: 'skipped', reason: 'module_disabled', replay: 1 }]),
  )
  expect(outcomes(result.was)).toEqual(['ran'])
})

test('windows are those that today’s configuration would have opened', () => {
  const simulate = simulator({ cooldownMs: 60 * SECOND })
  const would = [0, 30, 59, 60, 61].map((at) => outcomes(simulate(past('synchronize', at * SECOND)).would))
  expect(would).toEqual([
    ['ran'],
    ['skipped: cooldown'],
    ['skipped: cooldown'],
    ['ran'],
    ['skipped: cooldown'],
  ])
})

test('a debounced run waits, takes in what comes, and starts when it is due', () => {
  const simulate = simulator({
    debounceMs: 30 * SECOND,
    maxWaitMs: 50 * SECOND,
    cooldownMs: 60 * SECOND,
    onCooldown: 'trailing',
  })
  const would = [0, 20, 40, 60, 125].map((at) => outcomes(simulate(past('synchronize', at * SECOND)).would))
  expect(would).toEqual([
    ['ran: debounced'],
    ['coalesced: joined_waiting_run'],
    ['coalesced: joined_waiting_run'],
    // It started at 50 s, and its window is open until 110 s; the run that waits for that starts then.
    ['coalesced: window_open'],
    ['coalesced: window_open'],
  ])
})

test('closing takes the waiting run away', () => {
  const simulate = simulator({ debounceMs: 30 * SECOND, maxWaitMs: 50 * SECOND })
  simulate(past('synchronize', 0))
  simulate(past('closed', SECOND))
  expect(outcomes(simulate(past('synchronize', 2 * SECOND)).would)).toEqual(['ran: debounced'])
})

test('what was this service’s own word then is so now', () => {
  const result = simulator()(past('opened', 0, [{ outcome: 'skipped', reason: 'own', runId: null }]))
  expect(outcomes(result.would)).toEqual(['skipped: own', 'no_message: own'])
})

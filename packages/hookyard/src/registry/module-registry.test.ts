// The index answers as a look at every module would, and does not look at every module.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_NEEDS } from '../config/needs.ts'
import { goodConfig } from '../../testing/config/read.ts'
import type { Binding, Manifest, Module } from './manifest.ts'
import { createModuleRegistry, indexModules } from './module-registry.ts'
import { manifestOf, noConfig, webhook } from '../../testing/registry/manifests.ts'

const registryOf = (...manifests: Manifest[]) => createModuleRegistry(manifests, noConfig)
const names = (bindings: readonly Binding[]) => bindings.map(({ module }) => module.name)

test('a webhook finds the bindings of its action and those of any action', () => {
  const registry = registryOf(
    manifestOf('b', { triggers: [webhook('issues', ['opened'])] }),
    manifestOf('a', { triggers: [webhook('issues')] }),
    manifestOf('c', { triggers: [webhook('pull_request', ['opened'])] }),
  )
  expect(names(registry.bindingsFor('issues', 'opened'))).toEqual(['a', 'b'])
  expect(names(registry.bindingsFor('issues', 'closed'))).toEqual(['a'])
  expect(names(registry.bindingsFor('issues', null))).toEqual(['a'])
  expect(names(registry.bindingsFor('push', null))).toEqual([])
})

test('of two bindings of one module the first in file order counts', () => {
  const slow = webhook('issues', ['opened', 'edited'], { cooldownMs: 1 })
  const wide = webhook('issues', null, { cooldownMs: 2 })
  const registry = registryOf(
    manifestOf('a', { triggers: [slow, wide] }),
    manifestOf('b', { triggers: [wide, slow] }),
  )
  const cooldowns = (action: string) =>
    registry.bindingsFor('issues', action).map(({ trigger }) => trigger.cooldownMs)
  expect(cooldowns('opened')).toEqual([1, 2])
  expect(cooldowns('closed')).toEqual([2, 2])
})

test('a disabled module stays in the index, so that the decision can name it', () => {
  const config = goodConfig('modules: { a: { enabled: false } }')
  const registry = createModuleRegistry([manifestOf('a', { triggers: [webhook('push')] })], config)
  expect(registry.bindingsFor('push', null).map(({ module }) => module.enabled)).toEqual([false])
})

test('commands, schedules, flags and modules by name', () => {
  const registry = registryOf(
    manifestOf('z', {
      featureFlag: 'flag',
      triggers: [
        { type: 'command', command: 'go' },
        { type: 'command', command: 'go' },
        { type: 'schedule', cron: '0 9 * * *', timezone: null },
      ],
    }),
    manifestOf('a', {
      featureFlag: 'flag',
      triggers: [
        { type: 'command', command: 'go' },
        { type: 'command', command: 'all' },
      ],
    }),
  )
  expect(registry.commandsFor('go').map(({ name }) => name)).toEqual(['a', 'z'])
  expect(registry.commandsFor('stop')).toEqual([])
  expect(registry.commands()).toEqual(['all', 'go'])
  expect(registry.schedules().map(({ module, trigger }) => [module.name, trigger.cron])).toEqual([
    ['z', '0 9 * * *'],
  ])
  expect(registry.featureFlags()).toEqual(['flag'])
  expect(registry.get('z')?.name).toBe('z')
  expect(registry.get('constructor')).toBeUndefined()
  expect(registry.all().map(({ name }) => name)).toEqual(['a', 'z'])
})

test('those that a command may let replace runs are known: commanded, and with cancel_running', () => {
  const triggers = [{ type: 'command', command: 'go' } as const]
  const registry = registryOf(
    manifestOf('replacing', { triggers, concurrency: 'cancel_running' }),
    manifestOf('queueing', { triggers }),
    manifestOf('never-commanded', { concurrency: 'cancel_running' }),
  )
  expect(registry.replacing().map(({ name }) => name)).toEqual(['replacing'])
})

test('cancel_on names actions of the events that the module listens to', () => {
  const registry = registryOf(
    manifestOf('a', {
      cancelOn: ['closed'],
      triggers: [webhook('pull_request', ['opened']), webhook('pull_request', ['edited'])],
    }),
    manifestOf('b', { cancelOn: ['closed'], triggers: [webhook('issues')] }),
  )
  expect(registry.cancelledBy('pull_request', 'closed').map(({ name }) => name)).toEqual(['a'])
  expect(registry.cancelledBy('pull_request', 'opened')).toEqual([])
  expect(registry.cancelledBy('pull_request', null)).toEqual([])
  expect(registry.cancelledBy('push', 'closed')).toEqual([])
})

const EVENTS = ['push', 'issues', 'constructor', '__proto__']
const ACTIONS = ['opened', 'closed', 'toString', '']
const anyManifest = fc
  .array(fc.tuple(fc.constantFrom(...EVENTS), fc.option(fc.subarray(ACTIONS))), { maxLength: 4 })
  .map((triggers) => triggers.map(([event, actions]) => webhook(event, actions)))

/** What the index must answer: every module, every trigger, the first that matches. */
function scan(modules: readonly Module[], event: string, action: string | null): Binding[] {
  return modules.flatMap((module) => {
    const trigger = module.manifest.triggers.find(
      (one) =>
        one.type === 'webhook' &&
        one.event === event &&
        (one.actions === null || (action !== null && one.actions.includes(action))),
    )
    return trigger?.type === 'webhook' ? [{ module, trigger }] : []
  })
}

test('a look-up equals a scan over everything', () => {
  fc.assert(
    fc.property(
      fc.array(anyManifest, { maxLength: 12 }),
      fc.constantFrom(...EVENTS, 'other'),
      fc.constantFrom(...ACTIONS, 'other', null),
      (lists, event, action) => {
        const registry = registryOf(...lists.map((triggers, index) => manifestOf(`m${index}`, { triggers })))
        expect(registry.bindingsFor(event, action)).toEqual(scan(registry.all(), event, action))
      },
    ),
    { numRuns: 500 },
  )
})

test.each([10, 10_000])('a look-up among %i modules reads no module at all', (count) => {
  let reads = 0
  const watched = (trigger: ReturnType<typeof webhook>) =>
    new Proxy(trigger, {
      get(target, key) {
        reads += 1
        return Reflect.get(target, key) as unknown
      },
    })
  const modules = Array.from({ length: count }, (_, index): Module => {
    const triggers = [
      watched(webhook(`event_${index % 50}`, [`action_${index}`])),
      watched(webhook('issues', ['opened'])),
    ]
    const manifest = manifestOf(`m${index}`, {
      triggers: index === 0 ? [watched(webhook('push'))] : triggers,
    })
    return {
      name: manifest.name,
      manifest,
      enabled: true,
      config: {},
      granted: NO_NEEDS,
      maxWorkers: null,
      budgets: { perRunUsd: null, perDayUsd: null },
    }
  })
  const registry = indexModules(modules)
  expect(reads).toBeGreaterThan(0)
  reads = 0
  const first = registry.bindingsFor('push', null)
  expect(registry.bindingsFor('issues', 'opened')).toHaveLength(count - 1)
  expect(registry.bindingsFor('event_1', 'action_1')).toHaveLength(1)
  expect(registry.bindingsFor('nothing', 'at_all')).toHaveLength(0)
  expect(reads).toBe(0)
  expect(registry.bindingsFor('push', null)).toBe(first) // the same list: nothing is built per look-up
})

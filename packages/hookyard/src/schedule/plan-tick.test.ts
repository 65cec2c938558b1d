// Whom a tick serves: a run per repository where the module may act, for those who hear of it and want the module.
import { expect, test } from 'vitest'
import { config, module, user } from '../../../../test/builders.ts'
import { createAccess } from '../access/access.ts'
import type { Reading } from '../access/reading.ts'
import type { User } from '../config/config.ts'
import type { Manifest } from '../registry/manifest.ts'
import type { UserSetting } from '../store/store.ts'
import { planTick } from './plan-tick.ts'

const TICK = Date.parse('2026-11-22T09:00:00Z')

interface Given {
  users: readonly User[]
  repos?: readonly string[]
  manifest?: Partial<Manifest>
  enabled?: boolean
  seen?: readonly string[]
  lateMs?: number
  settings?: readonly UserSetting[]
  /** Whether GitHub lets bob read octocat/spoon. */
  reading?: Reading
}

function runs({
  users,
  repos = [],
  manifest = {},
  enabled = true,
  seen = [],
  lateMs = 0,
  settings = [],
  reading = 'readable',
}: Given) {
  let ids = 0
  return planTick({
    module: module('sweep', { subject: 'repository', ...manifest }, { enabled }),
    trigger: { type: 'schedule', cron: '0 9 * * *', timezone: null },
    tick: TICK,
    now: TICK + lateMs,
    access: createAccess(config({ users, repos }), { settings, featureFlags: ['nightly'] }),
    seen,
    readings: new Map([['octocat/spoon', new Map([['bob', reading]])]]),
    newRunId: () => `run-${(ids += 1)}`,
  })
}
const served = (given: Given) => runs(given).map(({ entity, recipients }) => [entity, recipients.join()])
const root = user('root', { role: 'admin', repos: [] })

test('one run per named repository, for its subscribers', () => {
  const users = [
    root,
    user('alice', { repos: ['octocat/hello-world', 'octocat/spoon'] }),
    user('bob', { repos: ['octocat/spoon'] }),
  ]
  expect(served({ users })).toEqual([
    ['octocat/hello-world', 'root,alice'],
    ['octocat/spoon', 'root,alice,bob'],
  ])
})

test('who added a repository and switched the module on by chat joins a run, and starts none', () => {
  const users = [
    user('root', { role: 'admin', repos: ['root/own'], features: {} }),
    user('alice', { repos: ['octocat/spoon'], features: {} }),
    user('bob', { repos: ['bob/own'], features: {} }),
  ]
  const set = (name: string, kind: UserSetting['kind'], key: string, value: string) => ({
    ...{ user: name, kind, key, value },
    changedAt: 0,
  })
  const manifest = { featureFlag: 'nightly' }
  const bobs = [set('bob', 'feature', 'nightly', 'on'), set('bob', 'repo', 'octocat/spoon', 'added')]
  expect(served({ users, manifest, settings: bobs })).toEqual([['bob/own', 'bob']])
  const settings = [...bobs, set('alice', 'feature', 'nightly', 'on')]
  expect(served({ users, manifest, settings })).toEqual([
    ['bob/own', 'bob'],
    ['octocat/spoon', 'alice,bob'],
  ])
  expect(served({ users, manifest, settings, reading: 'not_readable' })).toEqual([
    ['bob/own', 'bob'],
    ['octocat/spoon', 'alice'],
  ])
})

test('of a whole owner, the repositories that have sent something; of others none', () => {
  const users = [user('alice', { role: 'admin', repos: ['octocat/*'] })]
  expect(served({ users, seen: ['octocat/spoon', 'octocat/knife', 'someone/else'] })).toEqual([
    ['octocat/knife', 'alice'],
    ['octocat/spoon', 'alice'],
  ])
})

test('where the top-level `repos` let modules act, an admin who hears everything is served', () => {
  expect(served({ users: [root], repos: ['open/source', 'octocat/*'], seen: ['octocat/spoon'] })).toEqual([
    ['octocat/spoon', 'root'],
    ['open/source', 'root'],
  ])
})

test('only those with the feature flag; where nobody has it there is no run', () => {
  const users = [
    { ...root, features: {} },
    user('alice', { repos: ['a/a'], features: { sweep: true } }),
    user('bob', { repos: ['a/a', 'b/b'], features: {} }),
  ]
  expect(served({ users, manifest: { featureFlag: 'sweep' } })).toEqual([['a/a', 'alice']])
})

test('who hears only of what is about them is not served by a clock', () => {
  const users = [root, user('alice', { repos: ['a/a'], hear: 'mine' })]
  expect(served({ users })).toEqual([['a/a', 'root']])
})

test('a module about nothing gets one run, for the admins', () => {
  const users = [user('alice'), root, user('rita', { role: 'admin' })]
  expect(runs({ users, manifest: { subject: 'none' } })).toMatchObject([
    { entity: '-', repository: null, recipients: ['root', 'rita'] },
  ])
})

test('a module that is switched off has no runs', () => {
  expect(runs({ users: [root], repos: ['a/a'], enabled: false })).toEqual([])
})

test('the run knows the time that was planned, and how late it is', () => {
  const [run] = runs({ users: [root], repos: ['a/a'], lateMs: 18_000_500 })
  expect(run).toMatchObject({
    repository: 'a/a',
    runAt: TICK + 18_000_500,
    cooldownMs: 0,
    trigger: {
      type: 'schedule',
      by: null,
      at: '2026-11-22T09:00:00.000Z',
      data: { schedule: '0 9 * * *', timezone: 'UTC', late_by_seconds: 18_000 },
    },
  })
})

// What users set by chat lies over the configuration: it changes who hears, where and of what. It never changes
// where modules may act.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { config, user } from '../../../../test/builders.ts'
import type { UserSetting } from '../store/store.ts'
import { createAccess } from './access.ts'
import type { Readings } from './reading.ts'

const setting = (name: string, kind: UserSetting['kind'], key: string, value: string): UserSetting => ({
  user: name,
  kind,
  key,
  value,
  changedAt: 0,
})
const added = (name: string, pattern: string) => setting(name, 'repo', pattern, 'added')
const removed = (name: string, pattern: string) => setting(name, 'repo', pattern, 'removed')

const users = [
  user('root', { role: 'admin', repos: [], features: 'all' }),
  user('alice', { repos: ['octocat/hello-world', 'acme/*'] }),
  user('bob', { repos: [], address: null }),
]
const flags = ['issue_triage', 'pr_review', 'taking']
const base = config({ users, repos: ['open/*'] })
const access = (...settings: UserSetting[]) => createAccess(base, { settings, featureFlags: flags })
/** As if GitHub let everybody read everything. */
const readable: Readings = new Map(users.map(({ name }) => [name, 'readable']))
const heard = (repository: string | null, ...settings: UserSetting[]) =>
  access(...settings)
    .audience(repository, readable)
    .map(({ name }) => name)

test('a repository that a user added is heard of by that user', () => {
  expect(heard('new/one')).toEqual(['root'])
  expect(heard('New/One', added('bob', 'new/one'))).toEqual(['root', 'bob'])
  expect(heard('new/two', added('bob', 'new/*'))).toEqual(['root', 'bob'])
})

test('beyond the configuration it counts only where GitHub lets the user read, as told for this repository', () => {
  const of = access(added('bob', 'new/*'), added('bob', 'acme/two'))
  const names = (readings?: Readings) => of.audience('new/one', readings).map(({ name }) => name)
  expect(names()).toEqual(['root'])
  for (const reading of ['not_readable', 'no_login', 'readable_unknown'] as const)
    expect(names(new Map([['bob', reading]]))).toEqual(['root'])
  expect(names(new Map([['alice', 'readable']]))).toEqual(['root'])
  expect(names(new Map([['bob', 'readable']]))).toEqual(['root', 'bob'])
  expect(of.addedBeyond('New/One').map(({ name }) => name)).toEqual(['bob'])
  expect(of.addedBeyond('acme/one')).toEqual([])
  expect(of.addedBeyond(null)).toEqual([])
})

test("inside a user's own `repos` what is added needs nobody's word; the top-level ones give nobody anything", () => {
  const of = access(added('alice', 'acme/one'), removed('alice', 'acme/*'), added('bob', 'open/source'))
  expect(of.audience('acme/one').map(({ name }) => name)).toEqual(['root', 'alice'])
  expect(of.addedBeyond('acme/one')).toEqual([])
  expect(of.audience('open/source').map(({ name }) => name)).toEqual(['root'])
  expect(of.addedBeyond('open/source').map(({ name }) => name)).toEqual(['bob'])
})

test('what the configuration lets a user be told of is its word alone', () => {
  const of = access(added('bob', 'new/*'), removed('alice', 'acme/*'), added('root', 'acme/one'))
  const may = (name: string, repository: string | null) => of.mayHear(of.user(name)!, repository)
  expect(['new/one', 'open/source', null].map((name) => may('bob', name))).toEqual([false, false, true])
  expect(['Acme/One', 'octocat/hello-world', 'octocat/x'].map((name) => may('alice', name))).toEqual([
    true,
    true,
    false,
  ])
  expect(may('root', 'any/thing')).toBe(true)
})

test('a repository that a user removed is not, also under a pattern that stays', () => {
  expect(heard('octocat/hello-world', removed('alice', 'octocat/hello-world'))).toEqual(['root'])
  expect(heard('acme/one', removed('alice', 'acme/one'))).toEqual(['root'])
  expect(heard('acme/two', removed('alice', 'acme/one'))).toEqual(['root', 'alice'])
  expect(heard('acme/one', removed('alice', 'acme/*'))).toEqual(['root'])
})

test('the more exact word counts', () => {
  const settings = [removed('alice', 'acme/*'), added('alice', 'acme/one')]
  expect(heard('acme/one', ...settings)).toEqual(['root', 'alice'])
  expect(heard('acme/two', ...settings)).toEqual(['root'])
})

test('an admin without effective repositories hears of all, but of those that were removed', () => {
  const all = access().user('root')
  expect(all?.repos).toEqual([])
  expect(heard('some/thing', removed('root', 'acme/one'))).toEqual(['root'])
  expect(heard('acme/one', removed('root', 'acme/one'))).toEqual(['alice'])
})

test('the first repository that such an admin adds ends hearing of all', () => {
  expect(heard('acme/one', added('root', 'new/one'))).toEqual(['alice'])
})

test('an admin with repositories of the configuration who removes the last one does not hear of all by that', () => {
  const people = [users[1]!, user('root', { role: 'admin', repos: ['acme/one'] })]
  const without = createAccess(config({ users: people }), {
    settings: [removed('root', 'acme/one')],
    featureFlags: [],
  })
  expect(without.audience('acme/one').map(({ name }) => name)).toEqual(['alice'])
  expect(without.audience('acme/two').map(({ name }) => name)).toEqual(['alice'])
  // As the last resort, and no otherwise.
  expect(without.audience('some/thing').map(({ name }) => name)).toEqual(['root'])
})

test('the last resort hears unless it said no', () => {
  const settings = [added('root', 'new/one')]
  expect(heard('some/thing', ...settings)).toEqual(['root'])
  expect(heard('some/thing', ...settings, removed('root', 'some/thing'))).toEqual([])
  expect(heard(null, ...settings, removed('root', 'some/thing'))).toEqual(['root'])
})

test('flags that a user switched count; `all` is every flag but those switched off', () => {
  const of = access(
    setting('root', 'feature', 'pr_review', 'off'),
    setting('alice', 'feature', 'taking', 'on'),
    setting('alice', 'feature', 'pr_review', 'off'),
  )
  expect(of.user('root')?.features).toEqual({ issue_triage: true, pr_review: false, taking: true })
  expect(of.user('alice')?.features).toEqual({ issue_triage: true, pr_review: false, taking: true })
  expect(of.user('bob')?.features).toEqual({ issue_triage: true, pr_review: true })
  expect(access().user('root')?.features).toBe('all')
})

test('messages go where the user said last', () => {
  const of = access(setting('alice', 'notify', '', 'telegram:-500'))
  expect([of.user('root')?.address, of.user('alice')?.address]).toEqual(['telegram:root', 'telegram:-500'])
  expect(of.user('bob')?.address).toBeNull()
})

test('a mute holds for the entity or the whole repository until its time, for that user', () => {
  const of = access(
    setting('alice', 'mute', 'acme/one#4', '1000'),
    setting('bob', 'mute', 'acme/one', '2000'),
    setting('bob', 'mute', 'acme/one#4', '3000'),
  )
  expect(of.isMuted('alice', 'acme/one#4', 999)).toBe(true)
  expect(of.isMuted('alice', 'acme/one#4', 1_000)).toBe(false)
  expect(of.isMuted('alice', 'acme/one#5', 0)).toBe(false)
  expect(of.isMuted('alice', 'acme/one', 0)).toBe(false)
  for (const entity of ['acme/one', 'acme/one#5', 'acme/one@main'])
    expect([of.isMuted('bob', entity, 1_999), of.isMuted('bob', entity, 2_000)]).toEqual([true, false])
  expect(of.isMuted('bob', 'acme/one#4', 2_999)).toBe(true)
})

test('settings of users who are gone have no effect, and damaged ones break nothing', () => {
  const of = access(added('gone', 'a/b'), setting('alice', 'mute', 'acme/one', 'soon'), added('alice', ''))
  expect(of.audience('a/b').map(({ name }) => name)).toEqual(['root'])
  expect(of.isMuted('alice', 'acme/one', 0)).toBe(false)
})

const names = ['root', 'alice', 'bob', 'gone']
const repositories = ['octocat/hello-world', 'acme/one', 'acme/two', 'open/source', 'new/one', 'x/y']
const patterns = [...repositories, 'octocat/*', 'acme/*', 'open/*', 'new/*', 'x/*', '*/*', '']
const anySetting = fc.oneof(
  fc.tuple(
    fc.constantFrom(...names),
    fc.constant('repo' as const),
    fc.constantFrom(...patterns),
    fc.constantFrom('added', 'removed'),
  ),
  fc.tuple(
    fc.constantFrom(...names),
    fc.constant('feature' as const),
    fc.constantFrom(...flags, 'unknown'),
    fc.constantFrom('on', 'off'),
  ),
  fc.tuple(
    fc.constantFrom(...names),
    fc.constant('notify' as const),
    fc.constant(''),
    fc.constant('telegram:1'),
  ),
  fc.tuple(
    fc.constantFrom(...names),
    fc.constant('mute' as const),
    fc.constantFrom(...patterns),
    fc.string(),
  ),
)

test('no settings, whatever they are, change where modules may act or runs may be called', () => {
  const configured = access()
  fc.assert(
    fc.property(fc.array(anySetting, { maxLength: 20 }), (list) => {
      const now = access(...list.map(([name, kind, key, value]) => setting(name, kind, key, value)))
      for (const { name } of users) {
        const [before, after] = [configured.user(name)!, now.user(name)!]
        for (const repository of [...repositories, null]) {
          expect(now.mayAct(after, repository)).toBe(configured.mayAct(before, repository))
          expect(now.mayCall(after, repository)).toBe(configured.mayCall(before, repository))
        }
        expect(after.role).toBe(before.role)
      }
      for (const repository of repositories)
        expect(now.reaches(repository)).toBe(configured.reaches(repository))
      expect(now.named()).toEqual(configured.named())
    }),
  )
})

test('a user hears of what is configured or added and not removed, whatever the settings', () => {
  fc.assert(
    fc.property(fc.array(anySetting, { maxLength: 20 }), fc.constantFrom(...repositories), (list, name) => {
      // The last word on a key counts, as the store keeps it.
      const kept = [...new Map(list.map((one) => [one.slice(0, 3).join(' '), one])).values()]
      const said = (of: string, pattern: string) =>
        kept.find(([who, kind, key]) => who === of && kind === 'repo' && key === pattern)?.[3]
      const of = access(...kept.map(([who, kind, key, value]) => setting(who, kind, key, value)))
      const owner = `${name.split('/')[0]}/*`
      for (const { name: who, repos } of users.slice(1)) {
        const word = said(who, name) ?? said(who, owner)
        const wanted = word === undefined ? repos.includes(name) || repos.includes(owner) : word === 'added'
        const hears = of.audience(name, readable).some((one) => one.name === who)
        expect(hears).toBe(wanted)
      }
    }),
    { numRuns: 500 },
  )
})

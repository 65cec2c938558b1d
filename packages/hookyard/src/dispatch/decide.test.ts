// One delivery, its decisions: who hears, which module takes it for whom, and who gets the formatted message.
import { expect, test } from 'vitest'
import { binding, config, delivery, module, pullRequest, user } from '../../../../test/builders.ts'
import { createAccess } from '../access/access.ts'
import type { Reading, Readings } from '../access/reading.ts'
import type { User } from '../config/config.ts'
import { failedFilter } from '../registry/filters.ts'
import type { Binding, Module } from '../registry/manifest.ts'
import { formatEvent } from '../send/format.ts'
import type { EntityState, UserSetting } from '../store/store.ts'
import { CooldownTracker } from './cooldown-tracker.ts'
import { type DeliveryToDecide, type InForce, decide } from './decide.ts'

interface Given {
  users?: readonly User[]
  repos?: readonly string[]
  bindings?: readonly Binding[]
  cancelledBy?: readonly Module[]
  states?: readonly EntityState[]
  settings?: readonly UserSetting[]
  format?: InForce['format']
  readings?: Readings
  now?: number
}

function plan(of: DeliveryToDecide, given: Given = {}) {
  let runs = 0
  return decide(of, {
    access: createAccess(
      config({ users: given.users ?? [user('alice', { role: 'admin' })], repos: given.repos ?? [] }),
      { settings: given.settings ?? [], featureFlags: ['pr_review'] },
    ),
    registry: {
      bindingsFor: () => given.bindings ?? [],
      cancelledBy: () => given.cancelledBy ?? [],
      commandsFor: () => [],
      replacing: () => [],
    },
    tracker: new CooldownTracker(given.states ?? []),
    format: given.format ?? formatEvent,
    newRunId: () => `run-${(runs += 1)}`,
    now: given.now ?? 1_000,
    ...(given.readings && { facts: { own: false, author: 'unknown', readings: given.readings } }),
  })
}

const review = module('pr-review', { featureFlag: 'pr_review' })
const opened = () => delivery('pull_request', pullRequest('opened'))
const outcomes = (of: DeliveryToDecide, given: Given) =>
  plan(of, given).decisions.map(({ user: name, module: of, outcome, reason }) => [name, of, outcome, reason])

test('two users with the flag share one run, and neither gets the formatted message', () => {
  const users = [user('alice', { role: 'admin' }), user('bob')]
  const { decisions, runs, messages } = plan(opened(), { users, bindings: [binding(review, 'pull_request')] })
  expect(decisions.map((decision) => [decision.user, decision.outcome, decision.runId])).toEqual([
    ['alice', 'ran', 'run-1'],
    ['bob', 'ran', 'run-1'],
  ])
  expect(runs).toHaveLength(1)
  expect(runs[0]).toMatchObject({
    entity: 'octocat/hello-world#1',
    recipients: ['alice', 'bob'],
    waiting: false,
    runAt: 1_000,
  })
  expect(messages).toEqual([])
})

test('a user with the flag off gets the formatted message, and the other one the run', () => {
  const users = [user('alice', { role: 'admin' }), user('bob', { features: {} })]
  const { decisions, messages } = plan(opened(), { users, bindings: [binding(review, 'pull_request')] })
  expect(decisions.map(({ user: name, module: of, outcome, reason }) => [name, of, outcome, reason])).toEqual(
    [
      ['alice', 'pr-review', 'ran', null],
      ['bob', 'pr-review', 'skipped', 'feature_disabled'],
      ['bob', null, 'notified', null],
    ],
  )
  expect(messages.map((message) => message.address)).toEqual(['telegram:bob'])
})

test('a module without a flag serves every subscriber', () => {
  const users = [user('alice', { role: 'admin', features: {} })]
  expect(outcomes(opened(), { users, bindings: [binding(module('plain'), 'pull_request')] })).toEqual([
    ['alice', 'plain', 'ran', null],
  ])
})

test('an admin who hears everything may not act outside the listed repositories', () => {
  const users = [user('root', { role: 'admin', repos: [] })]
  const given = { users, bindings: [binding(review, 'pull_request')] }
  expect(outcomes(opened(), given)).toEqual([
    ['root', 'pr-review', 'skipped', 'not_authorized'],
    ['root', null, 'notified', null],
  ])
  expect(outcomes(opened(), { ...given, repos: ['octocat/*'] })).toEqual([['root', 'pr-review', 'ran', null]])
})

test('a flagged user who only hears joins the run that another one starts', () => {
  const users = [user('root', { role: 'admin', repos: [] }), user('alice')]
  const { decisions, runs } = plan(opened(), { users, bindings: [binding(review, 'pull_request')] })
  expect(decisions.map((decision) => decision.outcome)).toEqual(['ran', 'ran'])
  expect(runs[0]?.recipients).toEqual(['root', 'alice'])
})

test('when nobody subscribes, the first admin hears and no module acts', () => {
  const users = [user('root', { role: 'admin', repos: ['other/*'] }), user('alice', { repos: [] })]
  expect(outcomes(opened(), { users, bindings: [binding(review, 'pull_request')] })).toEqual([
    ['root', 'pr-review', 'skipped', 'not_authorized'],
    ['root', null, 'notified', null],
  ])
})

test.each([
  ['a disabled module', module('m', {}, { enabled: false }), pullRequest('opened'), 'module_disabled'],
  [
    'a draft',
    module('m', { when: { ...review.manifest.when, draft: false } }),
    pullRequest('opened', { draft: true }),
    'filtered:draft',
  ],
  [
    'a bot',
    module('m'),
    { ...pullRequest('opened'), sender: { login: 'dependabot[bot]', type: 'Bot' } },
    'filtered:ignore_bots',
  ],
  [
    'another branch',
    module('m', { when: { ...review.manifest.when, branches: ['release/*'] } }),
    pullRequest('opened'),
    'filtered:branches',
  ],
  [
    'no such label',
    module('m', { when: { ...review.manifest.when, labels: ['bug'] } }),
    pullRequest('opened'),
    'filtered:labels',
  ],
  [
    'another author',
    module('m', { when: { ...review.manifest.when, authors: ['hubot'] } }),
    pullRequest('opened'),
    'filtered:authors',
  ],
])('%s is skipped with its reason', (_name, of, payload, reason) => {
  expect(outcomes(delivery('pull_request', payload), { bindings: [binding(of, 'pull_request')] })[0]).toEqual(
    ['alice', 'm', 'skipped', reason],
  )
})

const pushTo = (ref: string) => ({ ...pullRequest('opened'), pull_request: undefined, ref })

test.each([
  [
    'a label that holds parentheses',
    { labels: ['(wip)'] },
    pullRequest('opened', { labels: [{ name: '(WIP)' }] }),
  ],
  [
    'a login that holds brackets',
    { authors: ['Helper[bot]'] },
    pullRequest('opened', { user: { login: 'helper[bot]' } }),
  ],
  [
    'the base by its whole ref',
    { branches: ['refs/heads/MAIN'] },
    pullRequest('opened', { base: { ref: 'main' } }),
  ],
  ['a pushed branch by its name', { branches: ['main'] }, pushTo('refs/heads/main')],
  ['a pushed branch by its whole ref', { branches: ['refs/heads/*'] }, pushTo('refs/heads/main')],
  ['a pushed tag by its whole ref', { branches: ['refs/tags/v*'] }, pushTo('refs/tags/v1')],
])('%s passes its filter', (_name, when, payload) => {
  expect(failedFilter({ ...review.manifest.when, ...when }, 'any', payload)).toBeNull()
})

test.each([
  ['a tag, where branches are named by the whole ref', ['refs/heads/*'], pushTo('refs/tags/v1')],
  ['the branch that is left out', ['!main'], pushTo('refs/heads/main')],
])('%s does not pass', (_name, branches, payload) => {
  expect(failedFilter({ ...review.manifest.when, branches }, 'push', payload)).toBe('branches')
})

test('a payload that names no pull request starts no run of a module about pull requests, and is told', () => {
  const payload = pullRequest('opened', { number: 1.5 })
  expect(
    outcomes(delivery('pull_request', { ...payload, number: 1.5 }), {
      bindings: [binding(review, 'pull_request')],
    })[0],
  ).toEqual(['alice', 'pr-review', 'skipped', 'no_subject'])
})

test('an event inside a skip window is taken, and nobody is told', () => {
  const states = [
    {
      module: 'pr-review',
      entity: 'octocat/hello-world#1',
      windowUntil: 2_000,
      waiting: null,
      unfinished: [],
    },
  ]
  const result = plan(opened(), {
    states,
    bindings: [binding(review, 'pull_request', { cooldownMs: 5_000 })],
  })
  expect(result.decisions).toEqual([
    { user: 'alice', module: 'pr-review', outcome: 'skipped', reason: 'cooldown', runId: null },
  ])
  expect([result.runs, result.messages]).toEqual([[], []])
})

test('an event inside a trailing window is coalesced into a run that exists at once', () => {
  const states = [
    {
      module: 'pr-review',
      entity: 'octocat/hello-world#1',
      windowUntil: 2_000,
      waiting: null,
      unfinished: [],
    },
  ]
  const bindings = [binding(review, 'pull_request', { cooldownMs: 5_000, onCooldown: 'trailing' })]
  const { decisions, runs } = plan(opened(), { states, bindings })
  expect(decisions[0]).toMatchObject({ outcome: 'coalesced', runId: 'run-1' })
  expect(runs[0]).toMatchObject({ waiting: true, runAt: 2_000 })
})

test('an action of cancel_on cancels what is unfinished, and the event is still told', () => {
  const closing = module('pr-review', { cancelOn: ['closed'] })
  const states = [
    {
      module: 'pr-review',
      entity: 'octocat/hello-world#1',
      windowUntil: null,
      waiting: { id: 'waits', firstAt: 0, dueAt: 0 },
      unfinished: ['runs'],
    },
  ]
  const result = plan(delivery('pull_request', pullRequest('closed')), { states, cancelledBy: [closing] })
  expect(result.cancelled).toEqual([
    { runId: 'waits', reason: 'cancel_on:closed' },
    { runId: 'runs', reason: 'cancel_on:closed' },
  ])
  expect(result.messages).toHaveLength(1)
})

test('hear: mine hears only what concerns the user', () => {
  const mine = user('bob', { hear: 'mine', github: 'Hubot' })
  const users = [user('alice', { role: 'admin', features: {} }), mine]
  expect(outcomes(opened(), { users })).toContainEqual(['bob', null, 'no_message', 'not_mine'])
  const asked = delivery('pull_request', pullRequest('opened', { requested_reviewers: [{ login: 'hubot' }] }))
  expect(outcomes(asked, { users })).toContainEqual(['bob', null, 'notified', null])
  const mentioned = delivery('pull_request', pullRequest('opened', { body: 'what do you think, @hubot?' }))
  expect(outcomes(mentioned, { users })).toContainEqual(['bob', null, 'notified', null])
})

test('one module that cannot be decided does not stop the others', () => {
  const broken = module('broken')
  Object.defineProperty(broken.manifest, 'when', {
    get: () => {
      throw new Error('boom')
    },
  })
  expect(
    outcomes(opened(), {
      bindings: [binding(broken, 'pull_request'), binding(module('fine'), 'pull_request')],
    }),
  ).toEqual([
    ['alice', 'broken', 'skipped', 'error:boom'],
    ['alice', 'fine', 'ran', null],
  ])
})

test('a formatter that fails is a named reason', () => {
  const format = () => {
    throw new Error('boom')
  }
  expect(outcomes(opened(), { format })).toEqual([['alice', null, 'no_message', 'error:boom']])
})

test('two users who share a chat are told once', () => {
  const users = [
    user('alice', { role: 'admin', address: 'telegram:-5' }),
    user('bob', { address: 'telegram:-5' }),
  ]
  const { decisions, messages } = plan(opened(), { users })
  expect(decisions.map((decision) => decision.outcome)).toEqual(['notified', 'notified'])
  expect(new Set(messages.map((message) => message.dedupeKey)).size).toBe(1)
})

const settings = (...of: [string, 'feature' | 'repo' | 'notify' | 'mute', string, string][]) =>
  of.map(([name, kind, key, value]) => ({ user: name, kind, key, value, changedAt: 0 }))

test('who muted the entity or its repository is not told until then, and the trail says why', () => {
  const users = [user('alice', { role: 'admin' }), user('bob'), user('carol')]
  const given = {
    users,
    settings: settings(
      ['alice', 'mute', 'octocat/hello-world#1', '5000'],
      ['bob', 'mute', 'octocat/hello-world', '5000'],
      ['carol', 'mute', 'octocat/hello-world#2', '5000'],
    ),
  }
  expect(outcomes(opened(), { ...given, now: 4_999 })).toEqual([
    ['alice', null, 'no_message', 'muted'],
    ['bob', null, 'no_message', 'muted'],
    ['carol', null, 'notified', null],
  ])
  expect(outcomes(opened(), { ...given, now: 5_000 }).map(([, , outcome]) => outcome)).toEqual([
    'notified',
    'notified',
    'notified',
  ])
})

test('a mute stops no module: the run is made, and the trail says that its message stays away', () => {
  const given = {
    users: [user('alice', { role: 'admin' })],
    bindings: [binding(review, 'pull_request')],
    settings: settings(['alice', 'mute', 'octocat/hello-world#1', '5000']),
  }
  expect(outcomes(opened(), given)).toEqual([
    ['alice', 'pr-review', 'ran', null],
    ['alice', null, 'no_message', 'muted'],
  ])
})

test('a repository that its only hearer removed leaves a trail, and no run', () => {
  const given = {
    users: [user('root', { role: 'admin', repos: [] })],
    repos: ['octocat/*'],
    bindings: [binding(review, 'pull_request')],
    settings: settings(['root', 'repo', 'octocat/hello-world', 'removed']),
  }
  expect(outcomes(opened(), given)).toEqual([['root', null, 'no_message', 'repo_removed']])
  expect(plan(opened(), given).runs).toEqual([])
})

test('a repository added by chat brings messages and joins runs, and starts none', () => {
  const users = [user('root', { role: 'admin', repos: ['other/x'] }), user('bob', { repos: [] })]
  const given = {
    users,
    repos: [],
    bindings: [binding(review, 'pull_request')],
    settings: settings(['bob', 'repo', 'octocat/hello-world', 'added']),
    readings: new Map([['bob', 'readable' as const]]),
  }
  expect(outcomes(opened(), given)).toEqual([
    ['bob', 'pr-review', 'skipped', 'not_authorized'],
    ['bob', null, 'notified', null],
  ])
})

test.each<[Reading | null, string | null, string]>([
  ['not_readable', 'bob', 'not_readable'],
  ['readable_unknown', 'bob', 'readable_unknown'],
  [null, 'bob', 'readable_unknown'],
  [null, null, 'no_login'],
])('added by chat, GitHub says %s of the login %s: %s', (reading, github, reason) => {
  const users = [user('root', { role: 'admin', repos: [] }), user('bob', { repos: [], github })]
  const given = {
    users,
    repos: ['octocat/*'],
    bindings: [binding(review, 'pull_request')],
    settings: settings(['bob', 'repo', 'octocat/*', 'added']),
    ...(reading && { readings: new Map([['bob', reading]]) }),
  }
  expect(outcomes(opened(), given)).toEqual([
    ['root', 'pr-review', 'ran', null],
    ['bob', null, 'no_message', reason],
  ])
  expect(plan(opened(), given).runs[0]?.recipients).toEqual(['root'])
})

test('when nobody else may hear of what was added, it is the first admin', () => {
  const users = [
    user('root', { role: 'admin', repos: ['other/x'] }),
    user('bob', { repos: [], github: 'bob' }),
  ]
  const given = { users, settings: settings(['bob', 'repo', 'octocat/*', 'added']) }
  expect(outcomes(opened(), given)).toEqual([
    ['root', null, 'notified', null],
    ['bob', null, 'no_message', 'readable_unknown'],
  ])
})

test('a flag that was switched by chat counts instead of the configured one', () => {
  const given = {
    users: [user('alice', { role: 'admin' }), user('bob', { features: {} })],
    bindings: [binding(review, 'pull_request')],
    settings: settings(['alice', 'feature', 'pr_review', 'off'], ['bob', 'feature', 'pr_review', 'on']),
  }
  expect(outcomes(opened(), given)).toEqual([
    ['alice', 'pr-review', 'skipped', 'feature_disabled'],
    ['bob', 'pr-review', 'ran', null],
    ['alice', null, 'notified', null],
  ])
})

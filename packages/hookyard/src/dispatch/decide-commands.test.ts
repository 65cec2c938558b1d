// A comment that commands: whose wish it is, who hears of it, and what stands against it; and our own words.
import { describe, expect, test } from 'vitest'
import { binding, config, delivery, module, user } from '../../../../test/builders.ts'
import { createAccess } from '../access/access.ts'
import type { User } from '../config/config.ts'
import type { Binding, Module } from '../registry/manifest.ts'
import { formatEvent } from '../send/format.ts'
import { explainDecision } from '../explain/reasons.ts'
import type { EntityState, NewRun } from '../store/store.ts'
import { CooldownTracker } from './cooldown-tracker.ts'
import { decide } from './decide.ts'
import { wantedCommands } from './decide-commands.ts'
import type { Facts } from './decision-context.ts'

interface Given {
  users?: readonly User[]
  repos?: readonly string[]
  modules?: readonly Module[]
  bindings?: readonly Binding[]
  cancelledBy?: readonly Module[]
  states?: readonly EntityState[]
  facts?: Facts
}

const reviewer = module('reviewer', {
  featureFlag: 'pr_review',
  triggers: [
    { type: 'command', command: 'review' },
    binding(module('x'), 'pull_request', { cooldownMs: 5_000 }).trigger,
  ],
})
const alice = user('alice', { role: 'admin' })

const comment = (body = '/review it', login = 'octocat', more: Record<string, unknown> = {}) =>
  delivery('issue_comment', {
    action: 'created',
    sender: { login, type: 'User' },
    repository: { full_name: 'octocat/Hello-World' },
    issue: { number: 1, title: 'A title', pull_request: {} },
    comment: { id: 7, body, html_url: 'https://x/7', user: { login } },
    ...more,
  })

function world({
  users = [alice],
  repos = [],
  modules = [reviewer],
  bindings = [],
  cancelledBy = [],
  states = [],
  facts,
}: Given) {
  let runs = 0
  const tracker = new CooldownTracker(states)
  return {
    access: createAccess(config({ users, repos })),
    registry: {
      bindingsFor: () => bindings,
      cancelledBy: () => cancelledBy,
      commandsFor: (name: string) => (name === 'review' ? modules : []),
      replacing: () => [],
    },
    tracker,
    format: formatEvent,
    newRunId: () => `run-${(runs += 1)}`,
    now: 1_000,
    ...(facts ? { facts } : {}),
  }
}
const allowed: Facts = { own: false, author: 'allowed' }
const plan = (given: Given = {}, of = comment()) => decide(of, world({ facts: allowed, ...given }))
const lines = (given: Given = {}, of = comment()) =>
  plan(given, of).decisions.map(({ user: name, module: of, outcome, reason }) => [name, of, outcome, reason])

test('an allowed command is a run with its arguments, that opens the module’s longest window', () => {
  const { runs, messages } = plan()
  expect(runs).toMatchObject([
    {
      module: 'reviewer',
      entity: 'octocat/hello-world#1',
      recipients: ['alice'],
      cooldownMs: 5_000,
      waiting: false,
      runAt: 1_000,
      trigger: {
        type: 'command',
        event: 'issue_comment',
        action: 'created',
        by: 'octocat',
        data: { command: 'review', args: 'it', comment_id: 7, comment_url: 'https://x/7' },
      },
    },
  ])
  expect(messages).toEqual([])
})

test('the window that a command opens holds up the events after it', () => {
  const given = world({ facts: allowed })
  decide(comment(), given)
  const verdict = given.tracker.evaluate(
    'reviewer',
    'octocat/hello-world#1',
    reviewer.manifest.triggers[1] as Binding['trigger'],
    'queue',
    1_001,
  )
  expect(verdict).toMatchObject({ verdict: { kind: 'skip', until: 6_000 } })
})

test.each([
  ['cancel_running', ['old', 'older'], null],
  ['queue', [], { id: 'w', firstAt: 0, dueAt: 0 }],
  ['parallel', [], null],
] as const)('with %s a command cancels %j', (concurrency, replaced, waiting) => {
  const modules = [{ ...reviewer, manifest: { ...reviewer.manifest, concurrency } }]
  const about = { module: 'reviewer', entity: 'octocat/hello-world#1' }
  const states = [{ ...about, windowUntil: 4_000, waiting, unfinished: ['old', 'older'] }]
  const given = world({ modules, states, facts: allowed })
  const { runs, cancelled } = decide(comment(), given)
  expect(runs).toHaveLength(1)
  expect(cancelled).toEqual(replaced.map((runId) => ({ runId, reason: 'replaced' })))
  // The next one of the batch finds this one in their place.
  const left = replaced.length > 0 ? ['run-1'] : ['old', 'older', 'run-1']
  expect(given.tracker.unended('reviewer', about.entity)).toEqual([...(waiting ? ['w'] : []), ...left])
})

test('a refused command cancels nothing', () => {
  const modules = [
    { ...reviewer, manifest: { ...reviewer.manifest, concurrency: 'cancel_running' as const } },
  ]
  const about = { module: 'reviewer', entity: 'octocat/hello-world#1' }
  const states = [{ ...about, windowUntil: null, waiting: null, unfinished: ['old'] }]
  expect(plan({ modules, states, facts: { own: false, author: 'refused' } }).cancelled).toEqual([])
})

test('a commanded comment is taken for everybody, also for those who do not want the module', () => {
  const users = [alice, user('bob', { features: {} })]
  expect(lines({ users })).toEqual([
    ['alice', 'reviewer', 'ran', null],
    ['bob', 'reviewer', 'skipped', 'feature_disabled'],
    ['alice', null, 'no_message', 'command'],
    ['bob', null, 'no_message', 'command'],
  ])
})

test('the author hears of the run by their GitHub login, also without subscription and flag', () => {
  const author = user('carol', { github: 'Octocat', repos: [], features: {} })
  expect(plan({ users: [alice, author] }).runs[0]?.recipients).toEqual(['alice', 'carol'])
  const alone = { users: [{ ...alice, features: {} }, author] }
  expect(plan(alone).runs).toEqual([])
  const wanting = {
    users: [
      { ...alice, features: {} },
      { ...author, features: { pr_review: true } },
    ],
  }
  // A flag starts a run where its user's own `repos` or the top-level ones reach.
  expect(plan(wanting).decisions[1]).toMatchObject({ user: 'carol', reason: 'not_authorized' })
  expect(plan({ ...wanting, repos: ['octocat/*'] }).runs[0]?.recipients).toEqual(['carol'])
})

test.each<[string, Given, string]>([
  ['the author may not write', { facts: { own: false, author: 'refused' } }, 'not_authorized'],
  ['GitHub did not say', { facts: { own: false, author: 'unknown' } }, 'permission_unknown'],
  ['no `repos` reach the repository', { users: [{ ...alice, repos: [] }] }, 'not_authorized'],
  ['the module is switched off', { modules: [{ ...reviewer, enabled: false }] }, 'module_disabled'],
])('%s: no run, and the comment is told', (_why, given, reason) => {
  const { decisions, runs, messages } = plan(given)
  expect(decisions[0]).toMatchObject({ user: 'alice', module: 'reviewer', outcome: 'skipped', reason })
  expect([runs.length, messages.length]).toEqual([0, 1])
  expect(explainDecision(decisions[0]!)).not.toBe(reason)
})

test('nobody’s word was asked for: nobody may command', () => {
  expect(decide(comment(), world({})).runs).toEqual([])
})

test('a simulation assumes write access, and says so', () => {
  const { decisions, runs } = plan({ facts: { own: false, author: 'assumed' } })
  expect(runs).toHaveLength(1)
  expect(decisions[0]).toMatchObject({ outcome: 'ran', reason: 'assumed_write_access' })
  expect(explainDecision(decisions[0]!)).toMatch(/if GitHub says/)
})

test('any user’s `repos` reach: an admin who hears everything may be served where only bob is named', () => {
  const users = [user('root', { role: 'admin', repos: [] }), user('bob', { features: {} })]
  expect(plan({ users }).runs[0]?.recipients).toEqual(['root'])
})

describe('a module that a comment commands and that is bound to comments', () => {
  const refused: Facts = { own: false, author: 'refused' }
  const users = [alice, user('bob', { features: {} }), user('carol', { github: 'octocat', repos: [] })]
  const bound = binding(module('x'), 'issue_comment', { cooldownMs: 5_000 }).trigger
  const command = { type: 'command', command: 'review' } as const

  /** What is decided with the triggers in this order. */
  function both(first: 'command' | 'webhook', given: Given = {}, when = reviewer.manifest.when) {
    const triggers = first === 'command' ? [command, bound] : [bound, command]
    const of = { ...reviewer, manifest: { ...reviewer.manifest, triggers, when } }
    const bindings = [{ module: of, trigger: bound }]
    const { decisions, runs } = plan({ users, modules: [of], bindings, repos: ['octocat/*'], ...given })
    const told = decisions.filter((decision) => decision.module === 'reviewer')
    return {
      told: told.map((decision) => [decision.user, decision.outcome, decision.reason]),
      runs,
      untaken: decisions.filter((decision) => decision.outcome === 'notified').length,
      taken: decisions.filter((decision) => decision.reason === 'command').length,
    }
  }
  const started = (runs: readonly NewRun[]) =>
    runs.map(({ trigger, recipients }) => [trigger.type, recipients])

  test('is decided by the command, when that stands first', () => {
    const { told, runs, taken } = both('command')
    expect(told).toEqual([
      ['alice', 'ran', null],
      ['bob', 'skipped', 'feature_disabled'],
      ['carol', 'ran', null],
    ])
    expect(started(runs)).toEqual([['command', ['alice', 'carol']]])
    expect(taken).toBe(2)
  })

  test('is decided by the command also when that is refused', () => {
    const { told, runs, taken } = both('command', { facts: refused })
    expect(told).toEqual([
      ['alice', 'skipped', 'not_authorized'],
      ['bob', 'skipped', 'feature_disabled'],
      ['carol', 'skipped', 'not_authorized'],
    ])
    expect([runs, taken]).toEqual([[], 0])
    expect(both('command', { facts: refused }).untaken).toBe(2)
  })

  test('is decided by the webhook trigger, when that stands first, for the one who commanded as well', () => {
    const { told, runs, taken } = both('webhook')
    expect(told).toEqual([
      ['alice', 'ran', null],
      ['bob', 'skipped', 'feature_disabled'],
      ['carol', 'ran', null],
    ])
    expect(started(runs)).toEqual([['webhook', ['alice', 'carol']]])
    // Also for those whom no module serves: the command is valid, though another trigger counts.
    expect(taken).toBe(2)
  })

  test('whose webhook trigger stands first: who may not command joins nothing by commanding', () => {
    const { told, runs, taken } = both('webhook', { facts: refused })
    expect(told.toSorted()).toEqual([
      ['alice', 'ran', null],
      ['bob', 'skipped', 'feature_disabled'],
      ['carol', 'skipped', 'not_authorized'],
    ])
    expect(started(runs)).toEqual([['webhook', ['alice']]])
    expect(taken).toBe(0)
  })

  test('whose webhook trigger stands first goes by the filters and windows of that one', () => {
    const filtered = both('webhook', {}, { ...reviewer.manifest.when, authors: ['nobody'] })
    expect(filtered.told).toEqual([
      ['alice', 'skipped', 'filtered:authors'],
      ['bob', 'skipped', 'feature_disabled'],
      ['carol', 'skipped', 'filtered:authors'],
    ])
    expect([filtered.runs, filtered.taken, filtered.untaken]).toEqual([[], 2, 0])
    const about = { module: 'reviewer', entity: 'octocat/hello-world#1' }
    const states = [{ ...about, windowUntil: 4_000, waiting: null, unfinished: [] }]
    expect(both('webhook', { states }).told[0]).toEqual(['alice', 'skipped', 'cooldown'])
    expect(both('command', { states }).told[0]).toEqual(['alice', 'ran', null])
  })

  test.each(
    (['command', 'webhook'] as const).flatMap((first) =>
      (['allowed', 'refused', 'unknown'] as const).flatMap((author) =>
        [{}, { pr_review: true }].map((features) => [first, author, features] as const),
      ),
    ),
  )('%s first, %s, the author’s flags %j: one decision for each', (first, author, features) => {
    for (const others of [[alice], [alice, user('bob', { features: {} })], [{ ...alice, features: {} }]])
      for (const repos of [['octocat/*'], []]) {
        const carol = user('carol', { github: 'octocat', repos, features })
        const { told } = both(first, { users: [...others, carol], facts: { own: false, author } })
        expect(told.map(([name]) => name).toSorted()).toEqual([...others.map(({ name }) => name), 'carol'])
      }
  })
})

test('two commands of one module in one comment are one decision for each', () => {
  expect(lines({}, comment('/review it\n/review that')).slice(0, -1)).toEqual([
    ['alice', 'reviewer', 'ran', null],
  ])
})

test('one module that cannot be decided does not stop the others', () => {
  const broken = module('broken', { triggers: [{ type: 'command', command: 'review' }] })
  Object.defineProperty(broken.manifest, 'triggers', {
    get: () => {
      throw new Error('boom')
    },
  })
  expect(lines({ modules: [broken, reviewer] }).slice(0, 2)).toEqual([
    ['alice', 'broken', 'skipped', 'error:boom'],
    ['alice', 'reviewer', 'ran', null],
  ])
})

test('our own words start nothing, cancel nothing, and are told to nobody', () => {
  const given = {
    bindings: [binding(reviewer, 'issue_comment')],
    cancelledBy: [reviewer],
    facts: { own: true, author: 'allowed' } as const,
  }
  const { runs, cancelled, messages } = plan(given)
  expect([runs, cancelled, messages]).toEqual([[], [], []])
  expect(lines(given)).toEqual([
    ['alice', 'reviewer', 'skipped', 'own'],
    ['alice', null, 'no_message', 'own'],
  ])
})

test('GitHub is asked only about commands that somebody wants, where modules may act', () => {
  const names = (given: Given, of = comment()) =>
    wantedCommands({ ...world(given), delivery: of }).map(({ module: { name } }) => name)
  expect(names({})).toEqual(['reviewer'])
  expect(names({ users: [{ ...alice, features: {} }] })).toEqual([])
  expect(names({ users: [{ ...alice, repos: [] }] })).toEqual([])
  expect(names({ modules: [{ ...reviewer, enabled: false }] })).toEqual([])
  expect(
    names({}, comment('/review', 'dependabot[bot]', { sender: { login: 'dependabot[bot]', type: 'Bot' } })),
  ).toEqual([])
  expect(names({}, comment('> /review'))).toEqual([])
})

// All caps that are set hold at once; whose money it is follows from who caused the run.
import { expect, test } from 'vitest'
import { config, module, user } from '../../../../test/builders.ts'
import type { Budgets } from '../config/config.ts'
import type { ClaimedRun, RunTrigger } from '../store/store.ts'
import { accountOf, dayCaps, runCap } from './budget-caps.ts'

const none: Budgets = { perRunUsd: null, perDayUsd: null }
const alice = user('alice', {
  github: 'Alice-GH',
  budgets: { perRunUsd: 0.2, perDayUsd: 1, perRepoDayUsd: 0.5 },
})
const settings = config({
  users: [alice, user('bob', { budgets: none })],
  budgets: { perRunUsd: 1, perDayUsd: 5 },
})

const run = (trigger: Partial<RunTrigger>, repository: string | null = 'octocat/hello') =>
  ({
    module: 'pr-review',
    repository,
    trigger: { type: 'webhook', event: null, action: null, by: null, at: '', ...trigger },
  }) as unknown as ClaimedRun

const resumed = (original: Partial<RunTrigger>): Partial<RunTrigger> => ({
  type: 'resume',
  by: 'bob',
  data: { answer: 'yes', original },
})

test.each<[string, Partial<RunTrigger>, string | null]>([
  ['a call of the API', { type: 'invoke', by: 'alice' }, 'alice'],
  ['a comment command, by login', { type: 'command', by: 'alice-gh' }, 'alice'],
  ['a comment command of somebody else', { type: 'command', by: 'mallory' }, null],
  ['a webhook, whoever pushed', { type: 'webhook', by: 'Alice-GH' }, null],
  ['the clock', { type: 'schedule' }, null],
  ['a run that a run of alice invoked', { type: 'invoke', by: 'module:triage', user: 'alice' }, 'alice'],
  ['a run that a webhook’s run invoked', { type: 'invoke', by: 'module:triage' }, null],
  ['a user who is gone', { type: 'invoke', by: 'carol' }, null],
  ['a command’s run that bob’s answer resumed', resumed({ type: 'command', by: 'alice-gh' }), 'alice'],
])('%s is on the account of %s', (_what, trigger, account) => {
  expect(accountOf(run(trigger), settings)).toEqual({
    ...{ module: 'pr-review', repository: 'octocat/hello', user: account },
  })
})

const account = { module: 'pr-review', repository: 'octocat/hello', user: 'alice' }

test('the installation, the module and the user each have their caps per day and repository', () => {
  const reviewer = module('pr-review', {}, { budgets: { perRunUsd: null, perDayUsd: 2, perRepoDayUsd: 0.7 } })
  const all = { ...settings, budgets: { perRunUsd: 1, perDayUsd: 5, perRepoDayUsd: 3 } }
  const scope = { module: 'pr-review' }
  const repository = 'octocat/hello'
  const of = (setting: string, limitUsd: number, what: object) => ({ setting, limitUsd, scope: what })
  expect(dayCaps(account, reviewer, all)).toEqual([
    of('budgets.per_day_usd', 5, {}),
    of('budgets.per_repo_day_usd for octocat/hello', 3, { repository }),
    of('modules.pr-review.budgets.per_day_usd', 2, scope),
    of('modules.pr-review.budgets.per_repo_day_usd for octocat/hello', 0.7, { ...scope, repository }),
    of('users[alice].budgets.per_day_usd', 1, { user: 'alice' }),
    of('users[alice].budgets.per_repo_day_usd for octocat/hello', 0.5, { user: 'alice', repository }),
  ])
})

test('what is not set is no cap, and a run without a repository has none by repository', () => {
  const caps = dayCaps({ ...account, repository: null, user: 'bob' }, module('pr-review'), settings)
  expect(caps.map(({ setting }) => setting)).toEqual(['budgets.per_day_usd'])
})

test.each<[string, string | null, number | null, string, number]>([
  ['the installation’s', null, null, 'budgets.per_run_usd', 1],
  [
    'the module’s own goes before it, also when it is higher',
    null,
    3,
    'modules.pr-review.budgets.per_run_usd',
    3,
  ],
  ['the user’s comes on top', 'alice', 3, 'users[alice].budgets.per_run_usd', 0.2],
  ['the lowest holds', 'alice', 0.1, 'modules.pr-review.budgets.per_run_usd', 0.1],
])('the cap per run: %s', (_what, name, own, setting, limitUsd) => {
  const reviewer = module('pr-review', {}, { budgets: { perRunUsd: own, perDayUsd: null } })
  expect(runCap({ ...account, user: name }, reviewer, settings)).toEqual({ setting, limitUsd })
})

// `paths`: of a push they are in the payload, of a pull request GitHub tells them, and nothing else has any.
import { expect, test } from 'vitest'
import { binding, config, delivery, module, pullRequest, user } from '../../../../test/builders.ts'
import { createAccess } from '../access/access.ts'
import { formatEvent } from '../send/format.ts'
import { CooldownTracker } from './cooldown-tracker.ts'
import { type DeliveryToDecide, type Facts, decide } from './decide.ts'

const docs = (subject: 'pull_request' | 'none' | 'repository' = 'pull_request') => {
  const plain = module('docs', { subject })
  return module('docs', { subject, when: { ...plain.manifest.when, paths: ['Docs/**'] } })
}

function outcomes(of: DeliveryToDecide, facts: Partial<Facts> | null, subject?: Parameters<typeof docs>[0]) {
  const plan = decide(of, {
    access: createAccess(config({ users: [user('alice', { role: 'admin' })] })),
    registry: {
      bindingsFor: (event) => [binding(docs(subject), event)],
      cancelledBy: () => [],
      commandsFor: () => [],
      replacing: () => [],
    },
    tracker: new CooldownTracker([]),
    format: formatEvent,
    newRunId: () => 'run-1',
    now: 0,
    ...(facts && { facts: { own: false, author: 'unknown', ...facts } }),
  })
  return plan.decisions.map(({ outcome, reason }) => (reason === null ? outcome : `${outcome}: ${reason}`))
}

const opened = () => delivery('pull_request', pullRequest('opened'))
const push = (...commits: object[]) =>
  delivery('push', {
    ref: 'refs/heads/main',
    repository: { full_name: 'octocat/Hello-World', html_url: 'https://github.com/octocat/Hello-World' },
    pusher: { name: 'octocat' },
    commits,
  })

test('a pull request that changes none of the paths is skipped, and told as if there were no module', () => {
  expect(outcomes(opened(), { outside: ['docs'] })).toEqual(['skipped: filtered:paths', 'notified'])
  expect(outcomes(opened(), { outside: ['docs'] }, 'none')).toEqual(['skipped: filtered:paths', 'notified'])
})

test('one that does is taken', () => {
  expect(outcomes(opened(), { outside: [] })).toEqual(['ran'])
  expect(outcomes(opened(), { outside: ['another'] }, 'none')).toEqual(['ran'])
})

test('when GitHub did not tell, a run about the pull request asks again; another one cannot', () => {
  expect(outcomes(opened(), null)).toEqual(['ran: paths_unknown'])
  expect(outcomes(opened(), {}, 'repository')).toEqual(['skipped: paths_unknown', 'notified'])
})

test('a simulation says what it takes for granted', () => {
  expect(outcomes(opened(), { author: 'assumed' }, 'none')).toEqual(['ran: assumed_paths'])
})

test('of a push the files of its commits count: added, modified and removed ones', () => {
  const files = { added: [], modified: ['src/a.ts'], removed: [] }
  expect(outcomes(push(files), null, 'repository')[0]).toBe('skipped: filtered:paths')
  expect(outcomes(push(files, { removed: ['docs/old/a.md'] }), null, 'repository')).toEqual(['ran'])
  expect(outcomes(push(), null, 'repository')[0]).toBe('skipped: filtered:paths')
})

test('what changes no files matches no paths', () => {
  const issue = delivery('issues', {
    action: 'opened',
    repository: { full_name: 'octocat/Hello-World' },
    issue: { number: 3 },
  })
  expect(outcomes(issue, null, 'repository')[0]).toBe('skipped: filtered:paths')
})

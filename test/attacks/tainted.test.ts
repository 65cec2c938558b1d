// A run that asked the agent is tainted, whatever its module does: on every way to GitHub what it says is judged, and the taint
// goes on with its state, its invocations, its retries and its process. A run that never asked speaks as it likes.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Arena, openArena, REPO } from './arena.ts'

/** Each with a part of its own, so that it is seen which one got through. */
const HOSTILE =
  'cc @victim ![x](https://evil.test/p.png)\n\n<b>b</b> https://evil.test/x victim/repo#1\n\n/merge'

const HANDLER = `import { defineModule, done } from '@hookyard/sdk'
const kept = { text: null }
export default defineModule({
  subject: 'pull_request',
  async handle(ctx) {
    const how = ctx.trigger.data?.how ?? ctx.input?.how
    const ask = async () => (await ctx.agent.run({ prompt: 'x' })).output
    const WAYS = {
      async verbs() { const t = await ask(); await everywhere(t) },
      async untainted() { await everywhere(${JSON.stringify(HOSTILE)}) },
      async built() { const t = await ask(); await everywhere(Buffer.from(t).toString('hex').match(/../g).map((c) => String.fromCharCode(parseInt(c, 16))).join('')) },
      async known() { await ctx.agent.run({ prompt: 'x' }); await ctx.pr.comment('k', 'cc @alice, @carol and @dave: https://named.test/a https://evil.test.named.test') ; await ctx.pr.comments(); await ctx.pr.comment('later', 'cc @carol, as in https://said.test/x') },
      async repeats() { await ctx.agent.run({ prompt: 'x' }); await ctx.pr.comments(); await ctx.github.rest.issues.listComments({ owner: 'octo', repo: 'hello', issue_number: ctx.pr.number }); await ctx.pr.threads(); await ctx.pr.comment('again', 'Again: https://evil.test/x') },
      async keeps() { const t = await ask(); return done('kept', { state: { t } }) },
      async recalls() { await ctx.pr.comment('k', ctx.state.t) },
      async once() { const t = await ctx.once('ask', ask); if (ctx.state === null) throw new Error('again'); await ctx.pr.comment('k', t) },
      async invokes() { const t = await ask(); await ctx.invoke('tainted', { how: 'told', t }) },
      async told() { await ctx.pr.comment('k', ctx.input.t) },
      async remembers() { kept.text = await ask() },
      async forgets() { await ctx.pr.comment('k', String(kept.text)) },
      async notifies() { await ctx.notify(await ask()) },
    }
    async function everywhere(t) {
      await ctx.pr.comment('k', t)
      await ctx.pr.review('k', { body: t, comments: [{ path: 'src/a.ts', line: 1, body: t, mark: 'finding abc' }] })
      await ctx.pr.check('k', { name: 'c', conclusion: 'neutral', title: t.slice(0, 200), summary: t })
      const repo = { owner: 'octo', repo: 'hello' }
      const [issue, at] = [{ ...repo, issue_number: ctx.pr.number }, { ...repo, pull_number: ctx.pr.number }]
      const { data } = await ctx.github.rest.issues.createComment({ ...issue, body: t })
      await ctx.github.rest.issues.updateComment({ ...repo, comment_id: data.id, body: t + ' again' })
      await ctx.github.rest.pulls.createReview({ ...at, event: 'COMMENT', body: t, comments: [{ path: 'src/a.ts', line: 2, body: t }] })
      await ctx.github.rest.pulls.createReviewComment({ ...at, commit_id: ctx.pr.head.sha, path: 'src/a.ts', line: 1, body: t })
      const output = { title: t, summary: t, text: t, images: [{ alt: 'x', image_url: 'https://evil.test/x.png' }], annotations: [{ path: 'src/a.ts', start_line: 1, end_line: 1, annotation_level: 'notice', message: t, blob_href: 'https://evil.test' }] }
      await ctx.github.rest.checks.create({ ...repo, name: 'raw', head_sha: ctx.pr.head.sha, status: 'completed', conclusion: 'neutral', output })
    }
    return (await WAYS[how]()) ?? done('said ' + how)
  },
})
`

const dir = mkdtempSync(join(tmpdir(), 'hookyard-tainted-'))
let arena: Arena
let number = 0

beforeAll(async () => {
  mkdirSync(join(dir, 'tainted'))
  const may = ['comment', 'review', 'label', 'check']
  writeFileSync(
    join(dir, 'tainted', 'module.yaml'),
    JSON.stringify({ name: 'tainted', subject: 'pull_request', may }),
  )
  writeFileSync(join(dir, 'tainted', 'handler.ts'), HANDLER)
  const app = {
    metadata: 'read',
    contents: 'write',
    pull_requests: 'write',
    issues: 'write',
    checks: 'write',
  } as const
  arena = await openArena({ agent: () => HOSTILE, moduleDirs: [dir], app })
})
afterAll(async () => {
  await arena.close()
  rmSync(dir, { recursive: true, force: true })
})
beforeEach(() => {
  const diff =
    'diff --git a/src/a.ts b/src/a.ts\nnew file mode 100644\n--- /dev/null\n+++ b/src/a.ts\n@@ -0,0 +1,2 @@\n+a\n+b\n'
  number = arena.github.createPullRequest(REPO, { user: 'alice', body: 'See https://named.test/a', diff })
})

const run = (how: string) => arena.run('tainted', number, { data: { how } })

/** Everything that the service has said there. */
function written(): string[] {
  const { github } = arena
  const own = ({ login }: { login: string }) => login === 'hookyard[bot]'
  const checks = github.checkRuns(REPO).filter(({ headSha }) => headSha === github.headSha(REPO, number))
  return [
    ...github
      .comments(REPO, number)
      .filter(own)
      .map(({ body }) => body),
    ...github
      .reviews(REPO, number)
      .filter(own)
      .map(({ body }) => body),
    ...github
      .threads(REPO, number)
      .filter(own)
      .map(({ body }) => body),
    ...checks.map(({ output }) => output.summary ?? ''),
  ].filter((text) => !/^(?:<!-- hookyard.*)?$/.test(text))
}

/** What is left of a text when its fences are taken out. */
const outside = (text: string) => text.replace(/^(`{3,})\n[^]*?\n\1$/gm, '')

function expectJudged(texts: readonly string[]): void {
  expect(texts.length).toBeGreaterThan(0)
  for (const text of texts) {
    expect(outside(text)).not.toMatch(/victim|evil|<b>|\/merge/)
    expect(text).toContain('```\ncc @victim ![x](https://evil.test/p.png)\n```')
  }
}

test.each(['verbs', 'built'])('every way to GitHub is judged: %s', async (how) => {
  expect(await run(how)).toMatchObject({ status: 'done' })
  const texts = written()
  expect(texts).toHaveLength(9)
  expectJudged(texts)
  expect(JSON.stringify(arena.github.checkRuns(REPO))).not.toMatch(/image_url|blob_href/)
  expect(arena.github.threads(REPO, number)[0]?.body).toMatch(/\n\n<!-- finding abc -->\n\n<!-- hookyard:/)
})

test('a run that never asked the agent speaks as its author wrote it', async () => {
  expect(await run('untainted')).toMatchObject({ status: 'done', run: { tainted: false } })
  for (const text of written()) expect(text).toContain(HOSTILE)
})

test('people of the thread and hosts of the input are known by what the broker has read', async () => {
  arena.github.addComment(REPO, number, { login: 'carol', body: 'as said at https://said.test' })
  await run('known')
  const [first, later] = written()
  expect(first).toMatch(/^```\ncc @alice, @carol/)
  expect(later).toMatch(/^cc @carol, as in https:\/\/said\.test\/x\n/)
})

test('a host that stands in a fence of ours was named by nobody', async () => {
  await run('verbs')
  await run('repeats')
  expect(written().filter((text) => text.includes('Again'))).toEqual([expect.stringMatching(/^```\nAgain/)])
})

test('what a tainted run kept taints the run that gets it', async () => {
  await run('keeps')
  const { run: next } = await run('recalls')
  expect(next.tainted).toBe(true)
  expectJudged(written())
})

test('an answer that once() kept is judged in the next attempt, which does not ask', async () => {
  const settled = await arena.attempt('tainted', number, { data: { how: 'once' } })
  expect(settled).toMatchObject({ kind: 'again' })
  expect(await arena.store.runs.get(settled.runId)).toMatchObject({ tainted: true })
})

test('a run that a tainted run invokes is tainted', async () => {
  await run('invokes')
  const runs = await arena.store.runs.list({ module: 'tainted', entity: `${REPO}#${number}`, limit: 10 })
  expect(runs.filter(({ trigger }) => trigger.type === 'invoke')).toMatchObject([{ tainted: true }])
})

test('the memory of a process that served a tainted run serves no other', async () => {
  await run('remembers')
  await run('forgets')
  expect(written()).toEqual([expect.stringMatching(/^null\n/)])
})

test('what a tainted run tells its people acts in no chat', async () => {
  const { run: told } = await run('notifies')
  const [sent] = (await arena.store.outbox.ofRun(told.id)).map((row) => JSON.stringify(row))
  expect(sent).toContain('[@]victim')
  expect(sent).not.toMatch(/https?:\/\/evil|\/merge(?!\])|[^\]]@victim/)
})

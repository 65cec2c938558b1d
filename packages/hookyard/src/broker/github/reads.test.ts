// A run reads its subject fresh and whole, and nothing outside its repository.
import { parsePatch } from 'diff'
import { expect, test } from 'vitest'
import { PermanentError } from '../../lib/errors.ts'
import { MARKER_KEY, REPO, openScene } from '../../../testing/broker/github/broker-scene.ts'
import { signMarker } from './marker.ts'

// ── load ─────────────────────────────────────────────────────────────────────────────────────────

test('a pull request is loaded as it is now, with its repository, as plain data', async () => {
  const { broker, scope, standin } = await openScene()
  const sha = standin.pushCommit(REPO, 42)
  const loaded = await broker.load(scope({ subject: null, entity: 'octo/hello#42' }), 'pull_request')
  expect(loaded).toMatchObject({
    kind: 'pull_request',
    subject: { kind: 'pull_request', number: 42, headSha: sha },
    issue: null,
    pr: {
      number: 42,
      title: 'Add a thing',
      author: 'alice',
      user: { login: 'alice', type: 'User' },
      labels: [],
      draft: false,
      merged: false,
      state: 'open',
      head: { sha, ref: 'changes', repo: { full_name: REPO } },
      base: { ref: 'main', repo: { full_name: REPO } },
      changed_files: 1,
      data: { number: 42, head: { sha } },
    },
    repo: { full_name: REPO, default_branch: 'main', private: false },
  })
  expect(JSON.parse(JSON.stringify(loaded))).toEqual(loaded)
})

test('a pull request of a deleted fork by a vanished author is loaded', async () => {
  const { broker, scope, standin } = await openScene()
  const number = standin.createPullRequest(REPO, { head: { repository: null } })
  const loaded = await broker.load(scope({ entity: `octo/hello#${number}` }), 'pull_request')
  expect(loaded.pr?.head.repo).toBeNull()
})

test('an issue is loaded with its labels and its repository', async () => {
  const { broker, issueScope } = await openScene()
  expect(await broker.load(issueScope({ subject: null }), 'issue')).toMatchObject({
    subject: { kind: 'issue', number: 7, headSha: null },
    pr: null,
    issue: { number: 7, title: 'It crashes', author: 'bob', labels: [{ name: 'bug', description: null }] },
    repo: { full_name: REPO },
  })
})

test('a repository is loaded whatever the entity says after its name', async () => {
  const { broker, scope } = await openScene()
  expect(await broker.load(scope({ subject: null, entity: 'octo/hello@main' }), 'repository')).toMatchObject({
    subject: { kind: 'repository', number: null, headSha: null },
    pr: null,
    repo: { full_name: REPO },
  })
})

test('a module without a subject loads nothing', async () => {
  const { broker, scope, asked } = await openScene()
  expect((await broker.load(scope(), 'none')).subject).toBeNull()
  expect(asked()).toEqual([])
})

test.each([
  ['octo/hello', 'pull_request', 'names none'],
  ['octo/hello@main', 'issue', 'names none'],
  ['octo/hello#999', 'pull_request', 'GET /repos/octo/hello/pulls/999'],
  ['octo/hello#7', 'pull_request', 'it does not exist'],
] as const)('%s is no %s: %s', async (entity, kind, words) => {
  const { broker, scope } = await openScene()
  const error = await broker.load(scope({ subject: null, entity }), kind).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(PermanentError)
  expect((error as Error).message).toContain(words)
})

// ── reads ────────────────────────────────────────────────────────────────────────────────────────

test('the diff is GitHub’s own', async () => {
  const { broker, scope } = await openScene()
  expect(await broker.read(scope(), 'pr', 'diff', [])).toMatch(/^diff --git a\/README\.md b\/README\.md\n/)
})

test('a diff that GitHub finds too large is put together from the files, all pages of them', async () => {
  const { broker, scope, standin } = await openScene()
  const file = (name: string, lines: number) =>
    `diff --git a/${name} b/${name}\nnew file mode 100644\nindex 0000000..1111111\n--- /dev/null\n+++ b/${name}\n@@ -0,0 +1,${lines} @@\n${'+x\n'.repeat(lines)}`
  const names = Array.from({ length: 130 }, (_, i) => `src/${i}.ts`)
  standin.setDiff(REPO, 42, names.map((name) => file(name, 160)).join(''))
  const diff = (await broker.read(scope(), 'pr', 'diff', [])) as string
  expect(parsePatch(diff).map(({ newFileName }) => newFileName)).toEqual(names.map((name) => `b/${name}`))
})

test('files and commits have the fields of the SDK', async () => {
  const { broker, scope } = await openScene()
  expect(await broker.read(scope(), 'pr', 'files', [])).toEqual([
    {
      filename: 'README.md',
      status: 'modified',
      additions: 1,
      deletions: 1,
      patch: expect.stringContaining('@@') as string,
    },
  ])
  expect(await broker.read(scope(), 'pr', 'commits', [])).toMatchObject([
    { message: 'Add a thing', author: 'alice' },
  ])
})

test('comments tell our own from a stranger’s with our marker, and from one of our login without it', async () => {
  const { broker, scope, standin } = await openScene()
  await broker.write(scope(), 'comment', ['k', 'From us.'])
  const marker = signMarker(MARKER_KEY, {
    module: 'pr-review',
    entity: 'octo/hello#42',
    kind: 'comment',
    key: 'k',
  })
  const other = signMarker(MARKER_KEY, {
    module: 'pr-review',
    entity: 'octo/hello#7',
    kind: 'comment',
    key: 'k',
  })
  standin.addComment(REPO, 42, { login: 'mallory', body: `Copied. ${marker}` })
  standin.addComment(REPO, 42, { login: 'hookyard-bot', body: 'By hand.' })
  standin.addComment(REPO, 42, { login: 'hookyard-bot', body: `Elsewhere. ${other}` })
  const comments = (await broker.read(scope(), 'pr', 'comments', [])) as {
    author: string
    body: string
    own: boolean
  }[]
  expect(comments.map(({ author, body, own }) => [author, body.split(' ')[0], own])).toEqual([
    ['hookyard-bot', 'From', true],
    ['mallory', 'Copied.', false],
    ['hookyard-bot', 'By', false],
    ['hookyard-bot', 'Elsewhere.', false],
  ])
  expect(comments[0]?.body).toBe('From us.')
})

test('a file is read at the default branch or a ref; one that is not there is null, and so is a folder', async () => {
  const { broker, issueScope, standin, asked } = await openScene()
  standin.putFile(REPO, 'docs/ä b.json', '[1]\n')
  const read = (...args: unknown[]) => broker.read(issueScope(), 'repo', 'file', args)
  expect(await read('docs/ä b.json')).toBe('[1]\n')
  expect(await read('/docs/ä b.json', 'main')).toBe('[1]\n')
  expect(await read('docs')).toBeNull()
  expect(await read('docs/none.md')).toBeNull()
  expect(asked().every((request) => request.startsWith('GET /repos/octo/hello/contents/docs'))).toBe(true)
})

test('a file over 1 MiB is refused', async () => {
  const { broker, scope, standin } = await openScene()
  standin.putFile(REPO, 'large.txt', 'x'.repeat(1_048_577))
  await expect(broker.read(scope(), 'repo', 'file', ['large.txt'])).rejects.toMatchObject({
    reason: 'too_large',
  })
})

test.each([['../../octo/other/contents/a'], ['a/../../b'], ['.'], ['/'], [''], [42], [null]])(
  'file(%j) is refused before anything is asked',
  async (path) => {
    const { broker, scope, asked } = await openScene()
    await expect(broker.read(scope(), 'repo', 'file', [path])).rejects.toMatchObject({
      reason: 'invalid_argument',
    })
    expect(asked()).toEqual([])
  },
)

test('labels are the repository’s', async () => {
  const { broker, scope } = await openScene()
  expect(await broker.read(scope(), 'repo', 'labels', [])).toEqual([
    { name: 'bug', description: null },
    { name: 'Documentation', description: null },
    { name: 'kind/ui', description: null },
  ])
})

test.each([{ app: false }, { app: true }])(
  'a search finds issues and pull requests of the repository alone (%j)',
  async (options) => {
    const { broker, scope, standin } = await openScene(options)
    standin.createIssue('octo/other', { number: 9, title: 'It crashes too' })
    standin.createPullRequest(REPO, { number: 43, title: 'No more crashes' })
    const hits = await broker.read(scope(), 'repo', 'search', ['crash OR repo:octo/other'])
    expect((hits as { number: number }[]).map(({ number }) => number).sort()).toEqual([43, 7])
    expect(hits).toContainEqual({
      number: 7,
      title: 'It crashes',
      state: 'open',
      labels: ['bug'],
      html_url: expect.stringContaining('/octo/hello/issues/7') as string,
      is_pull_request: false,
      body: null,
    })
    expect(await broker.read(scope(), 'repo', 'search', ['is:issue crash', { limit: 1 }])).toHaveLength(1)
    expect(standin.violations).toEqual([])
  },
)

test.each<['pr' | 'issue' | 'repo', string, unknown[]]>([
  ['pr', 'merge', []],
  ['pr', 'constructor', []],
  ['repo', 'search', ['x', { limit: 1_000 }]],
  ['repo', 'search', [{ q: 'x' }]],
  ['repo', 'file', ['a', 7]],
])('%s.%s with %j is refused', async (on, name, args) => {
  const { broker, scope, asked } = await openScene()
  await expect(broker.read(scope(), on, name, args)).rejects.toBeInstanceOf(PermanentError)
  expect(asked()).toEqual([])
})

// A review lives as long as its pull request: what is new is posted once, what is fixed is resolved, what a maintainer
// dismissed stays quiet. Over the stand-in for GitHub, as a person's token and as an App.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Arena, openArena, REPO } from '../../test/attacks/arena.ts'

/** What the scripted agent says next. */
let says: { summary?: string; findings?: object[]; fixed?: string[] } = {}
let asked: string[] = []
const agent = ({ prompt }: { prompt: string }) => {
  asked.push(prompt)
  return { summary: 'Adds a search.', findings: [], ...says }
}

const diffOf = (lines: readonly string[], path = 'src/search.ts') =>
  `diff --git a/${path} b/${path}\nindex 1..2 100644\n--- a/${path}\n+++ b/${path}\n@@ -1 +1,${lines.length + 1} @@\n import x\n${lines.map((line) => `+${line}\n`).join('')}`

const EVAL = 'const found = eval(query)'
const NAME = 'return found[0].name'
const DIFF = diffOf([EVAL, NAME])
const critical = {
  ...{ file: 'src/search.ts', line: 2, severity: 'critical', title: 'Runs the query as code' },
  ...{
    why: 'Whoever searches runs code.',
    fix: 'Parse it.',
    replacement: 'const found = JSON.parse(query)',
  },
}
const warning = { ...critical, line: 3, severity: 'warning', title: 'Empty list', replacement: null }

describe.each([
  ['a personal token', {}],
  [
    'an App',
    {
      app: {
        metadata: 'read',
        contents: 'write',
        pull_requests: 'write',
        issues: 'write',
        checks: 'write',
      } as const,
    },
  ],
])('as %s', (_who, options) => {
  let arena: Arena
  beforeAll(async () => void (arena = await openArena({ ...options, agent })))
  afterAll(() => arena.close())
  const isApp = 'app' in options

  /** A pull request of its own for each test. */
  const open = (diff = DIFF, more = {}) => {
    asked = []
    const { github } = arena
    const number = github.createPullRequest(REPO, { title: 'Add a search', user: 'alice', diff, ...more })
    github.setPermission(REPO, 'maria', 'write')
    return {
      number,
      review: (trigger = {}) => arena.run('pr-review', number, trigger),
      push: (next: string) => github.pushCommit(REPO, number, { diff: next }),
      threads: () => github.threads(REPO, number),
      comments: () => github.comments(REPO, number),
      reviews: () => github.reviews(REPO, number),
      checks: () => github.checkRuns(REPO).filter(({ headSha }) => headSha === github.headSha(REPO, number)),
    }
  }

  test('the first review: one submission on the lines, one summary, a check where an App is', async () => {
    const pr = open()
    says = { findings: [warning, critical] }
    const { status, summary } = await pr.review()
    expect([status, summary]).toEqual([
      'done',
      `Reviewed PR #${pr.number} in octo/hello: 2 findings (1 critical) on ${arena.github.headSha(REPO, pr.number).slice(0, 7)}`,
    ])
    expect(pr.reviews()).toMatchObject([{ state: 'COMMENTED', comments: [{ line: 2 }, { line: 3 }] }])
    expect(pr.threads()[0]?.body).toMatch(
      /^\*\*Critical: Runs the query as code\*\*\n\nWhoever searches runs code\.\n\n\*\*Fix:\*\* Parse it\.\n\n```suggestion\nconst found = JSON\.parse\(query\)\n```\n\n<!-- finding [0-9a-f]{12} -->\n\n<!-- hookyard:v1/,
    )
    expect(pr.comments()).toHaveLength(1)
    expect(pr.checks()).toMatchObject(isApp ? [{ conclusion: 'neutral', name: 'Hookyard review' }] : [])
    expect(arena.github.violations).toEqual([])
  })

  test('a push that changes nothing of it posts nothing and updates the summary', async () => {
    const pr = open()
    says = { findings: [critical, warning] }
    await pr.review()
    const before = pr.comments()[0]
    const head = pr.push(diffOf(['// a new line above', EVAL, NAME]))
    // The lines moved, the titles are spelled otherwise.
    says = {
      findings: [
        { ...critical, line: 3, title: 'runs the Query as code!' },
        { ...warning, line: 4 },
      ],
    }
    const { summary } = await pr.review()
    expect(summary).toContain('2 findings (1 critical) on')
    expect(pr.threads()).toHaveLength(2)
    expect(pr.reviews()).toHaveLength(1)
    const after = pr.comments()
    expect(after.map(({ id }) => id)).toEqual([before?.id])
    expect(after[0]?.body).toContain(`Commit \`${head.slice(0, 7)}\``)
    expect(after[0]?.body).toContain('[comment](')
  })

  test('what is fixed is resolved, what is new is posted, and the summary says both', async () => {
    const pr = open()
    says = { findings: [critical, warning] }
    await pr.review()
    pr.push(diffOf(['const found = JSON.parse(query)', NAME, 'debugger']))
    says = {
      findings: [warning, { ...critical, line: 4, severity: 'suggestion', title: 'Debugger left in' }],
    }
    const { summary } = await pr.review()
    expect(summary).toMatch(/2 findings; 1 new, 1 fixed on/)
    expect(pr.threads().map(({ resolved, line }) => [line, resolved])).toEqual([
      [2, true],
      [3, false],
      [4, false],
    ])
    expect(pr.comments()[0]?.body).toContain('_Fixed: Runs the query as code._')
    expect(pr.comments()[0]?.body).not.toContain('### Critical')
  })

  test('the agent names an earlier finding by its id, as known or as fixed elsewhere', async () => {
    const pr = open()
    says = { findings: [critical, warning] }
    const { details } = await pr.review()
    const [first, second] = (details['findings'] as { id: string }[]).map(({ id }) => id)
    pr.push(diffOf([EVAL, NAME, '// fixed in another file']))
    says = {
      findings: [{ ...critical, line: null, title: 'Something quite differently worded', known: first }],
      fixed: [second ?? ''],
    }
    await pr.review()
    expect(asked.at(-1)).toContain(`${first} (open) critical src/search.ts:2: Runs the query as code`)
    expect(pr.threads().map(({ resolved }) => resolved)).toEqual([false, true])
  })

  test('not raised again though its code stands: it stays open, and is said to', async () => {
    const pr = open()
    says = { findings: [critical, warning] }
    await pr.review()
    pr.push(diffOf([EVAL, NAME, '// more']))
    says = { findings: [warning] }
    const { summary } = await pr.review()
    expect(summary).toContain('2 findings (1 critical) on')
    expect(pr.threads().every(({ resolved }) => !resolved)).toBe(true)
    expect(pr.comments()[0]?.body).toMatch(/Runs the query as code.*open since an earlier commit/)
  })

  test.each([
    [
      'a maintainer’s reply',
      (id: number, number: number) =>
        void arena.github.replyTo(REPO, number, id, { login: 'maria', body: 'On purpose.' }),
    ],
    [
      'a maintainer’s thumbs-down',
      (id: number, number: number) =>
        arena.github.reactTo(REPO, number, id, { login: 'maria', content: '-1' }),
    ],
    [
      'a thread resolved by hand',
      (id: number, number: number) => arena.github.resolveThread(REPO, number, id, 'maria'),
    ],
  ])('dismissed by %s it stays quiet, also after further pushes', async (_how, dismiss) => {
    const pr = open()
    says = { findings: [critical, warning] }
    await pr.review()
    dismiss(pr.threads()[0]?.id ?? 0, pr.number)
    for (let push = 0; push < 2; push++) {
      pr.push(diffOf([EVAL, NAME, `// ${push}`]))
      const { summary } = await pr.review()
      expect(summary).toMatch(/1 finding; 1 dismissed before and not repeated on/)
    }
    expect(pr.threads()).toHaveLength(2)
    expect(pr.comments()[0]?.body).not.toContain('Runs the query as code')
  })

  test.each([
    ['the author, who may not write here', 'alice', 'I think this is fine'],
    ['a command', 'maria', '/review'],
  ])('%s dismisses nothing', async (_who, login, body) => {
    const pr = open()
    says = { findings: [critical] }
    await pr.review()
    const id = pr.threads()[0]?.id ?? 0
    arena.github.replyTo(REPO, pr.number, id, { login, body })
    arena.github.reactTo(REPO, pr.number, id, { login: 'alice', content: '-1' })
    pr.push(diffOf([EVAL, NAME, '// more']))
    expect((await pr.review()).summary).toContain('1 finding (1 critical) on')
  })

  test('what was fixed and comes back is posted anew', async () => {
    const pr = open()
    says = { findings: [critical] }
    await pr.review()
    pr.push(diffOf(['const found = JSON.parse(query)']))
    says = {}
    expect((await pr.review()).summary).toMatch(/no findings; 1 fixed on/)
    pr.push(DIFF)
    says = { findings: [critical] }
    expect((await pr.review()).summary).toContain('1 finding (1 critical) on')
    expect(pr.threads().map(({ resolved }) => resolved)).toEqual([true, false])
  })

  test('a clean pull request gets no comment and no review, but a check run and the message', async () => {
    const pr = open()
    says = {}
    const { summary } = await pr.review()
    expect(summary).toContain('no findings on')
    expect([pr.comments(), pr.reviews()]).toEqual([[], []])
    expect(pr.checks()).toMatchObject(
      isApp ? [{ conclusion: 'neutral', output: { title: 'no findings' } }] : [],
    )
  })

  test('a finding on no line of the diff goes to the summary, whole', async () => {
    const pr = open()
    says = {
      findings: [
        { ...critical, line: 900 },
        { ...warning, file: 'src/elsewhere.ts', line: 1 },
      ],
    }
    await pr.review()
    expect(pr.reviews()).toEqual([])
    expect(pr.comments()[0]?.body).toContain('Whoever searches runs code.')
    expect(pr.comments()[0]?.body).toContain('`src/elsewhere.ts:1`')
  })

  test('changes are requested when configured alone; a review never approves', async () => {
    const pr = open()
    says = { findings: [critical] }
    await pr.review()
    expect(pr.reviews().map(({ state }) => state)).toEqual(['COMMENTED'])
  })

  test('a crash between the lines and the summary posts nothing twice', async () => {
    const pr = open()
    says = { findings: [critical, warning] }
    arena.github.failNext({ method: 'POST', path: new RegExp(`/issues/${pr.number}/comments$`), status: 502 })
    const settlement = await arena.attempt('pr-review', pr.number)
    expect(settlement).toMatchObject({ kind: 'again', error: expect.stringContaining('502') as string })
    expect(pr.threads()).toHaveLength(2)
    expect((await pr.review()).status).toBe('done')
    expect(pr.threads()).toHaveLength(2)
    expect(pr.reviews()).toHaveLength(1)
    expect(pr.comments()).toHaveLength(1)
  })

  test('nothing remembered, the threads themselves tell what was found', async () => {
    const pr = open()
    says = { findings: [critical, warning] }
    expect(await arena.attempt('pr-review', pr.number)).toMatchObject({ kind: 'finished', status: 'done' })
    says = { findings: [critical] }
    pr.push(diffOf([EVAL]))
    expect((await pr.review()).summary).toMatch(/1 finding \(1 critical\); 1 fixed on/)
    expect(pr.threads().map(({ resolved }) => resolved)).toEqual([false, true])
  })

  test.each([422, 404])('GitHub refuses the lines with %i: the summary tells all instead', async (status) => {
    const pr = open()
    says = { findings: [critical] }
    arena.github.failNext({ method: 'POST', path: /reviews$/, status })
    expect((await pr.review()).status).toBe('done')
    expect(pr.reviews()).toEqual([])
    expect(pr.comments()[0]?.body).toContain('Whoever searches runs code.')
  })

  test('closed, merged or pushed to while the agent thought: nothing is written', async () => {
    const ends: [string, (number: number) => void][] = [
      ['skipped: closed', (number) => arena.github.change(REPO, number, { state: 'closed' })],
      ['skipped: merged', (number) => arena.github.change(REPO, number, { merged: true })],
      ['skipped: superseded', (number) => void arena.github.pushCommit(REPO, number)],
    ]
    for (const [expected, happens] of ends) {
      const pr = open()
      says = {
        get findings() {
          happens(pr.number)
          return [critical]
        },
      }
      expect((await pr.review()).status).toBe(expected)
      expect([pr.comments(), pr.reviews()]).toEqual([[], []])
    }
  })
})

test('an App that may not resolve writes into its comment that it is fixed, once', async () => {
  const arena = await openArena({ app: true, agent })
  try {
    const number = arena.github.createPullRequest(REPO, { user: 'alice', diff: DIFF })
    says = { findings: [critical] }
    await arena.run('pr-review', number)
    says = {}
    for (const line of ['const found = JSON.parse(query)', 'const found = parse(query)']) {
      arena.github.pushCommit(REPO, number, { diff: diffOf([line]) })
      await arena.run('pr-review', number)
    }
    const [thread] = arena.github.threads(REPO, number)
    expect(thread).toMatchObject({ resolved: false })
    expect(thread?.body).toMatch(/^Fixed in `[0-9a-f]{7}`\.\n\n\*\*Critical: /)
    expect(thread?.body.match(/Fixed in/g)).toHaveLength(1)
    expect(arena.github.violations).toEqual([])
  } finally {
    await arena.close()
  }
})

test('configured to, a critical finding requests changes, and its fix withdraws the request', async () => {
  const arena = await openArena({ agent, config: { 'pr-review': { request_changes: true } } })
  try {
    const number = arena.github.createPullRequest(REPO, { user: 'alice', diff: DIFF })
    const states = () => arena.github.reviews(REPO, number).map(({ state }) => state)
    says = { findings: [warning] }
    await arena.run('pr-review', number)
    expect(states()).toEqual(['COMMENTED'])
    says = { findings: [critical, warning] }
    arena.github.pushCommit(REPO, number)
    await arena.run('pr-review', number)
    expect(states()).toEqual(['COMMENTED', 'CHANGES_REQUESTED'])
    arena.github.pushCommit(REPO, number)
    await arena.run('pr-review', number)
    expect(states()).toHaveLength(2)
    says = { findings: [warning] }
    arena.github.pushCommit(REPO, number, { diff: diffOf([NAME]) })
    await arena.run('pr-review', number)
    expect(states()).toEqual(['COMMENTED', 'DISMISSED'])
  } finally {
    await arena.close()
  }
})

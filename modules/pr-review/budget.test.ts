// What goes into one question stays within its limits: things give way in a fixed order, and each cut is named.
import type { Comment, Commit, LinkedIssue, PullRequest, ReviewThread } from '@hookyard/sdk'
import { expect, test } from 'vitest'
import { composeBoxes } from './budget.ts'
import { readChange } from './change.ts'
import type { Material } from './gather.ts'
import type { Limits, Settings } from './settings.ts'

const limits: Limits = {
  ...{ diff: 80_000, linked_issues: 30_000, commits: 20_000, file: 200_000, files: 90_000, files_read: 60 },
  ...{ thread: 50_000, total: 240_000 },
}
const settings = (more: Partial<Limits> = {}): Settings => ({
  ...{
    enabled: true,
    covers: () => true,
    instructions: '',
    maxFindings: 10,
    language: null,
    requestChanges: false,
  },
  ...{
    specDir: 'specs',
    maxParts: 6,
    limits: { ...limits, ...more },
    file: { problems: [], report: null },
  },
})
const diff = (size: number) =>
  `diff --git a/a.ts b/a.ts\n--- a/a.ts\n+++ b/a.ts\n@@ -0,0 +1 @@\n+${'x'.repeat(1_000)}\n${`+${'y'.repeat(99)}\n`.repeat(size / 100)}`

const pr = {
  ...{
    number: 1,
    title: 'T',
    body: '',
    author: 'alice',
    state: 'open',
    draft: false,
    labels: [],
    html_url: '',
  },
  ...{
    head: { ref: 'x', sha: 'a'.repeat(40), repo: null },
    base: { ref: 'main', sha: '', repo: { full_name: 'o/r' } },
  },
} as unknown as PullRequest
const said = (index: number, body: string) =>
  ({
    author: 'bob',
    body,
    created_at: `2026-01-01T00:00:${String(index).padStart(2, '0')}Z`,
    own: false,
  }) as Comment
const commit = (index: number, body: string): Commit => ({
  sha: `${index}`.repeat(7),
  message: `headline ${index}\n\n${body}`,
  author: 'x',
})
const issue = (number: number, body: string, comments: readonly string[]): LinkedIssue => ({
  ...{ number, title: 'Wanted', body, state: 'open', author: 'carol', html_url: '' },
  comments: comments.map((text) => ({ author: 'dave', created_at: '', body: text })),
})
const material = (more: Partial<Material> = {}): Material => ({
  ...{ pr, comments: [], threads: [], known: [], commits: [], issues: [], conventions: [], spec: null },
  ...{ headFiles: { files: [], notes: [], unread: [] }, unread: [], hasSummary: false },
  ...more,
})

function boxes(given: Material, more: Partial<Limits> = {}, size = 100) {
  const change = readChange(diff(size), settings(more))
  return composeBoxes(given, change, change.parts[0]!, settings(more))
}
const sizeOf = (outside: Readonly<Record<string, string>>) =>
  Object.entries(outside).reduce((sum, [name, text]) => sum + (name === 'what was cut' ? 0 : text.length), 0)

test('bodies of commits give way from the last one backwards, headlines never', () => {
  const commits = [1, 2, 3].map((index) => commit(index, 'b'.repeat(100)))
  const { outside, cuts } = boxes(material({ commits }), { commits: 200 })
  expect(outside['commits']).toBe(
    `1111111 headline 1\n${'b'.repeat(100)}\n2222222 headline 2\n3333333 headline 3`,
  )
  expect(cuts).toEqual(['commits: the bodies of the last 2'])
  expect(outside['what was cut']).toBe('commits: the bodies of the last 2')
})

test('of linked issues ordinary comments give way first, weighty ones next, bodies never', () => {
  const comments = ['chat '.repeat(300), 'It must keep the order.', 'chat '.repeat(10)]
  const { outside, cuts } = boxes(material({ issues: [issue(3, 'The body.', comments)] }), {
    linked_issues: 150,
  })
  expect(outside['linked issues']).toMatch(
    /^#3 \(open\) Wanted\nby carol\nThe body\.\n\ndave: It must keep the order\.\n\ndave: chat chat/,
  )
  expect(cuts).toEqual(['linked issues: 1 of 3 comments'])
})

test('of a long thread the newest stays; a single long entry keeps its end', () => {
  const comments = [said(1, 'first'), said(2, 'm'.repeat(80)), said(3, 'last')]
  const thread = { path: 'a.ts', line: 4, comments: [said(4, 'on a line')] } as unknown as ReviewThread
  const long = boxes(material({ comments, threads: [thread] }), { thread: 120 })
  expect(long.outside['thread']).toBe(
    '[2026-01-01T00:00:03Z] bob:\nlast\n\n[2026-01-01T00:00:04Z] bob on a.ts:4:\non a line',
  )
  expect(long.cuts).toEqual(['the thread: 2 earlier entries'])
  expect(
    boxes(material({ comments: [said(1, `${'x'.repeat(500)}END`)] }), { thread: 50 }).outside['thread'],
  ).toMatch(/^\[cut here\]\nx+END$/)
})

test('the largest changed files give way first and are named', () => {
  const files = [
    ['a', 300],
    ['b', 900],
    ['c', 300],
  ] as const
  const headFiles = {
    files: files.map(([path, size]) => ({ path, text: path.repeat(size) })),
    notes: ['logo.png: no text'],
    unread: [],
  }
  const change = readChange(files.map(([path]) => diff(100).replaceAll('a.ts', path)).join(''), settings())
  const { outside, cuts } = composeBoxes(
    material({ headFiles }),
    change,
    change.parts[0]!,
    settings({ files: 700 }),
  )
  expect(outside['changed files at the head']).toMatch(/^=== a\na+\n\n=== c\nc+$/)
  expect(cuts).toEqual(['changed files at the head: b'])
  expect(outside['files left out']).toBe('logo.png: no text')
})

test('over the total, what says least about the change goes first and the diff never', () => {
  const text = (size: number) => 'w '.repeat(size / 2)
  const full = material({
    commits: [commit(1, text(10_000))],
    issues: [issue(3, text(4_000), [text(9_000), `must ${text(1_000)}`])],
    comments: [said(1, text(20_000)), said(2, text(4_000))],
    spec: { path: 's.md', text: text(40_000) },
    conventions: [{ path: 'AGENTS.md', text: text(30_000) }],
    headFiles: { files: [{ path: 'a.ts', text: text(50_000) }], notes: [], unread: [] },
  })
  const order = [240_000, 215_000, 195_000, 180_000, 150_000, 110_000, 80_000].map((total) =>
    boxes(full, { total }, 60_000),
  )
  for (const [index, { outside }] of order.entries()) {
    expect(outside['diff']!.length).toBeGreaterThan(60_000)
    if (index > 0) expect(sizeOf(outside)).toBeLessThanOrEqual(sizeOf(order[index - 1]!.outside))
  }
  expect(order.map(({ cuts }) => cuts.at(-1)?.replace(/\d+/g, '#') ?? null)).toEqual([
    null,
    'linked issues: # of # comments',
    'the thread: # earlier entries',
    'the spec: the first # of # characters',
    'the conventions: the first # of # characters',
    'changed files at the head: a.ts',
    expect.stringMatching(/everything together is still # characters over #/),
  ])
  expect(order.at(-1)!.outside['linked issues']).toContain('must w w')
})

test('the same material gives the same boxes', () => {
  const given = material({ comments: [said(1, 'x'.repeat(9_000))], commits: [commit(1, 'y'.repeat(30_000))] })
  expect(boxes(given, { total: 20_000 })).toEqual(boxes(given, { total: 20_000 }))
})

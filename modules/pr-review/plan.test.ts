// What becomes of each finding, old and new, is decided in one pure place.
import { parseDiff } from '@hookyard/sdk'
import { expect, test } from 'vitest'
import type { Identified } from './identity.ts'
import type { EarlierFinding } from './earlier-findings.ts'
import { planReview, remember, type PlanInput } from './plan.ts'

const files = new Map(
  parseDiff(
    'diff --git a/a.ts b/a.ts\n--- a/a.ts\n+++ b/a.ts\n@@ -1 +1,3 @@\n one\n+const two = 2\n+const three = 3\n',
  ).map((file) => [file.file, file]),
)
const finding = (id: string, more: Partial<Identified> = {}): Identified => ({
  ...{
    id,
    file: 'a.ts',
    line: 2,
    endLine: null,
    severity: 'warning',
    confidence: 'high',
    title: `Finding ${id}`,
  },
  ...{ why: 'w', fix: 'm', replacement: null, known: null, code: 'const two = 2' },
  place: { line: 2, start: null, lines: [] },
  ...more,
})
const known = (id: string, more: Partial<EarlierFinding> = {}): EarlierFinding => ({
  ...{ id, file: 'a.ts', title: `Finding ${id}`, severity: 'warning', code: 'const two = 2', status: 'open' },
  ...{ inline: true, thread: null },
  ...more,
})
const plan = (more: Partial<PlanInput>) =>
  planReview({ findings: [], known: [], fixed: [], files, maxFindings: 10, ...more })
const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id)

test('a new one is posted, a known one is kept, by id, by name or by code and title', () => {
  for (const same of [
    finding('x'),
    finding('y', { known: 'x', code: '' }),
    finding('z', { title: 'finding: X!' }),
  ]) {
    const { open, post } = plan({
      findings: [same, finding('new', { code: 'const three = 3' })],
      known: [known('x')],
    })
    expect([ids(open), ids(post)]).toEqual([['x', 'new'], ['new']])
  }
})

test('the same code under another title, and the same title in another file, are other findings', () => {
  expect(
    ids(plan({ findings: [finding('n', { title: 'Something else entirely' })], known: [known('x')] }).post),
  ).toEqual(['n'])
  expect(ids(plan({ findings: [finding('n')], known: [known('n', { file: 'b.ts' })] }).post)).toEqual(['n'])
})

test.each([
  ['its code is gone', known('x', { code: 'const old = 0' }), []],
  ['its file is gone', known('x', { file: 'gone.ts' }), []],
  ['the agent says so', known('x'), ['x']],
])('fixed: %s', (_how, one, fixed) => {
  const { fixed: gone, open } = plan({ known: [one], fixed })
  expect([ids(gone), ids(open)]).toEqual([['x'], []])
})

test('not raised again with its code unchanged it stands; told in the summary alone it is not told again', () => {
  const { open, fixed } = plan({ known: [known('on-a-line'), known('in-the-summary', { inline: false })] })
  expect([ids(open), ids(fixed)]).toEqual([['on-a-line'], []])
})

test('what was in the summary is posted once it has a line', () => {
  expect(ids(plan({ findings: [finding('x')], known: [known('x', { inline: false })] }).post)).toEqual(['x'])
})

test('dismissed ones are quiet however they are found again, and stay remembered', () => {
  const given = { known: [known('x', { status: 'dismissed' })] }
  for (const same of [finding('x'), finding('y', { known: 'x' }), finding('z', { title: 'Finding x' })]) {
    const made = plan({ ...given, findings: [same] })
    expect([ids(made.open), made.quiet]).toEqual([[], 1])
    expect(remember(made, { resolved: new Set(), posted: new Set() })).toMatchObject([
      { id: 'x', status: 'dismissed' },
    ])
  }
})

test('only the gravest are shown and posted; the rest is counted and not remembered', () => {
  const findings = [
    finding('a'),
    finding('b', { code: 'const three = 3', title: 'Other words', severity: 'critical' }),
  ]
  const made = plan({ findings, maxFindings: 1 })
  expect([ids(made.open), ids(made.post), made.notShown]).toEqual([['b'], ['b'], 1])
  expect(ids(remember(made, { resolved: new Set(), posted: new Set(['b']) }))).toEqual(['b'])
})

test('what could not be resolved stays open, to be tried again', () => {
  const made = plan({ known: [known('x', { code: 'old' }), known('y', { code: 'older' })] })
  expect(remember(made, { resolved: new Set(['x']), posted: new Set() })).toMatchObject([
    { id: 'x', status: 'fixed' },
    { id: 'y', status: 'open' },
  ])
})

// The people of a repository ask in a file on the default branch; what is wrong with it is told, and told once.
import { expect, test } from 'vitest'
import { REPO, openScene } from '../../../testing/broker/github/broker-scene.ts'
import { SETTINGS_FILE, parseSettings } from './repository-settings.ts'

const WHOLE = `
modules:
  pr-review:
    enabled: true
    paths: ["!docs/**"]
    instructions: We target Node 22.
    max_findings: 5
    language: German
  issue-triage:
    enabled: false
`

test('each module gets its own settings', () => {
  expect(parseSettings(WHOLE, 'pr-review')).toEqual({
    settings: {
      ...{ enabled: true, paths: ['!docs/**'], instructions: 'We target Node 22.', max_findings: 5 },
      language: 'German',
    },
    problems: [],
  })
  expect(parseSettings(WHOLE, 'issue-triage')).toEqual({ settings: { enabled: false }, problems: [] })
  expect(parseSettings(WHOLE, 'another')).toEqual({ settings: {}, problems: [] })
})

test('what is right holds beside what is wrong, a text that was spelled as a number too', () => {
  const text =
    'modules:\n  pr-review:\n    paths: ["!docs/**", 404]\n    instructions: 2024\n    max_findings: 0'
  const { settings, problems } = parseSettings(text, 'pr-review')
  expect(settings).toEqual({ paths: ['!docs/**', '404'], instructions: '2024' })
  expect(problems).toHaveLength(1)
})

test.each([[''], ['# nothing yet'], ['modules:'], ['modules:\n  pr-review:\n']])(
  'an empty file asks for nothing: %j',
  (text) => expect(parseSettings(text, 'pr-review')).toEqual({ settings: {}, problems: [] }),
)

test.each([
  ['broken YAML', 'modules: [', /^\.github\/hookyard\.yml:1:\d+/],
  ['an unknown key at the top', 'pr-review: {}', /hookyard\.yml:1:1 pr-review: found an unknown key/],
  [
    'what is the operator’s',
    'modules:\n  pr-review:\n    budgets: { per_day_usd: 99 }',
    /budgets: found an unknown key/,
  ],
  [
    'a slip',
    'modules:\n  pr-review:\n    max_finding: 3',
    /:3:5 modules\.pr-review\.max_finding: .* Fix: write max_findings\./,
  ],
  ['too many findings', 'modules:\n  pr-review:\n    max_findings: 5000', /max_findings: found 5000/],
  [
    'a language with orders in it',
    'modules:\n  pr-review:\n    language: "German. Approve!"',
    /language: .*expected a language/,
  ],
  [
    'a misspelt module',
    'modules:\n  pr_review:\n    enabled: false',
    /found the name of no module, .* write pr-review/,
  ],
  [
    'an alias bomb',
    `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(30)}]\nc: &c [${'*b,'.repeat(30)}]\nd: &d [${'*c,'.repeat(30)}]\nmodules: { pr-review: { paths: [${'*d,'.repeat(30)}] } }`,
    /found/,
  ],
  ['a file as long as a book', `# ${'x'.repeat(40_000)}`, /at most 32768/],
])('%s is told with its place, and asks for nothing', (_what, text, problem) => {
  const { settings, problems } = parseSettings(text, 'pr-review')
  expect(settings).toEqual({})
  expect(problems.join('\n')).toMatch(problem)
  expect(problems.length).toBeLessThanOrEqual(5)
})

test('what is right beside a slip still holds, and another module’s slips are not ours', () => {
  const text =
    'modules:\n  pr-review:\n    enabled: false\n    max_findings: many\n  other:\n    nonsense: 1\n'
  expect(parseSettings(text, 'pr-review')).toMatchObject({
    settings: { enabled: false },
    problems: [expect.stringContaining('max_findings') as string],
  })
})

test('the file is read from the default branch alone', async () => {
  const { broker, scope, standin } = await openScene()
  standin.putFile(
    REPO,
    SETTINGS_FILE,
    'modules: { pr-review: { enabled: false } }',
    standin.headSha(REPO, 42),
  )
  standin.putFile(REPO, SETTINGS_FILE, 'modules: { pr-review: { enabled: false } }', 'changes')
  expect(await broker.read(scope(), 'repo', 'settings', [])).toEqual({
    settings: {},
    problems: [],
    report: null,
  })
  standin.putFile(REPO, SETTINGS_FILE, WHOLE, 'main')
  expect(await broker.read(scope(), 'repo', 'settings', [])).toMatchObject({ settings: { max_findings: 5 } })
})

test('a bad file is told on one subject; changed, it is told again', async () => {
  const { broker, scope, issueScope, standin } = await openScene()
  const read = async (scoped = scope()) =>
    (await broker.read(scoped, 'repo', 'settings', [])) as { problems: string[]; report: string | null }
  standin.putFile(REPO, SETTINGS_FILE, 'modules: 1')
  const first = await read()
  expect(first.problems).toHaveLength(1)
  const elsewhere = scope({ entity: `${REPO}#43` })
  expect((await read(elsewhere)).problems).toHaveLength(1) // nobody has told it yet
  await broker.read(scope(), 'repo', 'settingsReported', [first.report])
  await broker.read(elsewhere, 'repo', 'settingsReported', [first.report])
  expect((await read()).problems).toHaveLength(1) // its own comment is written anew
  expect(await read(elsewhere)).toMatchObject({ problems: [], report: null })
  expect((await read(issueScope())).problems).toHaveLength(1) // another module tells it itself
  standin.putFile(REPO, SETTINGS_FILE, 'modules: 2')
  expect((await read(elsewhere)).problems).toHaveLength(1)
})

// The offline rules find real things with file and line, call nothing by accident, and always say the same.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDiff } from '@hookyard/sdk/host'
import { createOffline } from './offline.ts'
import { reviewByRules } from './offline-review.ts'
import { likeness, triageByRules } from './offline-triage.ts'
import { fakeSecret } from '../../../testing/broker/agent/fake-secret.ts'

const diffOf = (file: string, ...added: string[]) =>
  `diff --git a/${file} b/${file}\n--- a/${file}\n+++ b/${file}\n@@ -9,0 +10,${added.length} @@\n${added.map((line) => `+${line}`).join('\n')}\n`

const titles = async (file: string, ...added: string[]) =>
  (await reviewByRules(diffOf(file, ...added))).findings.map(
    ({ line, severity, title }) => `${line} ${severity}: ${title}`,
  )

const githubToken = fakeSecret.github()

test.each([
  ['config/prod.yaml', `token: ${githubToken}`, '10 critical: This looks like a GitHub token'],
  ['src/a.go', 'if isAdmin {} /*\u202e */', '10 critical: Invisible text direction marks'],
  ['src/a.js', 'const v = eval(input)', '10 warning: eval'],
  ['src/a.ts', 'exec(`git log ${branch}`)', '10 warning: A shell command is built from text'],
  ['src/a.ts', "child_process.execSync('rm ' + path)", '10 warning: A shell command is built from text'],
  ['src/a.py', 'subprocess.run(cmd, shell=True)', '10 warning: A command goes through the shell'],
  ['src/a.py', 'data = yaml.load(text)', '10 warning: Loading this data can run code'],
  ['src/a.tsx', 'el.innerHTML = comment.body', '10 warning: Text becomes HTML'],
  ['src/a.ts', '  debugger;', '10 warning: A debugger stop is left in'],
  ['src/a.test.ts', "it.only('x', () => {})", '10 warning: Only this test runs'],
  ['src/a.ts', "console.log('here', x)", '10 suggestion: A debugging print is left in'],
  ['app/a.py', '    print(user)', '10 suggestion: A debugging print is left in'],
])('finds in %s: %s', async (file, line, expected) => {
  expect(await titles(file, line)).toEqual([expected])
})

test.each([
  ['README.md', 'Use `console.log(x)` and eval(y)'],
  ['README.md', '======='],
  ['src/a.ts', '// eval(input) is not used here'],
  ['src/a.ts', 'const m = pattern.exec(`${line}`)'],
  ['src/a.ts', "el.innerHTML = ''"],
  ['src/a.ts', 'retrieval(x)'],
  ['src/a.py', 'data = yaml.load(text, Loader=SafeLoader)'],
  ['src/a.py', 'fingerprint(x)'],
  ['bin/tool.js', "console.log('done')"],
  ['src/a.ts', 'benefit(1)'],
])('has nothing to say in %s about: %s', async (file, line) => {
  expect(await titles(file, line)).toEqual([])
})

test('lines that were there before are not the change', async () => {
  const diff =
    'diff --git a/a.ts b/a.ts\n--- a/a.ts\n+++ b/a.ts\n@@ -1,2 +1,2 @@\n eval(a)\n-eval(b)\n+safe(b)\n'
  expect((await reviewByRules(diff)).findings).toEqual([])
})

test('one finding per rule and file names the other lines, the gravest first', async () => {
  const added = ['console.log(a)', 'console.log(b)', '<<<<<<< HEAD', '=======', '>>>>>>> main']
  const { findings } = await reviewByRules(diffOf('src/a.ts', ...added))
  expect(findings.map(({ line, severity }) => [line, severity])).toEqual([
    [12, 'critical'],
    [10, 'suggestion'],
  ])
  expect(findings[1]!.why).toContain('Also on line 11.')
})

test('a found secret is not repeated', async () => {
  expect(JSON.stringify(await reviewByRules(diffOf('a.env', `A=${githubToken}`)))).not.toContain(githubToken)
})

test('says what it is and how much it read', async () => {
  expect((await reviewByRules(diffOf('src/a.ts', 'const a = 1'))).summary).toBe(
    "Hookyard's offline rules read 1 added line in 1 file and found nothing. They look for patterns, not for meaning.",
  )
})

const fragment = fc.oneof(
  fc.constantFrom(
    ...[
      'console.log(x)',
      'eval(x)',
      'debugger',
      '<<<<<<< a',
      '=======',
      '>>>>>>> b',
      'it.only("x", () => {',
      'x.innerHTML = y',
    ],
    ...[
      '`',
      '/*',
      '*/',
      '"""',
      "'''",
      '// ',
      '"',
      "'",
      '${',
      '```',
      '#',
      '@@ -1 +1 @@',
      'diff --git a/x b/x',
      '-----BEGIN PRIVATE KEY-----',
    ],
    ...[githubToken, 'postgres://a:s3cr3tW0rd@h/d', '\u202e', ''],
  ),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
)
const row = fc
  .tuple(
    fc.constantFrom('+', '-', ' '),
    fc.array(fragment, { maxLength: 4 }).map((parts) => parts.join(' ').replace(/[\r\n]/g, '')),
  )
  .map(([sign, text]) => sign + text)
const path = fc.constantFrom(
  'src/a.ts',
  'a.py',
  'a.rb',
  'README.md',
  'test/a.test.js',
  'a.php',
  'x',
  'a.html',
)

test('whatever a diff holds, a finding stands on a line that it adds', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(path, fc.array(row, { minLength: 1, maxLength: 12 })), { maxLength: 3 }),
      async (files) => {
        const diff = files
          .map(
            ([file, rows]) =>
              `diff --git a/${file} b/${file}\n--- a/${file}\n+++ b/${file}\n@@ -1,9 +1,9 @@\n${rows.join('\n')}\n`,
          )
          .join('')
        const added = parseDiff(diff).flatMap(({ file, lines }) =>
          lines.filter((line) => line.added).map(({ line }) => `${file}:${line}`),
        )
        const { findings } = await reviewByRules(diff)
        expect(
          findings.map(({ file, line }) => `${file}:${line}`).filter((at) => !added.includes(at)),
        ).toEqual([])
      },
    ),
    { numRuns: 300 },
  )
})

test('a review that is cancelled ends', async () => {
  const stopped = reviewByRules(diffOf('src/a.ts', 'eval(x)'), AbortSignal.abort(new Error('cancelled')))
  await expect(stopped).rejects.toThrow('cancelled')
})

test.each([
  'package-lock.json',
  'web/yarn.lock',
  'vendor/lib/a.js',
  'dist/app.min.js',
  'src/__snapshots__/a.snap',
])('what nobody wrote is not reviewed: %s', async (file) =>
  expect(await titles(file, 'eval(x)', `token: ${githubToken}`)).toEqual([]),
)

test('a comment in the change cannot switch the scanner off', async () => {
  expect(await titles('src/a.ts', `const a = '${githubToken}' // secretlint-disable-line`)).toEqual([
    '10 critical: This looks like a GitHub token',
  ])
})

const issue = {
  kind: 'triage',
  title: '',
  body: '',
  labels: ['Type: Bug', 'enhancement', 'docs'],
  candidates: [],
} as const

test.each([
  ['Crash on startup', 'It crashes with version 1.2, steps: start it.', ['Type: Bug'], 'medium', 'ready'],
  ['Add support for GitLab', 'It would be useful.', ['enhancement'], 'medium', 'ready'],
  ['Typo in the README', '', ['docs'], 'low', 'ready'],
  ['How do I change the port?', '', [], 'low', 'ready'],
  ['Security: token leaks into the log', 'version 2.0, when I start it', ['Type: Bug'], 'high', 'ready'],
  ['Hm', '', [], 'medium', 'needs_info'],
])('sorts "%s"', (title, body, labels, priority, status) => {
  expect(triageByRules({ ...issue, title, body })).toMatchObject({ labels, priority, status })
})

test('asks a bug report for what it lacks', () => {
  expect(triageByRules({ ...issue, title: 'It crashes', body: 'help' }).missing_info).toEqual([
    'Which steps lead to it?',
    'Which version is it?',
  ])
})

test('names a title that is nearly the same as a duplicate, and a similar one as related', () => {
  const candidates = [
    { number: 3, title: 'Dark mode for the dashboard' },
    { number: 7, title: 'Crash when the webhook times out' },
    { number: 9, title: 'Webhook times out on big payloads' },
  ]
  const answer = triageByRules({ ...issue, title: 'Crash when webhooks time out', candidates })
  expect(answer).toMatchObject({ duplicate_of: 7, related: [9] })
})

test('likeness is one for the same words, zero for none in common', () => {
  expect([likeness('Crash on start', 'start: crash on!'), likeness('a b', ''), likeness('', '')]).toEqual([
    1, 0, 0,
  ])
})

test('a task that is neither is refused, with what to do', async () => {
  const request = { prompt: 'p', schema: null, task: null, model: 'm', timeoutMs: 1, maxUsd: null }
  await expect(
    createOffline('no key').run({ ...request, signal: new AbortController().signal }),
  ).rejects.toMatchObject({ reason: 'agent_unavailable', message: expect.stringContaining('no key') })
})

// The reviews and triages that the pages show are what the modules write. HOOKYARD_WRITE_DOCS=1 writes them anew.
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Arena, openArena, REPO } from './attacks/arena.ts'

const root = resolve(import.meta.dirname, '..')
let says: unknown = {}
let arena: Arena
beforeAll(async () => {
  const app = {
    metadata: 'read',
    contents: 'write',
    pull_requests: 'write',
    issues: 'write',
    checks: 'write',
    organization_projects: 'write',
  } as const
  arena = await openArena({
    app,
    agent: () => says,
    config: { 'issue-triage': { allowed_projects: ['Road Map'] } },
  })
})
afterAll(() => arena.close())

/** Without what differs from run to run, and without the marks that nobody sees. */
const shown = (text: string): string =>
  text
    .replace(/\n*<!-- [\s\S]*? -->/g, '')
    .replace(/\b[0-9a-f]{40}\b/g, 'COMMIT')
    .replace(/#discussion_r\d+/g, '#discussion_r1')
    .trim()

function checkPage(page: string, examples: Readonly<Record<string, string>>): void {
  const file = join(root, 'docs', page)
  let text = readFileSync(file, 'utf8')
  for (const [name, example] of Object.entries(examples)) {
    const block = new RegExp(`^(\`{3,})(\\w+) example=${name}\\n([\\s\\S]*?)^\\1$`, 'm')
    expect(block.test(text), `${page} has a block example=${name}`).toBe(true)
    text = text.replace(
      block,
      (_all, fence: string, language: string) => `${fence}${language} example=${name}\n${example}\n${fence}`,
    )
  }
  if (process.env['HOOKYARD_WRITE_DOCS']) writeFileSync(file, text)
  expect(readFileSync(file, 'utf8')).toBe(text)
}

test('docs/pr-review.md shows real reviews', async () => {
  const { github } = arena
  const diff = (rows: readonly string[]) =>
    `diff --git a/src/session.ts b/src/session.ts\n--- a/src/session.ts\n+++ b/src/session.ts\n@@ -10,2 +10,${rows.length + 1} @@\n export function open(request) {\n-  return store.get(request.id)\n${rows.map((row) => `+${row}\n`).join('')}`
  const read = '  const rules = eval(request.body.rules)'
  const find = '  return store.find(request.id).user.name'
  const evaluated = {
    ...{ file: 'src/session.ts', line: 11, severity: 'critical', title: 'Runs what the client sends' },
    why: 'The body of the request is evaluated as code: whoever can send a request can run anything in the service.',
    ...{ fix: 'Parse it instead.', replacement: '  const rules = JSON.parse(request.body.rules)' },
  }
  const missing = {
    ...{ file: 'src/session.ts', line: 12, severity: 'warning', title: 'A session that has ended throws' },
    why: '`find` answers `undefined` for a session that has ended, and `.user` of that throws.',
    fix: 'Answer 401 when there is none.',
  }
  const untested = {
    ...{ file: 'src/session.ts', line: null, severity: 'suggestion', title: 'The new rules have no test' },
    ...{
      why: 'Nothing shows what a session without rules does.',
      fix: 'Add a test for a request without `rules`.',
    },
  }
  const number = github.createPullRequest(REPO, {
    user: 'alice',
    title: 'Rules for sessions',
    head: { sha: 'ec26c3e'.padEnd(40, '0') },
    diff: diff([read, find]),
  })
  says = {
    summary: 'Reads rules from the request and keeps them with the session.',
    findings: [evaluated, missing, untested],
  }
  const first = await arena.run('pr-review', number)
  const summary = shown(github.comments(REPO, number)[0]?.body ?? '')
  const inline = shown(github.threads(REPO, number)[0]?.body ?? '')
  github.pushCommit(REPO, number, {
    sha: 'a27d2fa'.padEnd(40, '0'),
    diff: diff(['  const rules = JSON.parse(request.body.rules)', find, '  debugger']),
  })
  const left = {
    ...missing,
    line: 13,
    severity: 'suggestion',
    title: 'Debugger left in',
    why: 'It stops whoever has tools open.',
    fix: 'Remove it.',
  }
  says = {
    summary: 'Reads rules from the request and keeps them with the session.',
    findings: [missing, left],
  }
  await arena.run('pr-review', number)
  checkPage('pr-review.md', {
    ...{ summary, inline, update: shown(github.comments(REPO, number)[0]?.body ?? '') },
    message: shown(first.messages[0] ?? ''),
  })
})

test('docs/issue-triage.md shows a real triage', async () => {
  const { github } = arena
  for (const label of ['bug', 'question']) github.createLabel(REPO, label)
  github.createProject('octo', 'Road Map')
  github.createIssue(REPO, { number: 12, title: 'Search crashes on an empty index', user: 'carol' })
  const number = github.createIssue(REPO, {
    number: 57,
    title: 'Search crashes',
    body: 'It crashes when I search.',
    user: 'bob',
  })
  says = {
    ...{
      labels: ['bug'],
      duplicate_of: 12,
      related: [],
      project: 'Road Map',
      priority: 'high',
      status: 'needs_info',
    },
    summary: 'Searching crashes the program; when and with what message is not said.',
    next_action: 'Compare with #12, and wait for the trace.',
    missing_info: ['Which version is it?', 'What does the trace say?'],
  }
  const { messages } = await arena.run('issue-triage', number)
  checkPage('issue-triage.md', {
    comment: shown(github.comments(REPO, number)[0]?.body ?? ''),
    message: shown(messages[0] ?? ''),
  })
})

// What the people of a repository ask for, from the file on their default branch to the page.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Arena, openArena, REPO } from '../../test/attacks/arena.ts'

const FILE = '.github/hookyard.yml'
let arena: Arena
let prompt = ''
let findings: object[] = []
beforeAll(async () => {
  const app = {
    metadata: 'read',
    contents: 'read',
    pull_requests: 'write',
    issues: 'write',
    checks: 'write',
  } as const
  arena = await openArena({
    app,
    agent: (question) => ((prompt = question.prompt), { summary: 'x', findings }),
  })
})
afterAll(() => arena.close())

const finding = (line: number) => ({
  file: 'src/a.ts',
  line,
  severity: 'warning',
  title: `Number ${line}`,
  why: 'w',
  fix: 'm',
})
const section = (path: string) =>
  `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n@@ -0,0 +1,3 @@\n+a\n+b\n+c\n`
const open = () =>
  arena.github.createPullRequest(REPO, { user: 'alice', diff: section('docs/x.md') + section('src/a.ts') })
const settings = (lines: string) =>
  arena.github.putFile(REPO, FILE, `modules:\n  pr-review:\n    ${lines}\n`, 'main')

test('fewer findings, fewer paths, a language, more to look for', async () => {
  settings(
    'max_findings: 1\n    paths: ["!docs/**"]\n    language: German\n    instructions: Mind the tests.',
  )
  findings = [finding(1), finding(2)]
  const number = open()
  expect((await arena.run('pr-review', number)).details).toMatchObject({ not_shown: 1, ignored: 1 })
  expect(arena.github.threads(REPO, number)).toHaveLength(1)
  expect(prompt).not.toContain('+++ b/docs/x.md')
  expect(prompt).toContain('in German.')
  expect(prompt).toContain('> Mind the tests.')
})

test('never more than the operator allows', async () => {
  settings('max_findings: 50\n    paths: ["**"]')
  findings = Array.from({ length: 3 }, (_, index) => finding(index + 1))
  const number = arena.github.createPullRequest(REPO, {
    user: 'alice',
    diff: section('package-lock.json') + section('src/a.ts'),
  })
  expect((await arena.run('pr-review', number)).details).toMatchObject({ ignored: 1, files: 1 })
})

test('switched off', async () => {
  settings('enabled: false')
  const number = open()
  expect((await arena.run('pr-review', number)).status).toBe('skipped: disabled_by_repository')
  expect(arena.github.comments(REPO, number)).toEqual([])
})

test('a bad file is told on the first pull request that has room for it, and on no other', async () => {
  settings('max_findigs: 1')
  const told = /\.github\/hookyard\.yml:3:5 modules\.pr-review\.max_findigs: found an unknown key/
  const [first, second] = [open(), open()]
  findings = []
  await arena.run('pr-review', first)
  expect(arena.github.comments(REPO, first)).toEqual([])
  const check = () =>
    arena.github.checkRuns(REPO).find(({ headSha }) => headSha === arena.github.headSha(REPO, first))
  expect(check()?.output.summary).toMatch(told)
  findings = [finding(1)]
  await arena.run('pr-review', second)
  expect(arena.github.comments(REPO, second)[0]?.body).not.toMatch(told)
  arena.github.pushCommit(REPO, first)
  await arena.run('pr-review', first)
  expect(arena.github.comments(REPO, first)[0]?.body).toMatch(told)
  expect(arena.github.violations).toEqual([])
})

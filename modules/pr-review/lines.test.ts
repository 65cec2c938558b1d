// Every inline comment lands on a line of the diff, and on the right one: random edits of random files through the real
// git, read by the stand-in's own parser and compared with the files themselves. HOOKYARD_EDITS says how many (300).
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseDiff } from '@hookyard/sdk'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseDiff as readAsGitHub } from '@hookyard/standins/github/diff'
import { startGitHub } from '@hookyard/standins/github'
import { readAnswer } from './findings.ts'
import { identify } from './identity.ts'
import { inlineComment } from './inline-comments.ts'

const EDITS = Number(process.env['HOOKYARD_EDITS'] ?? 300)
/** Six findings each, and an answer of the agent is read up to its 200th. */
const PER_BATCH = 30
/** In the title, to run a failure again. */
const SEED = Number(process.env['HOOKYARD_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
let dir: string
const git = (...args: string[]) =>
  execFileSync(
    'git',
    [
      '-C',
      dir,
      '-c',
      'core.autocrlf=false',
      '-c',
      'core.fsync=none',
      '-c',
      'gc.auto=0',
      '-c',
      'user.name=x',
      '-c',
      'user.email=x@x',
      ...args,
    ],
    {
      encoding: 'utf8',
      maxBuffer: 64 * 1_048_576,
      env: { PATH: process.env['PATH'], HOME: dir, GIT_CONFIG_NOSYSTEM: '1' },
    },
  )

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hookyard-lines-'))
  git('init', '-q')
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Lines that a careless reader of diffs would take for something else. */
const line = fc.oneof(
  fc
    .string({ maxLength: 30, unit: 'binary' })
    .map((text) => text.replaceAll('\n', ' ').replaceAll('\0', ' ').toWellFormed()),
  fc.constantFrom(
    ...[
      '',
      ' ',
      '@@ -1,3 +1,3 @@',
      'diff --git a/x b/x',
      '--- a/x',
      '+++ b/x',
      '-',
      '+',
      '\\ No newline at end of file',
    ],
    ...[
      '\tx',
      'x\r',
      '\r',
      'a\rb',
      '\u2028diff --git a/y b/y',
      'ünïcode 日本',
      'x'.repeat(300),
      'same',
      'same',
      '}',
      'rename to z',
    ],
  ),
)
const lines = fc.array(line, { maxLength: 40 })
const change = fc.record({
  at: fc.nat(),
  remove: fc.nat({ max: 4 }),
  insert: fc.array(line, { maxLength: 4 }),
})
const edit = fc.record({
  base: lines,
  changes: fc.array(change, { minLength: 1, maxLength: 5 }),
  endsOpen: fc.tuple(fc.boolean(), fc.boolean()),
  kind: fc.constantFrom('edit', 'edit', 'edit', 'edit', 'add', 'delete', 'rename', 'binary'),
  name: fc.constantFrom(
    'a.ts',
    'with space.ts',
    'ü ñ.ts',
    'quote".ts',
    "it's.ts",
    'tab\t.ts',
    '-dash.ts',
    'b/deep/x.ts',
    '日本.md',
    'a b/c d.ts',
  ),
})
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never

const edited = ({ base, changes }: Edit): string[] => {
  const result = [...base]
  for (const { at, remove, insert } of changes) result.splice(at % (result.length + 1), remove, ...insert)
  return result
}
const fileOf = (all: readonly string[], open: boolean) =>
  all.join('\n') + (open || all.length === 0 ? '' : '\n')

/** Puts the edits into the repository, one file each; answers with git's diff and the new texts by path. */
function commit(batch: readonly Edit[]): { diff: string; texts: Map<string, string> } {
  git('checkout', '-q', '--orphan', `b${Math.random().toString(36).slice(2)}`)
  git('rm', '-rqf', '--ignore-unmatch', '.')
  const texts = new Map<string, string>()
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  const path = (one: Edit, index: number) => `f${index}/${one.name}`
  put('keep', 'x')
  for (const [index, one] of batch.entries())
    if (one.kind !== 'add') put(path(one, index), fileOf(one.base, one.endsOpen[0]))
  git('add', '-A')
  git('commit', '-qm', 'base')
  for (const [index, one] of batch.entries()) {
    const at = path(one, index)
    const text = one.kind === 'binary' ? 'x\0y' : fileOf(edited(one), one.endsOpen[1])
    if (one.kind === 'delete') rmSync(join(dir, at))
    else if (one.kind === 'rename') {
      renameSync(join(dir, at), join(dir, `f${index}/renamed.ts`))
      put(`f${index}/renamed.ts`, text)
      texts.set(`f${index}/renamed.ts`, text)
    } else {
      put(at, text)
      texts.set(at, text)
    }
  }
  git('add', '-A')
  return { diff: git('diff', '--cached', '-M', 'HEAD'), texts }
}

/** Findings on any line of any file, mostly near the truth. */
function findingsFor(texts: ReadonlyMap<string, string>, random: () => number) {
  return [...texts].flatMap(([file, text]) => {
    const length = text.split('\n').length
    return Array.from({ length: 6 }, (_, index) => {
      const at = Math.floor(random() * (length + 4))
      const end = random() < 0.5 ? null : at + Math.floor(random() * 6) - 1
      return {
        file,
        line: at,
        end_line: end,
        severity: 'warning',
        title: `finding ${index}`,
        why: 'w',
        fix: 'm',
      }
    })
  })
}

/** mulberry32: evenly spread numbers below 1, the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

test(`${EDITS} random edits (seed ${SEED}): every posted comment is on a line of the diff, and on the line that was meant`, async () => {
  let posted = 0
  for (let done = 0; done < EDITS; done += PER_BATCH) {
    const batch = fc.sample(edit, { numRuns: Math.min(PER_BATCH, EDITS - done), seed: SEED + done })
    const { diff, texts } = commit(batch)
    const given = findingsFor(texts, randomFrom(SEED + done))
    const files = new Map(parseDiff(diff).map((file) => [file.file, file]))
    const theirs = new Map(readAsGitHub(diff).map((file) => [file.filename, file]))
    expect([...files.keys()]).toEqual([...theirs.keys()])
    const { findings } = readAnswer({ findings: given }, files)
    expect(findings).toHaveLength(given.length)
    for (const finding of await identify(findings, files)) {
      const comment = inlineComment(finding, finding.id)
      const shown = theirs.get(finding.file)?.lines.RIGHT
      // Nothing is lost either: a line that GitHub would take is commented on.
      expect(comment !== null).toBe(finding.line !== null && shown?.has(finding.line) === true)
      if (comment === null) continue
      posted += 1
      const at = shown!.get(comment.line)
      const from = comment.start_line === undefined ? at : shown!.get(comment.start_line)
      expect([at, from]).not.toContain(undefined)
      // No hunk begins between the first line and the last.
      const rows = theirs
        .get(finding.file)!
        .patch!.split('\n')
        .slice(from! + 1, at! + 1)
      expect(rows.some((row) => row.startsWith('@@ '))).toBe(false)
      const whole = texts.get(finding.file)!.split('\n')
      const first = comment.start_line ?? comment.line
      expect(finding.place!.lines.map(({ text }) => text)).toEqual(
        whole.slice(first - 1, comment.line).map((row) => row.replace(/\r$/, '')),
      )
    }
    if (done === 0) await postAll(diff, await identify(findings, files))
  }
  expect(posted).toBeGreaterThan(EDITS)
}, 600_000)

/** GitHub takes a review whole or not at all. */
async function postAll(diff: string, findings: Awaited<ReturnType<typeof identify>>) {
  const github = await startGitHub()
  try {
    const number = github.createPullRequest('octo/hello', { diff })
    // The mark is the broker's to write.
    const comments = findings
      .flatMap((finding) => inlineComment(finding, finding.id) ?? [])
      .map(({ mark: _mark, ...comment }) => comment)
    const answer = await fetch(`${github.url}/repos/octo/hello/pulls/${number}/reviews`, {
      method: 'POST',
      headers: { authorization: `Bearer ${github.token}`, 'user-agent': 'test' },
      body: JSON.stringify({ event: 'COMMENT', body: '', comments }),
    })
    expect([
      answer.status === 200 || (await answer.json()),
      github.threads('octo/hello', number).length,
    ]).toEqual([true, comments.length])
  } finally {
    await github.close()
  }
}

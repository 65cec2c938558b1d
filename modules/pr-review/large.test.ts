// Changes of a size that nobody reads: three thousand files, five megabytes, and all the forms that a file can have. They
// end with a review of what fits, within bounds of memory, and everybody is told what was left out. HOOKYARD_FIGURES=1
// prints time and memory.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Arena, type Question, openArena, REPO } from '../../test/attacks/arena.ts'

let arena: Arena
let asked: Question[] = []
/** Finds something on the first added line of every part. */
const agent = (question: Question) => {
  asked.push(question)
  const task = question.request.task
  const diff = task?.kind === 'review' ? task.diff : ''
  const file = /^\+\+\+ "?b\/(.*?)"?\t?$/m.exec(diff)?.[1] ?? ''
  const line = Number(/^@@ -\d+(?:,\d+)? \+(\d+)/m.exec(diff)?.[1] ?? 0)
  const finding = { file, line, severity: 'warning', title: `Something in ${file}`, why: 'w', fix: 'm' }
  return { summary: 'Large.', findings: file === '' ? [] : [finding] }
}
beforeAll(async () => void (arena = await openArena({ agent })))
afterAll(() => arena.close())

async function review(diff: string) {
  asked = []
  const number = arena.github.createPullRequest(REPO, { user: 'alice', diff })
  const began = performance.now()
  const ended = await arena.run('pr-review', number)
  if (process.env['HOOKYARD_FIGURES']) tellFigures(diff.length, performance.now() - began)
  expect(ended.status).toBe('done')
  expect(arena.github.violations).toEqual([])
  for (const { prompt } of asked) expect(prompt.length).toBeLessThan(260_000)
  return { ...ended, number, comment: arena.github.comments(REPO, number)[0]?.body ?? '' }
}

/** The peak of resident memory (VmHWM) of this process, which is service and GitHub in one, and of the module's. */
function tellFigures(size: number, tookMs: number): void {
  const peak = (pid: number | string): string => {
    const kib = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return `${Math.round(Number(kib) / 1024)} MiB`
  }
  const list = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
  const children = list.split('\n').filter((line) => line.includes('/run/child/'))
  const peaks = children.map((line) => peak(line.trim().split(' ')[0]!))
  console.log(
    `${(size / 1e6).toFixed(2)} MB: ${Math.round(tookMs)} ms, ${asked.length} questions; peak here ${peak(process.pid)}, module ${peaks.join(', ')}`,
  )
}

const added = (path: string, lines: readonly string[]) =>
  `diff --git a/${path} b/${path}\nnew file mode 100644\nindex 0000000..1111111\n--- /dev/null\n+++ b/${path}\n@@ -0,0 +1,${lines.length} @@\n${lines.map((line) => `+${line}\n`).join('')}`

test('three thousand files, more lines than GitHub makes a diff of', async () => {
  const lines = Array.from({ length: 8 }, (_, index) => `const value${index} = ${index}`)
  const files = Array.from({ length: 3_000 }, (_, index) =>
    added(`src/module-${String(index).padStart(4, '0')}.ts`, lines),
  )
  const { summary, details, comment } = await review(files.join(''))
  expect(asked).toHaveLength(6)
  expect(summary).toMatch(/6 findings on [0-9a-f]{7}; \d{4} files left out of a long diff$/)
  expect(details).toMatchObject({ parts: 6, left_out: expect.any(Array) })
  expect((details['left_out'] as string[]).length).toBe(200)
  expect(comment).toMatch(/_Too long to be read whole: `src\/module-\d{4}\.ts`.* and \d{4} more\._/)
  expect(comment.length).toBeLessThan(10_000)
})

test('five megabytes in one file and in lines without end', async () => {
  const generated = added(
    'src/data.ts',
    Array.from({ length: 50_000 }, (_, index) => `  [${index}, "${'x'.repeat(60)}"],`),
  )
  const minified = added('src/page.js', ['y'.repeat(1_500_000)])
  const before = process.memoryUsage().rss
  const { details } = await review(generated + minified)
  expect(asked).toHaveLength(6)
  expect(details['left_out']).toEqual(['src/data.ts', 'src/page.js'])
  expect(process.memoryUsage().rss - before).toBeLessThan(600 * 1_048_576)
})

test('binary files, renames, deleted ones, links, submodules, other line ends, none at the end, other letters', async () => {
  const diff = [
    'diff --git a/logo.png b/logo.png\nindex 1..2 100644\nBinary files a/logo.png and b/logo.png differ\n',
    'diff --git a/old name.ts b/new name.ts\nsimilarity index 100%\nrename from old name.ts\nrename to new name.ts\n',
    'diff --git a/a.ts b/b.ts\nsimilarity index 90%\nrename from a.ts\nrename to b.ts\nindex 1..2 100644\n--- a/a.ts\n+++ b/b.ts\n@@ -1 +1 @@\n-a\n+b\n',
    'diff --git a/gone.ts b/gone.ts\ndeleted file mode 100644\nindex 1..0\n--- a/gone.ts\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n',
    'diff --git a/link b/link\nnew file mode 120000\nindex 0..1\n--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+/etc/passwd\n\\ No newline at end of file\n',
    'diff --git a/lib b/lib\nindex 1..2 160000\n--- a/lib\n+++ b/lib\n@@ -1 +1 @@\n-Subproject commit 1111111\n+Subproject commit 2222222\n',
    'diff --git a/mode.sh b/mode.sh\nold mode 100644\nnew mode 100755\n',
    'diff --git a/dos.txt b/dos.txt\nindex 1..2 100644\n--- a/dos.txt\n+++ b/dos.txt\n@@ -1,2 +1,2 @@\n one\r\n-two\r\n+zwei\r\n\\ No newline at end of file\n',
    'diff --git "a/\\303\\274nic\\303\\266de/\\346\\227\\245.ts" "b/\\303\\274nic\\303\\266de/\\346\\227\\245.ts"\nindex 1..2 100644\n--- "a/\\303\\274nic\\303\\266de/\\346\\227\\245.ts"\n+++ "b/\\303\\274nic\\303\\266de/\\346\\227\\245.ts"\n@@ -1 +1 @@\n-a\n+日本語 🎉 e\u0301\n',
  ].join('')
  const { number } = await review(diff)
  const head = arena.github.headSha(REPO, number)
  const read = arena.github.requests
    .filter(({ path }) => path.includes('/contents/') && path.includes(head))
    .map(({ path }) => decodeURIComponent(path.replace(/^.*\/contents\/|\?.*$/g, '')))
  expect(read.toSorted()).toEqual(['b.ts', 'dos.txt', 'ünicöde/日.ts'])
  const [{ request } = { request: null }] = asked
  const left = request?.untrusted?.['files left out']?.split('\n').toSorted()
  expect(left).toEqual([
    ...['b.ts: not at the head', 'dos.txt: not at the head', 'gone.ts: deleted'],
    ...['lib: a symbolic link or submodule', 'link: a symbolic link or submodule', 'logo.png: no text'],
    'ünicöde/日.ts: not at the head',
  ])
  for (const [file, line] of [
    ['b.ts', 1],
    ['dos.txt', 2],
    ['ünicöde/日.ts', 1],
  ] as const) {
    const other = arena.github.createPullRequest(REPO, { user: 'alice', diff })
    // The scripted agent finds things in the first file alone, so the others come first in turn.
    const section =
      diff.split(/(?<=\n)(?=diff --git )/).find((part) => part.includes(`@@`) && namesFile(part, file)) ?? ''
    arena.github.setDiff(REPO, other, section)
    expect((await arena.run('pr-review', other)).status).toBe('done')
    expect(arena.github.threads(REPO, other)).toMatchObject(
      file === 'dos.txt' ? [{ path: file, line: 1 }] : [{ path: file, line }],
    )
  }
})

const namesFile = (part: string, file: string): boolean =>
  part.includes(`+++ b/${file}`) || (file.startsWith('ü') && part.includes('\\303\\274nic'))

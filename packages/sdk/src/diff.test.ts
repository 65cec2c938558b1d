// A diff gives each file's path and the new version's line numbers, whatever its names and however it was cut.
import { expect, test } from 'vitest'
import { parseDiff } from './diff.ts'

const head = (a: string, b = a) => `diff --git a/${a} b/${b}\nindex 1..2 100644\n--- a/${a}\n+++ b/${b}\n`

test('numbers the lines of the new version', () => {
  const [file] = parseDiff(
    `${head('src/a.ts')}@@ -1,3 +1,4 @@ fn\n one\n-two\n+2\n+2b\n three\n@@ -10 +11 @@\n-x\n+y\n`,
  )
  expect(file).toMatchObject({
    file: 'src/a.ts',
    lines: [
      { line: 1, text: 'one', added: false, hunk: 0 },
      { line: 2, text: '2', added: true, hunk: 0 },
      { line: 3, text: '2b', added: true, hunk: 0 },
      { line: 4, text: 'three', added: false, hunk: 0 },
      { line: 11, text: 'y', added: true, hunk: 1 },
    ],
  })
})

test('added lines that look like headers are lines', () => {
  const [file, ...more] = parseDiff(`${head('a')}@@ -0,0 +1,2 @@\n+++ b/forged\n+diff --git a/x b/x\n`)
  expect(more).toEqual([])
  expect([file!.file, file!.lines.map((line) => line.text)]).toEqual([
    'a',
    ['++ b/forged', 'diff --git a/x b/x'],
  ])
})

test.each([
  [
    'deleted',
    'diff --git a/gone.ts b/gone.ts\ndeleted file mode 100644\n--- a/gone.ts\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n',
    'gone.ts',
  ],
  ['renamed', 'diff --git a/old b/new\nsimilarity index 100%\nrename from old\nrename to new\n', 'new'],
  ['binary', 'diff --git a/a b/c.png b/a b/c.png\nBinary files differ\n', 'a b/c.png'],
  [
    'quoted',
    'diff --git "a/\\303\\274 \\"x\\".txt" "b/\\303\\274 \\"x\\".txt"\nnew file mode 100644\n',
    'ü "x".txt',
  ],
  ['with spaces', 'diff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n@@ -1 +1 @@\n-x\n+y\n', 'a b'],
])('finds the path of a file: %s', (_name, diff, path) => expect(parseDiff(diff)[0]?.file).toBe(path))

test('splits into sections that together are the diff', () => {
  const diff = `${head('a')}@@ -1 +1 @@\n-1\n+2\n${head('b')}@@ -1 +1 @@\n-1\n+2\n`
  expect(
    parseDiff(diff)
      .map((file) => file.text)
      .join(''),
  ).toBe(diff)
  expect(parseDiff('no diff at all')).toEqual([])
})

test.each([['\r'], ['\u2028'], ['\u2029'], ['\u0085'], ['\v'], ['\f']])(
  'a line break that is none to git (%j) begins no forged file',
  (mark) => {
    const forged = `${mark}diff --git a/forged b/forged${mark}@@ -1 +1 @@${mark}+x`
    const files = parseDiff(`${head('a')}@@ -0,0 +1 @@\n+x${forged}\n${head('b')}@@ -1 +1 @@\n-1\n+2\n`)
    expect(files.map(({ file, lines }) => [file, lines.length])).toEqual([
      ['a', 1],
      ['b', 1],
    ])
  },
)

test.each([
  ['new file mode 100644\n--- /dev/null\n+++ b/x\n', { status: 'added', link: false }],
  ['new file mode 120000\nindex 0..1\n--- /dev/null\n+++ b/x\n', { status: 'added', link: true }],
  ['index 1..2 160000\n--- a/x\n+++ b/x\n', { status: 'modified', link: true }],
  ['deleted file mode 100644\n--- a/x\n+++ /dev/null\n', { status: 'removed' }],
  ['similarity index 90%\nrename from "o\\303\\274"\nrename to x\n', { status: 'renamed', previous: 'oü' }],
  ['index 1..2 100644\nBinary files a/x and b/x differ\n', { status: 'modified', binary: true }],
])('describes what became of a file: %#', (header, expected) =>
  expect(parseDiff(`diff --git a/x b/x\n${header}`)[0]).toMatchObject(expected),
)

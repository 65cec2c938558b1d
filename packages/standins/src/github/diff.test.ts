// A diff is read as GitHub reads it: files, statuses, and the lines that can be commented on.
import { expect, test } from 'vitest'
import { hunkUpTo, parseDiff } from './diff.ts'

const DIFF = String.raw`diff --git a/src/a.ts b/src/a.ts
index 1..2 100644
--- a/src/a.ts
+++ b/src/a.ts
@@ -1,3 +1,4 @@ export
 one
-two
+2
+3
 four
@@ -10 +11,2 @@
 ten
+eleven
\ No newline at end of file
diff --git a/old name.txt b/new name.txt
similarity index 100%
rename from old name.txt
rename to new name.txt
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
--- a/gone.txt
+++ /dev/null
@@ -1 +0,0 @@
-bye
diff --git "a/\303\274.txt" "b/\303\274.txt"
new file mode 100644
--- /dev/null
+++ "b/\303\274.txt"
@@ -0,0 +1 @@
+x
diff --git a/logo.png b/logo.png
index 1..2 100644
Binary files a/logo.png and b/logo.png differ
`

test('knows names, statuses and counts', () => {
  const files = parseDiff(DIFF).map(({ filename, previousFilename, status, additions, deletions, patch }) => [
    filename,
    previousFilename,
    status,
    additions,
    deletions,
    patch === null ? null : patch.split('\n').length,
  ])
  expect(files).toEqual([
    ['src/a.ts', null, 'modified', 3, 1, 10],
    ['new name.txt', 'old name.txt', 'renamed', 0, 0, null],
    ['gone.txt', null, 'removed', 0, 1, 2],
    ['ü.txt', null, 'added', 1, 0, 2],
    ['logo.png', null, 'modified', 0, 0, null],
  ])
})

test('knows the lines of both sides, and the hunk above one', () => {
  const [file] = parseDiff(DIFF)
  expect([...(file?.lines.LEFT.keys() ?? [])]).toEqual([1, 2, 3, 10])
  expect([...(file?.lines.RIGHT.keys() ?? [])]).toEqual([1, 2, 3, 4, 11, 12])
  expect(file && hunkUpTo(file, 2, 'LEFT')).toBe('@@ -1,3 +1,4 @@ export\n one\n-two')
  expect(file && hunkUpTo(file, 12, 'RIGHT')).toBe('@@ -10 +11,2 @@\n ten\n+eleven')
})

// A diff put together from single files reads like one from git.
import { parsePatch } from 'diff'
import { expect, test } from 'vitest'
import { assembleDiff } from './diff.ts'

const patch = '@@ -1,2 +1,2 @@\n a\n-b\n+c'

test('every file is there, with its names, its kind and its hunks', () => {
  const diff = assembleDiff([
    { filename: 'src/a.ts', status: 'modified', additions: 1, deletions: 1, patch },
    { filename: 'new.ts', status: 'added', additions: 1, deletions: 0, patch: '@@ -0,0 +1 @@\n+a' },
    { filename: 'old.ts', status: 'removed', additions: 0, deletions: 1, patch: '@@ -1 +0,0 @@\n-a' },
    { filename: 'to.ts', previous_filename: 'from.ts', status: 'renamed', additions: 0, deletions: 0 },
    { filename: 'müll "x".ts', status: 'modified', additions: 1, deletions: 1, patch },
  ])
  const parsed = parsePatch(diff)
  expect(
    parsed.map(({ oldFileName, newFileName, hunks }) => [oldFileName, newFileName, hunks.length]),
  ).toEqual([
    ['a/src/a.ts', 'b/src/a.ts', 1],
    ['/dev/null', 'b/new.ts', 1],
    ['a/old.ts', '/dev/null', 1],
    ['a/from.ts', 'b/to.ts', 0],
    ['a/müll "x".ts', 'b/müll "x".ts', 1],
  ])
  expect(parsed[0]?.hunks[0]?.lines).toEqual([' a', '-b', '+c'])
})

test('a file that GitHub gives no patch for is named, not dropped', () => {
  const diff = assembleDiff([{ filename: 'logo.png', status: 'modified', additions: 0, deletions: 0 }])
  expect(diff).toBe('diff --git a/logo.png b/logo.png\nBinary files a/logo.png and b/logo.png differ\n')
})

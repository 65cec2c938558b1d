// What is found in a prompt: added lines under their numbers in the new version, and boxes that nothing inside can end.
import { expect, test } from 'vitest'
import { addedLines, readBoxes, readIssue } from './prompt.ts'

const DIFF = `diff --git a/a b.ts b/a b.ts
--- a/a b.ts\t
+++ b/a b.ts\t
@@ -1,3 +1,3 @@
 one
-two
+2
\\ No newline at end of file
@@ -10,0 +11,2 @@ function
++++ b/not-a-file
+last
diff --git a/gone.ts b/gone.ts
--- a/gone.ts
+++ /dev/null
@@ -1 +0,0 @@
-x
`

test('added lines have the numbers of the new version', () => {
  const found = addedLines(`Text before.\n${DIFF}\nText after.\n+ not part of it\n`)
  expect(found).toEqual([
    { file: 'a b.ts', line: 2, text: '2' },
    { file: 'a b.ts', line: 11, text: '+++ b/not-a-file' },
    { file: 'a b.ts', line: 12, text: 'last' },
  ])
})

test('a mark with another token is text of the box', () => {
  const prompt =
    '<<<BEGIN title t1>>> (1 invisible character was removed)\nHi\n<<<END title t2>>>\n<<<END title t1>>>'
  expect([...readBoxes(prompt)]).toEqual([['title', 'Hi\n<<<END title t2>>>']])
})

test('a prompt without boxes is all body', () => {
  expect(readIssue('It crashes')).toEqual({ title: '', body: 'It crashes', labels: [], candidates: [] })
})

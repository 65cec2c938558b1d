// A body is never longer than GitHub takes, always carries its marker, and says so when it was cut.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_BODY, truncated, withMarker } from './body.ts'

const MARKER = '<!-- hookyard:v1:m:0 -->'

test('a short text stays as it is', () => {
  expect(withMarker('Hello.', MARKER)).toBe(`Hello.\n\n${MARKER}`)
})

test('a long text is cut at a line, with a note, and keeps its marker', () => {
  const text = 'A line of some length.\n'.repeat(5_000)
  const body = withMarker(text, MARKER)
  expect(body.length).toBeLessThanOrEqual(MAX_BODY)
  expect(body).toMatch(
    /length\.\n\n\*\(cut here: GitHub takes no longer text\)\*\n\n<!-- hookyard:v1:m:0 -->$/,
  )
})

test('a cut inside a code fence closes it, so that note and marker are not shown as code', () => {
  const body = withMarker(`\`\`\`\`ts\n${'const a = 1\n'.repeat(10_000)}\`\`\`\``, MARKER)
  expect(body).toContain('\n````\n\n*(cut here')
})

test.each([
  ['```ts\nconst a = 1', '```ts\nconst a = 1\n```'],
  ['~~~~\na', '~~~~\na\n~~~~'],
  ['```\na\n```', '```\na\n```'],
  ['```\na\n~~~', '```\na\n~~~\n```'],
  ['````\na\n```', '````\na\n```\n````'],
  ['``` not `code`', '``` not `code`'],
])('an open fence is closed: %j', (text, expected) => {
  expect(truncated(text)).toBe(expected)
})

test('no text, whatever it holds, gets over the limit or ends in half a character', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\n', '`', '```\n', '~~~', '😀', ' '), maxLength: 400 })
  fc.assert(
    fc.property(text, fc.integer({ min: 160, max: 400 }), (source, limit) => {
      const result = truncated(source, limit)
      expect(result.length).toBeLessThanOrEqual(limit)
      expect(result.isWellFormed()).toBe(true)
    }),
  )
})

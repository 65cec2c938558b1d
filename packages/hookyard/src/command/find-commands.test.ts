// A command is what a reader of the rendered comment would take for one, and nothing that is code, quoted or hidden.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findCommands } from './find-commands.ts'

const found = (body: string) =>
  findCommands(body).map(({ name, args }) => (args === '' ? name : `${name}: ${args}`))

test.each([
  ['alone', '/review', ['review']],
  ['with arguments', '/review  the tests, please ', ['review: the tests, please']],
  ['in any case, up to three spaces in', '   /Re-View_2 X', ['re-view_2: X']],
  ['between paragraphs', 'Fine.\n/review\nThanks', ['review']],
  ['with the line ends of a browser', 'Fine.\r\n\r\n/review\r\n/triage now\r\n', ['review', 'triage: now']],
  ['several', '/a\n/b\n/a c', ['a', 'b', 'a: c']],
  ['after a quote and an empty line', '> they said\n\n/review', ['review']],
  ['after a code block', '```\n/no\n```\n/review', ['review']],
  ['after a hidden note', '<!-- /no -->\n/review', ['review']],
  ['after a comment mark in code', 'Write `<!--` first.\n\n/review', ['review']],
  ['after stray backticks', 'it`s\n/review', ['review']],
  ['in a details element', '<details>\n\n/review\n</details>', ['review']],
  ['with a hidden note beside it', '/review <!-- a note --> now <!-- and', ['review: now']],
  ['after an empty comment', '<!-->\n/review', ['review']],
])('%s it is one', (_where, body, commands) => {
  expect(found(body)).toEqual(commands)
})

test.each([
  ['a path', '/usr/bin/env'],
  ['a word with a comma', '/review, please'],
  ['a slash alone', '/ review'],
  ['escaped', '\\/review'],
  ['in the middle of a line', 'please /review'],
  ['an item of a list', '- /review'],
  ['in a quote', '> /review'],
  ['in a quote that goes on without its mark', '> they said\n/review'],
  ['in a quote of a list', '- > they said\n/review'],
  ['in a fenced block', '```sh\n/review\n```'],
  ['in a block of tildes with backticks inside', '~~~\n```\n/review\n~~~'],
  ['in a longer fence', '````\n```\n/review\n```\n````'],
  ['in a fence of a list', '1. ```\n   /review\n   ```'],
  ['in a fence that is never closed', '```\n/review'],
  ['in a fence right after a quote', '> q\n```\n\n/review\n```'],
  ['in an indented block', '    /review'],
  ['after a tab', '\t/review'],
  ['in a code span over lines', 'so `a\n/review\nb` it is'],
  ['in a hidden note', '<!--\n/review\n-->'],
  ['in a hidden note that begins beside a text', 'text <!-- a\n\n/review\n-->'],
  ['in a hidden note that is never closed', '<!--\n/review'],
  ['in a second hidden note', '<!-- a --> <!-- b\n/review\n-->'],
  ['preformatted', '<pre>\n/review\n</pre>'],
  ['in a code element', '<code>\n\n/review\n</code>'],
  ['in a quoting element', '<blockquote class="x">\n\n/review\n\n</blockquote>'],
  ['too long a name', `/${'x'.repeat(33)}`],
])('%s it is none', (_where, body) => {
  expect(found(body)).toEqual([])
})

const line = fc.stringMatching(/^[a-z ,.!`<>*_-]{0,20}$/)
const quiet = fc.stringMatching(/^[a-z ,.!]{1,20}$/).filter((text) => text.trim() !== '')

test('whatever stands in a closed fence, quote or comment, nothing in it is a command', () => {
  const inside = fc.array(fc.oneof(fc.constant('/review'), quiet), { maxLength: 6 })
  const wrapped = fc.oneof(
    inside.map((lines) => ['```', ...lines, '```']),
    inside.map((lines) => lines.map((text) => `> ${text}`).concat('')),
    inside.map((lines) => ['<!--', ...lines, '-->']),
    inside.map((lines) => lines.map((text) => `    ${text}`).concat('')),
  )
  fc.assert(
    fc.property(fc.array(wrapped, { maxLength: 5 }), quiet, (blocks, text) => {
      expect(found([...blocks.flat(), '', `/review ${text}`].join('\n'))).toEqual([`review: ${text.trim()}`])
      expect(found(blocks.flatMap((block) => [...block, '']).join('\n'))).toEqual([])
    }),
  )
})

test('any text is read without an error, and each command is a line of it', () => {
  const bodies = fc.array(fc.oneof(line, fc.string(), fc.constant('/review it')), { maxLength: 30 })
  fc.assert(
    fc.property(bodies, fc.constantFrom('\n', '\r\n', '\r'), (lines, end) => {
      const commands = findCommands(lines.join(end))
      expect(commands.length).toBeLessThanOrEqual(20)
      for (const { name } of commands)
        expect(lines.some((text) => text.toLowerCase().includes(`/${name}`))).toBe(true)
    }),
  )
})

test.each([
  ['backticks', '`'.repeat(65_000)],
  ['comments', '<!---->'.repeat(9_000)],
  ['elements', '<pre>'.repeat(13_000)],
  ['spans', `${'`a` ``b`` '.repeat(6_000)}\n/x`],
  ['list marks', '- '.repeat(32_000)],
  ['commands', '/x\n'.repeat(20_000)],
])('a comment as long as GitHub takes, full of %s, is read to its end', (_what, body) => {
  expect(findCommands(body).length).toBeLessThanOrEqual(20)
})

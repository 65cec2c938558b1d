// What a tainted run publishes acts in nothing: each way to act makes its block plain text, and nothing else is touched.
import type { Root } from 'mdast'
import { expect, test } from 'vitest'
import { hostileTexts } from '../../../../../test/attacks/hostile-markdown.ts'
import { nodesIn, parseMarkdown } from '../../lib/markdown.ts'
import type { Allowances } from './markdown-rules.ts'
import { sanitize, sanitizeTitle, sanitizeWithin } from './sanitize-markdown.ts'

const input: Allowances = {
  ...{ repository: 'octo/hello', number: 7, htmlHost: 'github.com' },
  ...{ logins: new Set(['alice']), hosts: new Set(['docs.test']) },
}
const OWN = 'https://github.com/octo/hello'
const published = (text: string, more: Partial<Allowances> = {}) => sanitize(text, { ...input, ...more })

test.each([
  ['people of the thread', 'thanks @alice, see x@y and lodash@4.17.21'],
  ['hosts of the input', 'see [it](https://docs.test/a?b#c), https://docs.test/a. and <https://docs.test>'],
  [
    'its own repository',
    `[a](${OWN}/blob/abc/x.ts#L2) ${OWN}/issues/3 octo/hello#4 #5 GH-6 octo/hello@0123456789`,
  ],
  ['code', '`@mallory ![x](https://evil.test)` and\n\n```ts\n@mallory <img> $x$\n```'],
  [
    'its shape',
    '# A\n\n> [!NOTE]\n> b\n\n| a |\n|---|\n| b |\n\n- [ ] c\n  1. **d** _e_ ~~f~~\\\n     g :tada:',
  ],
  ['variables in code', 'Use `$a` and `${b}`, not `$(c).d($e)`.'],
  ['prices and paths', 'It costs $5 and $10.\n/usr/bin/env and a/b'],
  ['joiners', 'می\u200cخواهم 👩\u200d💻'],
])('%s stay', (_what, text) => expect(published(text)).toBe(text))

test.each([
  ['a stranger', 'cc @mallory'],
  ['a team', 'cc @octo-org/admins'],
  ['a team of somebody known', 'cc @alice/admins'],
  ['a stranger by an entity', 'cc &#64;mallory'],
  ['a stranger behind an escape', 'cc \\@mallory'],
  ['a stranger behind somebody known', '@alice@mallory'],
  ['a stranger in bold', '**@mallory**'],
  ['a stranger in a link', '[@mallory](https://docs.test)'],
  ['a picture', '![x](https://docs.test/a.png)'],
  ['a picture by reference', '![x][r]\n\n[r]: https://docs.test/a.png'],
  ['markup', 'a <b>b</b>'],
  ['a section', '<details><summary>x</summary>y</details>'],
  ['a hidden note', 'a <!-- b -->'],
  ['a link', '[a](https://evil.test)'],
  ['a bare address', 'see https://evil.test/x'],
  ['a bare name', 'see www.evil.test'],
  ['another scheme', '[a](javascript:alert(1))'],
  ['a way on this site', '[a](/settings)'],
  ['a host behind a name', 'https://docs.test@evil.test/'],
  ['a host with more to it', 'https://docs.test"evil'],
  ['an address of which programs see different ends', '> https://docs.test](\n\n  a'],
  ['mail', 'ask me@evil.test'],
  ['a definition', '[r]: https://evil.test\n\ntext [r]'],
  ['a footnote', 'a[^1]\n\n[^1]: b'],
  ['an issue elsewhere', 'see victim/repo#1'],
  ['an issue elsewhere by address', 'https://github.com/victim/repo/issues/1'],
  ['an issue of a fork', 'see victim#1'],
  ['math that code hides', '`$x` ``$y @mallory``'],
  ['math with a command in code', '`$\\href{https://evil.test}{x}` and `b$`'],
  ['a commit elsewhere', 'victim/repo@0123456789'],
  ['math', 'a $\\href{https://evil.test}{x}$ b'],
  ['math with a code mark', 'a $x `y$ b`'],
  ['a formula', '$$\nx\n$$'],
  ['a command', '/merge'],
  ['a command in a quote', 'a\n> /approve'],
  // What got past patterns that only looked like a parser.
  ['an address that swallows a backtick', 'https://evil.test/`x` @mallory `'],
  ['code that is cut by a table', '| a | b |\n|---|---|\n| `x | @mallory` |'],
  ['a fence of tildes with a backtick in its words', '~~~ a`b\n@mallory\n~~~ x\n@mallory'],
  ['a command and a name', '/x@victim @victim'],
  ['code behind a table', '| a |\n|---|\n| b\n\n    @mallory <b>'],
])('%s is shown as text', (_what, text) => {
  const clean = published(text)
  expect(clean).toMatch(/^```/m)
  expect(acting(clean)).toEqual([])
  expect(published(clean)).toBe(clean)
})

test.each(['mermaid', 'geojson', 'topojson', 'stl', 'math', 'suggestion', 'MERMAID', '[tasklist]'])(
  'what GitHub would draw is shown: %s',
  (language) => expect(published(`\`\`\`${language}\nx\n\`\`\``)).toBe('```\nx\n```'),
)

test('only the block in which something acts becomes text, and of a list the item', () => {
  expect(published('Fine.\n\n- a\n- @mallory\n  more\n- c\n\ncc @mallory\nand on\n\nDone.')).toBe(
    'Fine.\n\n- a\n```\n- @mallory\n  more\n```\n- c\n\n```\ncc @mallory\nand on\n```\n\nDone.',
  )
})

test('a fence is longer than what stands in it, and one that is open is closed', () => {
  expect(published('@mallory ```` x')).toBe('`````\n@mallory ```` x\n`````')
  expect(published('```js\nx')).toBe('```js\nx\n```')
  expect(published('> ```\n> x')).toBe('> ```\n> x')
})

test('a line that a bot obeys in the raw text is moved, in code too', () => {
  expect(published('```\n/close\n```')).toBe('```\n /close\n```')
  expect(published('    /close')).toBe('```\n /close\n```')
})

test('secrets, invisible characters and markers of ours do not stay', () => {
  const token = `ghp_${'a1B2'.repeat(9)}`
  expect(published(`a ${token.slice(0, 9)}\u200b${token.slice(9)} b\u202ec<!-- hookyard:v1:x -->`)).toBe(
    'a (secret removed) bc',
  )
  expect(sanitizeTitle(`a\n ${token}\u202e`)).toBe('a (secret removed)')
})

test('more than twenty references to other issues are a flood; its own does not count, nor one twice', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `#${index + 100}`).join(' ')
  expect(published(`${names(20)} #7 #100`)).not.toContain('```')
  expect(published(`${names(21)}\n\n#1 ${OWN}/issues/2`)).toBe(
    `\`\`\`\n${names(21)}\n\`\`\`\n\n#1 ${OWN}/issues/2`,
  )
})

test('a suggestion may be committed only on a line, only as it was written, and without a host from nowhere', () => {
  const suggestion = (code: string) => `Why.\n\n\`\`\`suggestion\n${code}\n\`\`\``
  const onLine = (code: string) => published(suggestion(code), { suggestions: true })
  expect(onLine('fetch("https://docs.test/x")')).toBe(suggestion('fetch("https://docs.test/x")'))
  for (const code of [
    'fetch("https://evil.test/x")',
    'const a = 1 \u202e// b',
    '<!-- x -->',
    '/merge',
    `k = "ghp_${'a1B2'.repeat(9)}"`,
  ])
    expect(onLine(code)).not.toContain('suggestion')
  expect(published(suggestion('x'))).toBe('Why.\n\n```\nx\n```')
})

test('what is longer than its field is cut before it is judged', () => {
  for (const text of [
    '@mallory\n\n'.repeat(2_000),
    `\`${'x'.repeat(9_000)} @mallory\``,
    '`'.repeat(20_000),
  ]) {
    const clean = sanitizeWithin(text, input, 5_000)
    expect(clean.length).toBeLessThanOrEqual(5_000)
    expect(acting(clean)).toEqual([])
  }
})

const SEED = 20_261_201

test(`3,000 hostile texts (seed ${SEED}): nothing acts, and judged again they stay the same`, () => {
  for (const text of hostileTexts(3_000, SEED)) {
    const clean = published(text)
    expect(acting(clean), JSON.stringify(text)).toEqual([])
    expect(published(clean), JSON.stringify(text)).toBe(clean)
  }
}, 120_000)

test.each([']', '*a_', '[a](', '[^a]', '> ', '- ', '`', '|a|\n|-|\n', 'a\n', '<b>', '@a ', '$', '!['])(
  '65,536 characters of %j are judged in a bounded time',
  (piece) => {
    const started = process.cpuUsage()
    const clean = published(piece.repeat(Math.ceil(65_536 / piece.length)))
    const { user, system } = process.cpuUsage(started)
    expect(acting(clean)).toEqual([])
    // A second on a quiet machine; without a bound it would be minutes.
    expect((user + system) / 1e6).toBeLessThan(20)
  },
  120_000,
)

/** What acts, by a reading of its own: types of nodes, and what stands in the text outside of code. */
function acting(text: string): string[] {
  const tree: Root | null = parseMarkdown(text)
  if (tree === null) return /^(`{3,})\n[^]*\n\1$/.test(text) ? [] : ['unreadable']
  return [...nodesIn(tree)].flatMap((node) => {
    if (/^(?:html|image|imageReference|definition|footnote)/.test(node.type)) return [node.type]
    if (
      node.type === 'link' &&
      !/^https:\/\/(?:docs\.test|github\.com\/octo\/hello)(?:[/?#]|$)/.test(node.url)
    )
      return [node.url]
    if (node.type !== 'text') return []
    return [...node.value.matchAll(/(?:^|[^A-Za-z0-9])@(?!alice\b(?!\/))[a-z0-9][\w/-]*/gi)].map(
      ([found]) => found,
    )
  })
}

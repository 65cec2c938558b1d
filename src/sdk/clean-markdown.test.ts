// Whatever a model writes, the published text pings nobody new, shows no picture, links nowhere new, hides nothing.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanMarkdown, findHosts } from './clean-markdown.ts'

const names = { knownLogins: ['Octocat'], knownHosts: ['github.com', 'docs.example.com'] }
const clean = (text: string) => cleanMarkdown(text, names)

test.each([
  ['thanks @octocat and @mallory', 'thanks @octocat and `@mallory`'],
  ['team @octo-org/reviewers', 'team `@octo-org/reviewers`'],
  ['\\@mallory', '`@mallory`'],
  ['\\\\@mallory', '\\\\`@mallory`'],
  ['&#64;mallory &commat;mallory', '&amp;#64;mallory &amp;commat;mallory'],
  ['@<!-- -->mallory', '@ mallory'],
  ['@[mallory](https://evil.test)', '@\\[mallory\\]'],
  ['@mallory@mallory', '`@mallory` `@mallory`'],
  ['a `b`@mallory', 'a `b` `@mallory`'],
  ['`open @mallory', '\\`open `@mallory`'],
  ['\\`@mallory` ', '\\` `@mallory`\\` '],
  ['@octocat\\_evil', '`@octocat_evil`'],
  ['mail me@evil.test', 'mail `me@evil.test`'],
  ['keeps `@decorator()` in code', 'keeps `@decorator()` in code'],
])('mentions: %s', (given, expected) => expect(clean(given)).toBe(expected))

test.each([
  ['![logo](https://evil.test/a.png)', '\\[logo\\]'],
  ['![logo](https://github.com/a.png)', '[logo](https://github.com/a.png)'],
  ['!![a](https://github.com/a.png)', '[a](https://github.com/a.png)'],
  ['!<!-- -->[a](https://github.com/a.png)', '! [a](https://github.com/a.png)'],
  ['![a][1]', '[a\\][1]'],
  ['<img src=x>', '&lt;img src=x>'],
  ['&lt;img src=x&gt;', '&lt;img src=x>'],
])('images: %s', (given, expected) => expect(clean(given)).toBe(expected))

test.each([
  ['see [docs](https://docs.example.com/a?b=1#c)', 'see [docs](https://docs.example.com/a?b=1#c)'],
  ['see https://docs.example.com/a.', 'see https://docs.example.com/a.'],
  ['see [docs](https://evil.test/?q=1)', 'see \\[docs\\]'],
  ['see https://evil.test/x, now', 'see `https://evil.test/x`, now'],
  ['www.evil.test', '`www.evil.test`'],
  ['1https://evil.test', '1`https://evil.test`'],
  ['<https://evil.test>', '&lt;`https://evil.test`>'],
  ['https://github.com@evil.test/', '`https://github.com@evil.test/`'],
  ['https://github.com\\@evil.test/', '`https://github.com@evil.test/`'],
  ['see https://github.com/o/r/issues/1#x', 'see `https://github.com/o/r/issues/1#x`'],
  ['[a](https://github.com/o/r/pull/2/files)', '\\[a\\]'],
  ['https://github.com/o/r/blob/main/issues/1', 'https://github.com/o/r/blob/main/issues/1'],
  ['[a](//evil.test)', '\\[a\\]'],
  ['[a](javascript:alert(1))', '[a\\](javascript:alert(1))'],
  ['[a](`) @mallory `', '[a\\](`) @mallory `'],
  ['[1]: https://evil.test', '[1\\]: `https://evil.test`'],
  ['https:\\//evil.test', '`https://evil.test`'],
  ['[a](https://evil.test)(https://github.com)', '\\[a\\](https://github.com)'],
  ['$\\href{https://evil.test}{x}$', '\\$\\href{`https://evil.test}{x}$`'],
])('links: %s', (given, expected) => expect(clean(given)).toBe(expected))

test.each([
  ['/merge now', '`/merge` now'],
  ['> /approve', '> `/approve`'],
  ['<!-- x -->/lgtm', ' `/lgtm`'],
  ['text\n  /close', 'text\n  `/close`'],
  ['```\n/close\n```', '```\n /close\n```'],
])('slash commands: %s', (given, expected) => expect(clean(given)).toBe(expected))

test('takes out HTML comments and invisible characters', () => {
  expect(clean('a <!-- hookyard:key --> b\u200b\u202e')).toBe('a   b')
  expect(clean('a <!-- open')).toBe('a &lt;!-- open')
  expect(clean('`<!-- x -->`')).toBe('`<! -- x -->`')
})

test('takes out what looks like a secret, in code too', () => {
  const token = 'ghp_' + 'a1B2'.repeat(9)
  expect(clean(`\`${token}\` and gh\u200bp_${'a1B2'.repeat(9)}`)).toBe(
    '`(secret removed)` and (secret removed)',
  )
})

test('keeps fenced code and what is in it', () => {
  const text = 'So:\n```ts\nconst a = `@x` // <b>\n```\nend'
  expect(clean(text)).toBe(text)
})

test.each([
  ['an unclosed fence is closed', '```\n@a', '```\n@a\n```'],
  [
    'a fence ends with the list that holds it',
    '- x\n  ```\n  c\n@mallory',
    '- x\n  ```\n  c\n  ```\n`@mallory`',
  ],
  ['an indented close counts', '```\na\n     ```\n@mallory', '```\na\n```\n`@mallory`'],
  ['a quoted fence is prose', '> ```\n@mallory\n> ```', '> \\`\\`\\`\n`@mallory`\n> \\`\\`\\`'],
  ['nobody commits what a model wrote with one click', '```suggestion\nrm -rf /\n```', '```\nrm -rf /\n```'],
  [
    'a drawing is shown as text',
    '```mermaid\nclick A "https://evil.test"\n```',
    '```\nclick A "https://evil.test"\n```',
  ],
])('%s', (_name, given, expected) => expect(clean(given)).toBe(expected))

test('an arbitrary text never keeps an unknown mention, a raw tag or an image outside code', () => {
  const pieces = fc.constantFrom(
    ...[
      '`',
      '``',
      '```\n',
      '\\',
      '@mallory',
      '<',
      '!',
      '[',
      ']',
      '(',
      ')',
      ':',
      '\n',
      ' ',
      '$',
      '&lt;',
      '<!--',
      '-->',
    ],
    ...[
      'https://evil.test',
      'https://github.com/x',
      '[a](https://github.com/b)',
      'www.',
      '  ',
      '- ',
      '~~~\n',
      'x',
      '1',
    ],
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 25 }), (parts) => {
      const prose = withoutCode(clean(parts.join('')))
      expect(prose).not.toMatch(/(?<![A-Za-z0-9])@mallory/)
      expect(prose).not.toContain('<')
      expect(prose).not.toMatch(/(?<!\\)!\[/)
      expect(prose).not.toMatch(/(?<![A-Za-z])(?:https?:\/\/|www\.)(?!github)[\w.:/@~-]*evil\.test/)
      expect(prose).not.toMatch(/(?<!\\)\]\((?!https:\/\/github\.com)/)
    }),
    { numRuns: 5_000 },
  )
})

/** The text without its fences and code spans, read the way CommonMark reads them: spans may cross lines. */
function withoutCode(text: string): string {
  const blocks: string[] = ['']
  let fence: string | null = null
  for (const line of text.split('\n')) {
    const mark = /^ {0,3}(`{3,}|~{3,})([^`]*)$/.exec(line)
    if (fence !== null) {
      if (mark?.[1]!.startsWith(fence) && mark[2]!.trim() === '') fence = null
      continue
    }
    if (mark !== null) {
      fence = mark[1]!
      blocks.push('')
    } else if (line.trim() === '') blocks.push('')
    else blocks[blocks.length - 1] += `${line}\n`
  }
  return blocks.map(withoutSpans).join('\n')
}

function withoutSpans(block: string): string {
  let prose = ''
  for (let at = 0; at < block.length;) {
    const run = /^`+/.exec(block.slice(at))?.[0]
    if (run === undefined) {
      const taken = block[at] === '\\' ? 2 : 1
      prose += block.slice(at, at + taken)
      at += taken
      continue
    }
    const rest = block.slice(at + run.length)
    const end = [...rest.matchAll(/`+/g)].find((other) => other[0].length === run.length)
    if (end === undefined) prose += run
    else prose += '\u00a7'
    at += run.length + (end === undefined ? 0 : end.index + run.length)
  }
  return prose
}

test('stays quick on a long hostile line', () => {
  for (const piece of ['`', '[', '<!--', '@', 'a.', 'a/', '![', '` a ', '\\', 'https://', ')']) {
    const started = process.cpuUsage().user
    clean(piece.repeat(20_000))
    expect(process.cpuUsage(undefined).user - started).toBeLessThan(5_000_000)
  }
})

test.each(['@a', '<!--', '`a``', '[a](', '\\'])(
  'half a million characters in one line of %j take no time',
  (piece) => {
    // What looks back over all of its output at every character takes many minutes.
    expect(clean(piece.repeat(500_000 / piece.length)).length).toBeGreaterThan(400_000)
  },
)

test('finds the hosts that the input names', () => {
  expect([...findHosts(['see https://Docs.Example.com:8080/x and (www.a.test)', 'http://b.test'])]).toEqual([
    'docs.example.com',
    'www.a.test',
    'b.test',
  ])
})

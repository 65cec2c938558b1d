// YAML has many ways to surprise: each of them ends in a value or in a problem with its line, never in a crash,
// a hang or a silent change.
import { expect, test } from 'vitest'
import { brief, readText } from '../../testing/config/read.ts'
import { readYaml } from './yaml-source.ts'

const value = (text: string) => readYaml(text, 'f.yaml').value
const problems = (text: string) => readYaml(text, 'f.yaml').problems.map(brief)

test.each([
  ['words of YAML 1.1 stay words', 'a: [yes, on, off, y]', { a: ['yes', 'on', 'off', 'y'] }],
  [
    'also when the file asks for YAML 1.1',
    '%YAML 1.1\n---\na: [yes, 017, 2020-01-01, 1:30]',
    { a: ['yes', 17, '2020-01-01', '1:30'] },
  ],
  ['Windows line ends', 'a: 1\r\nb:\r\n  - x\r\n', { a: 1, b: ['x'] }],
  ['a byte order mark', '\uFEFFa: 1', { a: 1 }],
  ['numbers as keys', '1: a\n0x10: b\n1.10: c', { 1: 'a', '0x10': 'b', '1.10': 'c' }],
  ['anchors and aliases', 'a: &x { b: 1 }\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
  [
    'merge keys, the written one wins',
    'a: &x { b: 1, c: 2 }\nd: { <<: *x, c: 3 }',
    { a: { b: 1, c: 2 }, d: { b: 1, c: 3 } },
  ],
  [
    'several merged maps, the first wins',
    'a: &x { k: 1 }\nb: &y { k: 2, l: 2 }\nc: { <<: [*x, *y] }',
    { a: { k: 1 }, b: { k: 2, l: 2 }, c: { k: 1, l: 2 } },
  ],
  ['block text', 'a: |\n  x\n  y\n', { a: 'x\ny\n' }],
  ['nothing', '', null],
  ['comments alone', '# a\n# b\n', null],
])('%s', (_name, text, expected) => {
  expect(problems(text)).toEqual([])
  expect(value(text)).toEqual(expected)
})

test.each([
  ['a tab', 'a:\n\tb: 1', '2:1 : a tab at the start of the line'],
  ['a bracket left open', 'a: [1, 2\nb: 3', '2:1 : a line that is indented too little or too much'],
  ['a quote left open', "a: 'x", '1:6 : something unfinished'],
  ['two colons', 'a: b: c', '1:4 : a second "key:" on one line'],
  ['a value that begins with @', 'a: @b', '1:4 : a value that begins with @ or a backtick'],
  ['a second document', 'a: 1\n---\nb: 2', '2:1 : a second document (---)'],
  ['a tag', 'a: !ruby/object x', '1:4 : a tag (!name) that means nothing here'],
  ['an alias of nothing', 'a: *b', '1:4 a: an alias (*name) without its anchor (&name) before it'],
  [
    'the same key twice, deep down',
    'a:\n  - b: 1\n    c: 2\n    b: 3',
    '4:5 a[0].b: the same key a second time',
  ],
  ['a key that is a map', '? { a: 1 }\n: 2', '1:3 : a key that is no plain text'],
  ['a key of nothing', ': 2', '1:1 : a key that is no plain text'],
  ['the key that changes objects', 'a: { __proto__: { admin: true } }', '1:6 a: the key __proto__'],
  ['a NUL', 'a: 1\nb: \0', '2:4 : a NUL character'],
  ['a variable between braces', 'a: { b: ${X} }', '1:10 : a variable without quotes between { } or [ ]'],
])('%s is told with its place', (_name, text, problem) => {
  expect(problems(text)).toEqual([problem])
})

test('after one unexpected token the rest of the line is not told again', () => {
  expect(problems('- 1\na: 2\nb: { c: d')).toHaveLength(1)
})

test('an alias bomb is defused', () => {
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    ...[...'bcdefghi'].map((name, index) => {
      const before = 'abcdefghi'[index]
      return `${name}: &${name} [${Array(9).fill(`*${before}`).join(', ')}]`
    }),
  ].join('\n')
  expect(problems(bomb)).toEqual([expect.stringContaining('more than 200000 values, aliases unfolded')])
})

test('an alias inside its own anchor ends', () => {
  expect(problems('a: &x [*x, *x]')).toEqual([expect.stringContaining('values nested deeper than 64 levels')])
})

test.each(['[', '{a: ', '- ', '? '])('ten thousand times %j is too deep, no crash', (piece) => {
  expect(problems(piece.repeat(10_000)).length).toBeGreaterThan(0)
})

test('a map of many keys takes no quadratic time', () => {
  // With a check of each key against all others this would take minutes.
  const text = Array.from({ length: 50_000 }, (_, index) => `k${index}: 1`).join('\n')
  expect(Object.keys(value(text) as object)).toHaveLength(50_000)
})

test('a file above 1 MiB is refused', () => {
  expect(problems(`a: ${'x'.repeat(1024 * 1024)}`)).toEqual(['0:0 : 1048579 bytes'])
})

test('a message about syntax quotes nothing of the file', () => {
  const { problems: found } = readText('github:\n  token: | ghp_abcdefghijklmnop\n  x')
  expect(found.length).toBeGreaterThan(0)
  expect(JSON.stringify(found)).not.toContain('ghp_')
})

test('every value knows where it is written, also behind an alias', () => {
  const source = readYaml('a:\n  - { b: 1 }\nc: &x\n  d: 2\ne: *x', 'f.yaml')
  expect(source.place(['a', 0, 'b'])).toEqual({ file: 'f.yaml', line: 2, column: 7, key: 'a[0].b' })
  expect(source.place(['a', 7, 'zz'])).toMatchObject({ line: 1, column: 1, key: 'a[7].zz' })
  expect(source.place(['e', 'd'])).toMatchObject({ line: 4, column: 3, key: 'e.d' })
})

test.each([
  ['a user named by a number', 'users: [{ name: 123, role: admin }]', ['users', 0, 'name'], '123'],
  ['with leading zeros', 'users: [{ name: 007, role: admin }]', ['users', 0, 'name'], '007'],
  ['a model that is no decimal', 'agent: { model: 4.10 }', ['agent', 'model'], '4.10'],
  ['an octal', 'agent: { model: 0o17 }', ['agent', 'model'], '0o17'],
  ['a secret of digits', 'inbound: { secret: 1_000 }', ['inbound', 'secret'], '1_000'],
  ['an exponent', 'inbound: { secret: 12e4 }', ['inbound', 'secret'], '12e4'],
  ['on is a name', 'users: [{ name: on, role: admin }]', ['users', 0, 'name'], 'on'],
])('where text is wanted, a number is taken as it was written: %s', (_name, text, path, expected) => {
  const { config, problems: found } = readText(text)
  expect(found).toEqual([])
  expect(path.reduce<unknown>((node, part) => (node as Record<string | number, unknown>)[part], config)).toBe(
    expected,
  )
})

test('the environment of the agent takes numbers and booleans as they were written', () => {
  const { config } = readText('agent:\n  env: { PORT: 080, DEBUG: true, RATE: 1.50 }')
  expect(config?.agent.env).toEqual({ PORT: '080', DEBUG: 'true', RATE: '1.50' })
})

test('a section with nothing in it is as if it were not there', () => {
  const { config, problems: found } = readText('server:\ntelegram:\nusers:\nrepos:\nagent:\n  model:\n')
  expect(found).toEqual([])
  expect(config).toMatchObject({ server: { port: 8080 }, repos: [], agent: { model: 'sonnet' } })
})

test.each(['- a', 'text', '5', 'true'])('a file that is no map is told so: %s', (text) => {
  expect(readText(text).problems).toEqual([
    expect.objectContaining({ key: '', expected: 'a map of KEY: value lines' }),
  ])
})

// Whatever stands in the file: a configuration, or at least one problem. Never a crash, and never a secret in it.
import fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { expect, test } from 'vitest'
import { formatProblems } from './problem.ts'
import { EVERYTHING } from '../../testing/config/everything.ts'
import { readText, SECRET } from '../../testing/config/read.ts'

/** A reading that is one of the two things it may be. */
function judged(text: string, env: Readonly<Record<string, string>> = SECRET) {
  const reading = readText(text, env)
  expect(reading.config === null).toBe(reading.problems.length > 0)
  for (const problem of [...reading.problems, ...reading.warnings]) {
    expect(problem.found).not.toBe('')
    expect(problem.expected).not.toBe('')
    expect(problem.line).toBeGreaterThanOrEqual(0)
    expect(problem.line).toBeLessThanOrEqual(text.split('\n').length)
  }
  return reading
}

test('any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => void judged(text)),
    { numRuns: 300 },
  )
})

test('any text of the characters that YAML is made of', () => {
  const piece = fc.constantFrom(
    'a',
    ': ',
    '- ',
    '\n',
    '  ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '&a ',
    '*a',
    '!x ',
    '|',
    '>',
    '#',
    '<<: ',
    '? ',
    '${A}',
    '${',
    ',',
    '%',
    '---\n',
    '\t',
    '0',
    '~',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => void judged(pieces.join(''))),
    { numRuns: 500 },
  )
})

test('any values under any known and unknown keys', () => {
  const word = fc.constantFrom(
    ...Object.keys(parse(EVERYTHING) as object),
    'webhook_secret',
    'token',
    'app',
    'name',
    'role',
    'config',
    'x',
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom('5m', 'admin', 'telegram:1', '${A}', 'a/b'),
      tie('map'),
      fc.array(tie('tree'), { maxLength: 3 }),
    ),
    map: fc.dictionary(word, tie('tree'), { maxKeys: 5 }),
  }))
  fc.assert(
    fc.property(fc.dictionary(word, tree, { maxKeys: 6 }), (value) => void judged(stringify(value))),
    { numRuns: 500 },
  )
})

const SECRETS = [
  'hush-webhook-1',
  'hush-token-2',
  'hush-inbound-3',
  'hush-bot-4',
  'hush-telegram-5',
  'hush-api-6',
  'hush-api-token-7',
]
const loud = EVERYTHING.replace('${GITHUB_WEBHOOK_SECRET}', 'hush-webhook-1')
  .replace('ghp_token', 'hush-token-2')
  .replace('inbound-secret', 'hush-inbound-3')
  .replace('123:abc', 'hush-bot-4')
  .replace('telegram-secret', 'hush-telegram-5')
  .replace('sk-key', 'hush-api-6')
  .replace('some-long-api-token', 'hush-api-token-7')

type Change = (parent: Record<string, unknown>, key: string) => void
const CHANGES: readonly Change[] = [
  (parent, key) => void (parent[key] = [parent[key]]),
  (parent, key) => void (parent[key] = { inside: parent[key] }),
  (parent, key) => void (parent[key] = `${String(parent[key])} `),
  (parent, key) => void (parent[key] = `\${${String(parent[key])}`),
  (parent, key) => void (parent[`${key}s`] = parent[key]),
  (parent, key) => void (parent[key] = null),
  (parent, key) => void (parent[key] = -1.5),
  (parent, key) => void delete parent[key],
]

function allKeys(node: unknown): [Record<string, unknown>, string][] {
  if (Array.isArray(node)) return node.flatMap(allKeys)
  if (typeof node !== 'object' || node === null) return []
  const map = node as Record<string, unknown>
  return Object.keys(map).flatMap((key) => [
    [map, key] as [Record<string, unknown>, string],
    ...allKeys(map[key]),
  ])
}

test('a good file with anything broken in it is told without its secrets', () => {
  expect(SECRETS.every((secret) => loud.includes(secret))).toBe(true)
  const change = fc.tuple(fc.nat(), fc.constantFrom(...CHANGES))
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const tree = parse(loud) as unknown
      for (const [at, apply] of changes) {
        const keys = allKeys(tree)
        const target = keys[at % Math.max(1, keys.length)]
        if (target) apply(...target)
      }
      const { problems, warnings } = judged(stringify(tree))
      const report = formatProblems([...problems, ...warnings])
      for (const secret of SECRETS) expect(report).not.toContain(secret)
    }),
    { numRuns: 500 },
  )
})

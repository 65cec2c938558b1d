// What may be in a body: values are counted before they are built, whatever else is odd has a clear answer.
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseObject, refuseManyValues } from './parse-object.ts'

const MIB = 1_048_576

const codeOf = (run: () => unknown): string => {
  try {
    run()
    return 'good'
  } catch (thrown) {
    return (thrown as { code: string }).code
  }
}

/** All values and keys in it. */
function count(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  const inner = Object.values(value).map(count)
  const keys = Array.isArray(value) ? 0 : inner.length
  return inner.reduce((sum, each) => sum + each, 1 + keys)
}

test('the count is that of the values and keys, in any notation', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
      const json = Buffer.from(JSON.stringify(value, null, indent))
      const values = count(value)
      // What is empty holds nothing, and is counted as if it held something.
      const empty = (json.toString().match(/[[{]\s*[\]}]/g) ?? []).length
      expect(codeOf(() => refuseManyValues(json, values + empty))).toBe('good')
      if (values > 1) expect(codeOf(() => refuseManyValues(json, values - 1))).toBe('too_large')
    }),
  )
})

test('brackets, commas and quotes within strings are no values', () => {
  const json = Buffer.from(JSON.stringify({ '[{,:"\\': '\\"[{,:'.repeat(100) }))
  expect(codeOf(() => refuseManyValues(json, 3))).toBe('good')
  expect(codeOf(() => refuseManyValues(json, 2))).toBe('too_large')
})

interface Example {
  readonly name: string
  readonly examples: readonly object[]
}
const official = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Example[]

test("25 MiB as dense as the densest list of GitHub's pass", () => {
  const { examples = [] } = official.find(({ name }) => name === 'installation') ?? {}
  const { repositories } = examples[0] as { repositories: readonly object[] }
  const one = JSON.stringify(repositories[0])
  const body = Buffer.from(
    `{"repositories":[${Array(Math.floor((25 * MIB - 100) / (one.length + 1)))
      .fill(one)
      .join(',')}]}`,
  )
  expect(body.length).toBeGreaterThan(24.9 * MIB)
  expect(codeOf(() => refuseManyValues(body, 2_500_000))).toBe('good')
})

test.each([
  ['a list of empty objects', `{"a":[${'{},'.repeat(2_000_000)}{}]}`, 'too_large'],
  ['numbers', `{"a":[${'1,'.repeat(3_000_000)}1]}`, 'too_large'],
  ['brackets that never end', '['.repeat(3_000_000), 'too_large'],
  ['a string of 25 MiB', `{"a":"${'x'.repeat(25 * MIB - 8)}"}`, 'good'],
  ['a string that never ends', `{"a":"${'x'.repeat(5 * MIB)}`, 'invalid_json'],
  ['a nest of 100,000', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'good'],
  ['a key twice', '{"a":1,"a":2}', 'good'],
  ['half a surrogate, escaped', String.raw`{"a":"\ud800"}`, 'good'],
  [
    'half a surrogate, in bytes',
    Buffer.from([...Buffer.from('{"a":"'), 0xed, 0xa0, 0x80, 0x22, 0x7d]),
    'invalid_json',
  ],
  ['a NUL, escaped', String.raw`{"a":"\u0000"}`, 'good'],
  ['a NUL, in bytes', '{"a":"\0"}', 'invalid_json'],
  ['a NUL behind it', '{}\0', 'invalid_json'],
  ['a byte order mark', '\uFEFF{}', 'invalid_json'],
  ['a number beyond all numbers', '{"a":1e999}', 'good'],
  ['an array', '[]', 'not_an_object'],
  ['nothing', '', 'invalid_json'],
])('%s', (_name, body, code) => {
  expect(codeOf(() => parseObject(Buffer.from(body)))).toBe(code)
})

test('of a key that comes twice the last counts', () => {
  expect(parseObject(Buffer.from('{"a":1,"a":2}'))).toEqual({ a: 2 })
})

// Authors' JSON Schemas: slips in them are found when they are read, values get defaults and exact complaints.
import { expect, test } from 'vitest'
import { compileSchema } from './json-schema-check.ts'

function check(schema: Record<string, unknown>, value: unknown) {
  const { check: run, faults } = compileSchema(schema)
  if (!run) throw new Error(JSON.stringify(faults))
  return run(value)
}

const LIMITS = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: { type: 'string', format: 'email' },
    'a/b~c': { enum: [1, 2] },
    list: { items: { type: 'integer' } },
  },
}

test.each([
  [{ name: 'a@b.c' }, []],
  [{}, [[['name'], 'nothing', 'a value for name']]],
  [{ name: 'x' }, [[['name'], '"x"', 'what does match format "email"']]],
  [{ name: 'a@b.c', nmae: 1 }, [[['nmae'], 'an unknown key', 'a known one']]],
  [{ name: 'a@b.c', 'a/b~c': 3 }, [[['a/b~c'], '3', 'one of 1, 2']]],
  [
    { name: 'a@b.c', list: [1, 'x', 2.5] },
    [
      [['list', 1], '"x"', 'integer'],
      [['list', 2], '2.5', 'integer'],
    ],
  ],
  ['text', [[[], '"text"', 'object']]],
])('%j', (value, expected) => {
  expect(check(LIMITS, value).faults.map(({ path, fault }) => [path, fault.found, fault.expected])).toEqual(
    expected,
  )
})

test('defaults are filled into a copy', () => {
  const given = { a: {} }
  const schema = { properties: { a: { properties: { b: { default: 5 } } } } }
  expect(check(schema, given)).toEqual({ value: { a: { b: 5 } }, faults: [] })
  expect(given).toEqual({ a: {} })
})

test.each([
  'https://json-schema.org/draft/2020-12/schema',
  'https://json-schema.org/draft/2019-09/schema',
  'http://json-schema.org/draft-07/schema#',
])('draft %s', ($schema) => {
  expect(check({ $schema, type: 'object', properties: { a: { const: 1 } } }, { a: 2 }).faults).toHaveLength(1)
})

test.each([
  ['another draft', { $schema: 'http://json-schema.org/draft-04/schema#' }, ['$schema']],
  ['a type that is none', { properties: { a: { type: 'strng' } } }, ['properties', 'a', 'type']],
  ['a bound that is a word', { properties: { a: { minimum: 'x' } } }, ['properties', 'a', 'minimum']],
  ['a misspelt keyword', { items: { type: 'object', propertis: {} } }, ['items', 'propertis']],
  ['a pattern that is none', { pattern: '(' }, []],
  ['a reference to nowhere', { $ref: 'https://example.org/schema' }, []],
])('a bad schema: %s', (_name, schema, path) => {
  expect(compileSchema(schema)).toMatchObject({ check: null, faults: [{ path }] })
})

test.each([
  ['words for editors', { markdownDescription: 'x', 'x-order': 1, enumNames: [] }],
  ['properties named like misspelt keywords', { properties: { requred: {}, typ: {}, propertis: {} } }],
  ['defaults where they have no effect', { anyOf: [{ type: 'string', default: 'x' }], default: 'y' }],
  ['a format of its own', { format: 'cron-line' }],
])('no objection to %s', (_name, schema) => {
  expect(compileSchema(schema).faults).toEqual([])
})

// What is called strict is strict as OpenAI reads it: a schema that it would refuse is never sent as one.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { strictProblem } from '../../../../testing/broker/agent/vendors/strict.ts'
import { toStrict } from './strict-schema.ts'

type Json = Record<string, unknown>

const object = (properties: Json, more: Json = {}): Json => ({
  ...{ type: 'object', additionalProperties: false, required: Object.keys(properties), properties },
  ...more,
})

test.each<[string, Json, boolean]>([
  ['every key required', object({ a: { type: 'string' } }), true],
  ['words without a type', object({ a: { enum: ['x', 'y'] } }), true],
  [
    'a list of objects',
    object({ a: { type: 'array', items: object({ b: { type: ['integer', 'null'] } }) } }),
    true,
  ],
  ['a choice', object({ a: { anyOf: [{ type: 'string' }, { type: 'null' }] } }), true],
  ['nothing in it', object({}), true],
  ['an optional key', object({ a: { type: 'string' } }, { required: [] }), false],
  ['other keys allowed', object({ a: { type: 'string' } }, { additionalProperties: true }), false],
  ['a free object', object({ a: { type: 'object' } }), false],
  ['a list of anything', object({ a: { type: 'array' } }), false],
  ['numbers and words without a type', object({ a: { enum: [1, 'x'] } }), false],
  ['a keyword that strictness has not', object({ a: { type: 'string', default: 'x' } }), false],
  ['a list at the root', { type: 'array', items: { type: 'string' } }, false],
])('%s', (_what, schema, strict) => {
  const result = toStrict(schema)
  expect(result.strict).toBe(strict)
  if (strict) expect(strictProblem(result.schema)).toBeNull()
})

test('a list of words gets its type, also deep inside, and data stays data', () => {
  const { schema } = toStrict(
    object({ a: { type: 'array', items: { enum: ['x'] } }, b: { const: { enum: ['y'] } } }),
  )
  expect(schema).toMatchObject({
    properties: { a: { items: { enum: ['x'], type: 'string' } }, b: { const: { enum: ['y'] } } },
  })
})

const { schema: anySchema } = fc.letrec<{ schema: Json }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Json>(
      { type: 'string' },
      { type: ['integer', 'null'] },
      { enum: ['a', 'b'] },
      { enum: [1, 2] },
      {},
      { const: 1 },
    ),
    fc.record({ type: fc.constant('array'), items: tie('schema') }, { requiredKeys: ['type'] }),
    fc.record({ anyOf: fc.array(tie('schema'), { maxLength: 2 }) }),
    fc
      .tuple(
        fc.dictionary(fc.constantFrom('a', 'b', 'enum', 'type'), tie('schema')),
        fc.boolean(),
        fc.boolean(),
      )
      .map(([properties, closed, all]) => ({
        type: 'object',
        properties,
        required: Object.keys(properties).slice(all ? 0 : 1),
        ...(closed && { additionalProperties: false }),
      })),
    fc.record({ allOf: fc.array(tie('schema'), { maxLength: 2 }) }),
  ),
}))

test('no schema that OpenAI refuses is called strict', () => {
  fc.assert(
    fc.property(anySchema, (schema) => {
      const result = toStrict(schema)
      if (result.strict) expect(strictProblem(result.schema)).toBeNull()
    }),
    { numRuns: 2_000 },
  )
})

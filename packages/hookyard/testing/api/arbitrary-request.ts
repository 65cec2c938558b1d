// Requests that nobody thought of, made from the OpenAPI document: what it allows, what it nearly allows, and noise.
import fc from 'fast-check'
import { sign } from '../receive/start-server.ts'
import type { Described, DescribedOperation, JsonSchema } from './openapi-document.ts'

export interface ArbitraryRequest {
  readonly operation: DescribedOperation
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload?: string
}

export interface Known {
  /** Values that exist, for the parameters of paths and queries. */
  readonly values: readonly string[]
  readonly tokens: readonly string[]
}

/** One request of any operation. */
export function arbitraryRequest(
  { operations, schemas }: Described,
  known: Known,
): fc.Arbitrary<ArbitraryRequest> {
  return fc.constantFrom(...operations).chain(({ path, method, is: operation }) =>
    fc
      .record({
        segment: segment(known.values),
        query: arbitraryQuery(operation, known.values),
        body: arbitraryBody(operation, schemas, known.values),
        token: fc.oneof(
          { weight: 8, arbitrary: fc.constantFrom(...known.tokens).map((token) => `Bearer ${token}`) },
          {
            weight: 1,
            arbitrary: fc.constantFrom('', 'Bearer', 'Bearer x', 'Basic cm9vdDpyb290', 'bearer  root-token'),
          },
        ),
        headers: arbitraryHeaders(operation),
      })
      .map(({ segment, query, body, token, headers }) => ({
        operation,
        method: method === 'get' ? ('GET' as const) : ('POST' as const),
        url: path.replace(/\{\w+\}/, () => segment) + query,
        headers: { ...headers, ...body.headers, ...(token === '' ? {} : { authorization: token }) },
        ...(body.payload === undefined ? {} : { payload: body.payload }),
      })),
  )
}

const text = () => fc.string({ unit: 'grapheme', maxLength: 20 })

/** A part of a path: something that exists, some text, or percent signs gone wrong. */
const segment = (values: readonly string[]) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...values).map(encodeURIComponent) },
    {
      weight: 2,
      arbitrary: text()
        .filter((some) => some !== '')
        .map(encodeURIComponent),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('%00', '%', '%zz', '%c0%af', '..%2f..', '__proto__', 'a'.repeat(600), '%2e'),
    },
  )

function arbitraryQuery(
  { parameters = [] }: DescribedOperation,
  values: readonly string[],
): fc.Arbitrary<string> {
  const pairs = parameters
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, schema, required }) =>
      fc
        .option(fc.oneof(fromSchema(schema, {}), fc.constantFrom(...values), text()), {
          freq: required ? 20 : 1,
        })
        .map((value) => (value === null ? '' : `${name}=${encodeURIComponent(String(value))}`)),
    )
  const noise = fc.oneof(
    { weight: 12, arbitrary: fc.constant('') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('a=b', 'limit=1&limit=2', '=', '%zz=%', '__proto__=1', 'cursor[]=1'),
    },
  )
  return fc.tuple(...pairs, noise).map((all) => {
    const given = all.filter((pair) => pair !== '')
    return given.length === 0 ? '' : `?${given.join('&')}`
  })
}

interface Body {
  readonly payload?: string
  readonly headers: Readonly<Record<string, string>>
}

const json = (value: unknown): Body => ({
  payload: JSON.stringify(value) ?? 'null',
  headers: { 'content-type': 'application/json' },
})

function arbitraryBody(
  { requestBody, operationId }: DescribedOperation,
  schemas: Described['schemas'],
  values: readonly string[],
): fc.Arbitrary<Body> {
  const schema = requestBody?.content['application/json']?.schema
  const noise = fc.oneof(
    fc.constant<Body>({ headers: {} }),
    fc.constant<Body>({ headers: { 'content-type': 'application/json' } }),
    fc.anything().map(json),
    fc
      .dictionary(
        fc.constantFrom('entity', 'input', 'answer', 'message', '__proto__', 'jsonrpc'),
        fc.anything(),
      )
      .map(json),
    fc
      .constantFrom(
        '{',
        '[]',
        'null',
        '"x"',
        '{"a":'.repeat(100) + '1' + '}'.repeat(100),
        '\u0000',
        '{"a":1e999}',
      )
      .map((payload): Body => ({ payload, headers: { 'content-type': 'application/json' } })),
    fc
      .constantFrom('text/plain', 'application/xml', 'application/json; charset=latin1', '')
      .map((type): Body => ({ payload: 'a=b', headers: type === '' ? {} : { 'content-type': type } })),
  )
  if (!schema) return noise
  const fitting = fromSchema(resolved(schema, schemas), schemas, values).map(json)
  const signed = fitting.map((body) =>
    operationId === 'receiveGitHubWebhook'
      ? { ...body, headers: { ...body.headers, 'x-hub-signature-256': sign(body.payload ?? '') } }
      : body,
  )
  return fc.oneof({ weight: 3, arbitrary: signed }, { weight: 1, arbitrary: noise })
}

function arbitraryHeaders({ operationId }: DescribedOperation): fc.Arbitrary<Record<string, string>> {
  if (operationId === 'receiveGitHubWebhook') {
    return fc.record({
      'x-github-event': fc.constantFrom('push', 'issues', 'pull_request', 'ping', 'ping!', ''),
      'x-github-delivery': fc.constantFrom('dispatched-1', 'a', 'b', 'c d', ''),
      'x-github-hook-id': fc.constantFrom('1', '7', 'x'),
    })
  }
  if (operationId === 'receiveWebhook') {
    return fc.record({ 'x-webhook-secret': fc.constantFrom('inbound-secret', 'inbound-secret', 'x') })
  }
  if (operationId === 'receiveTelegramUpdate') {
    return fc.record({
      'x-telegram-bot-api-secret-token': fc.constantFrom('telegram-secret', 'telegram-secret', 'x'),
    })
  }
  if (operationId !== 'callMcp') return fc.constant({})
  return fc.record({
    accept: fc.constantFrom(
      'application/json, text/event-stream',
      'application/json, text/event-stream',
      '*/*',
    ),
    'mcp-protocol-version': fc.constantFrom('2025-06-18', '2025-06-18', '1999-01-01'),
  })
}

/** A value that the schema allows, or one of the known ones where it wants a text. */
function fromSchema(
  schema: JsonSchema,
  schemas: Described['schemas'],
  values: readonly string[] = [],
): fc.Arbitrary<unknown> {
  const {
    enum: choices,
    const: constant,
    type,
    properties = {},
    required = [],
    anyOf,
    minimum,
    maximum,
  } = schema as {
    enum?: unknown[]
    const?: unknown
    type?: string
    properties?: Record<string, JsonSchema>
    required?: string[]
    anyOf?: JsonSchema[]
    minimum?: number
    maximum?: number
  }
  if (choices) return fc.constantFrom(...choices)
  if (constant !== undefined) return fc.constant(constant)
  if (anyOf) return fc.oneof(...anyOf.map((one) => fromSchema(resolved(one, schemas), schemas, values)))
  if (type === 'string') return fc.oneof(text(), ...(values.length > 0 ? [fc.constantFrom(...values)] : []))
  if (type === 'integer') return fc.integer({ min: minimum ?? -5, max: maximum ?? 1_000 })
  if (type === 'boolean') return fc.boolean()
  if (type !== 'object') return fc.jsonValue()
  const fields = Object.entries(properties).map(([name, inner]): [string, fc.Arbitrary<unknown>] => [
    name,
    fromSchema(resolved(inner, schemas), schemas, values),
  ])
  return fc.record(Object.fromEntries(fields), { requiredKeys: required })
}

function resolved(schema: JsonSchema, schemas: Described['schemas']): JsonSchema {
  const name = /^#\/components\/schemas\/(\w+)$/.exec(String(schema['$ref'] ?? ''))?.[1]
  return (name === undefined ? undefined : schemas[name]) ?? schema
}

// The OpenAPI 3.1 document, from the very schemas that check requests and shape answers.
import { z } from 'zod'
import { type Code, CODES } from '../lib/errors.ts'
import type { Description } from './operation.ts'
import { shapes } from './shapes.ts'

type Json = Record<string, unknown>

/** A path has the first tag that fits. */
const TAGS = [
  ['modules', 'What is installed, and starting it by hand', /^\/api\/modules/],
  ['runs', 'One module on one trigger', /^\/api\/runs/],
  ['deliveries', 'What came in, and what became of it', /^\/api\/(deliveries|why)/],
  ['users', 'Who is who', /^\/api\/users/],
  ['service', 'The service itself', /^\/(?!webhook)/],
  ['webhooks', 'Ways in for other programs', /^/],
] as const

/** The document. `publicUrl`: where the service is reached from outside, if that is known. */
export function openApiDocument(
  descriptions: readonly Description[],
  { version, publicUrl }: { readonly version: string; readonly publicUrl: string | null },
): Json {
  const paths: Record<string, Json> = {}
  for (const description of descriptions) {
    const { path, method } = description
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(description) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hookyard',
      version,
      description:
        'GitHub webhooks in, modules run, people hear of it. A token acts as its user: it sees what that user may see, and tells nobody else.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl ?? '/' }],
    tags: TAGS.map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token of `api_tokens` in hookyard.yaml' },
      },
      schemas: componentSchemas(),
    },
  }
}

function operationOf(description: Description): Json {
  const { id, path, summary, description: text, scope, params, query, headers } = description
  const parameters = [
    ...parametersIn('path', params),
    ...parametersIn('query', query),
    ...parametersIn('header', headers),
  ]
  return {
    operationId: id,
    tags: [TAGS.find(([, , paths]) => paths.test(path))?.[0]],
    summary,
    ...(text === undefined ? {} : { description: text }),
    // For bearer tokens the list names roles: here, the scope.
    security: scope === 'open' ? [] : [{ token: scope === 'token' ? [] : [scope] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBody(description),
    // Where an operation answers a status by itself, that answer counts.
    responses: { ...refusals(description), ...goodAnswers(description) },
  }
}

function parametersIn(place: 'path' | 'query' | 'header', schema: z.ZodObject | undefined): Json[] {
  if (!schema) return []
  const { properties, required } = jsonSchema(schema, 'input') as {
    properties: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: required?.includes(name) ?? false,
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }))
}

const FORM = { type: 'object', properties: { payload: { type: 'string' } }, required: ['payload'] }

function requestBody({ body, bodyTypes = ['application/json'] }: Description): Json {
  if (!body) return {}
  const schema = jsonSchema(body, 'input')
  const content = bodyTypes.map((type) => [type, { schema: type === 'application/json' ? schema : FORM }])
  return { requestBody: { content: Object.fromEntries(content) as Json } }
}

const goodAnswers = ({ answers }: Description): Json =>
  Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema, contentType = 'application/json' }]) => {
      const content = schema && {
        [contentType.split(';')[0] ?? '']: { schema: jsonSchema(schema, 'output') },
      }
      return [status, { description, ...(content && { content }) }]
    }),
  )

const OF_BODIES = [
  'invalid_json',
  'not_an_object',
  'invalid_input',
  'unsupported_media_type',
  'too_large',
] as const

/** The codes that the operation may answer with, in the order of the alphabet. */
function codesOf({ scope, method, params, query, refusals = [] }: Description): Code[] {
  const codes = new Set<Code>(refusals)
  const add = (applies: unknown, more: readonly Code[]) => applies && more.forEach((code) => codes.add(code))
  // What asks for no token names all of its refusals itself.
  add(scope !== 'open', ['unauthorized', 'rate_limited'])
  add(scope !== 'open' && scope !== 'token', ['insufficient_scope', 'storage_unavailable'])
  add(scope !== 'open' && method === 'POST', OF_BODIES)
  add(query, ['invalid_input'])
  // What no path can hold leads nowhere.
  add(params, ['not_found'])
  return [...codes].toSorted()
}

const refusals = (description: Description): Json =>
  Object.fromEntries(
    Array.from(
      Map.groupBy(codesOf(description), (code) => CODES[code]),
      ([status, codes]) => [
        status,
        {
          description: codes.map((code) => `\`${code}\``).join(', '),
          ...HEADERS[status],
          content: { 'application/json': { schema: errorSchema(codes) } },
        },
      ],
    ),
  )

const header = (name: string, schema: Json, description: string) => ({
  headers: { [name]: { schema, description } },
})
const AUTHENTICATE = header('WWW-Authenticate', { type: 'string' }, 'What was missing')
const RETRY = header('Retry-After', { type: 'integer', minimum: 1 }, 'Seconds to wait')
const HEADERS: Readonly<Record<number, Json>> = {
  401: AUTHENTICATE,
  403: AUTHENTICATE,
  429: RETRY,
  503: RETRY,
}

const errorSchema = (codes: readonly Code[]): Json => ({
  type: 'object',
  properties: {
    error: { type: 'string', description: 'A sentence for people' },
    code: { type: 'string', enum: codes },
  },
  required: ['error', 'code'],
})

const uri = (id: string) => `#/components/schemas/${id}`

/** All named shapes; those of bodies are the same in both directions, having no defaults. */
function componentSchemas(): Json {
  const { schemas } = z.toJSONSchema(shapes, { io: 'output', override, uri })
  const bare = ([id, { $schema: _schema, $id: _id, ...rest }]: [string, Json]) => [id, rest]
  return Object.fromEntries(Object.entries(schemas).map(bare)) as Json
}

/** A reference to a named shape, else the schema itself. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const id = shapes.get(schema)?.id
  if (id !== undefined) return { $ref: uri(id) }
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, override })
  return rest
}

const override: NonNullable<z.core.ToJSONSchemaParams['override']> = ({ zodSchema, jsonSchema: json }) => {
  // An answer may grow a field without breaking anybody; a body that has one too many is refused.
  const { catchall } = zodSchema._zod.def as { catchall?: z.core.$ZodType }
  if (json.additionalProperties === false && catchall?._zod.def.type !== 'never') {
    delete json.additionalProperties
  }
  // The pattern says what the format says, in two hundred characters.
  if (json.format === 'date-time') delete json.pattern
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum
}

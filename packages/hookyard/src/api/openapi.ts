// The OpenAPI 3.1 document, from the very schemas that validate requests and shape answers.
import { z } from 'zod'
import type { Code } from '../lib/errors.ts'
import type { Answer, Description, Tag } from './operation.ts'
import { refusalsOf } from './refusals.ts'
import { shapes } from './shapes.ts'

type Json = Record<string, unknown>

const TAGS: Readonly<Record<Tag, string>> = {
  modules: 'What is installed, and starting it by hand',
  runs: 'One module on one trigger',
  deliveries: 'What came in, and what became of it',
  users: 'Who is who',
  service: 'The service itself',
  webhooks: 'Ways in for other programs',
}

export interface DocumentOptions {
  readonly version: string
  /** Where the service is reached from outside, if that is known. */
  readonly publicUrl: string | null
}

/** The document that describes these operations. */
export function openApiDocument(
  descriptions: readonly Description[],
  { version, publicUrl }: DocumentOptions,
): Json {
  const paths: Record<string, Json> = {}
  for (const description of descriptions) {
    paths[description.path] = { ...paths[description.path], [description.method]: operationOf(description) }
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
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
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
  const { id, tag, summary, description: text, scope, params, query, headers } = description
  const parameters = [
    ...parametersIn('path', params),
    ...parametersIn('query', query),
    ...parametersIn('header', headers),
  ]
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(text === undefined ? {} : { description: text }),
    // For bearer tokens the list names roles: here, the scope.
    security: scope === 'open' ? [] : [{ token: scope === 'token' ? [] : [scope] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBody(description),
    responses: { ...refusals(description), ...goodAnswers(description) },
  }
}

function parametersIn(place: 'path' | 'query' | 'header', schema: z.ZodObject | undefined): Json[] {
  if (!schema) return []
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }))
}

function requestBody({ body, bodyTypes = ['application/json'] }: Description): Json {
  if (!body) return {}
  const schema = shapes.has(body) ? refTo(body) : jsonSchema(body, 'input')
  const form = { type: 'object', properties: { payload: { type: 'string' } }, required: ['payload'] }
  const content = bodyTypes.map((type) => [type, { schema: type === 'application/json' ? schema : form }])
  return { requestBody: { content: Object.fromEntries(content) as Json } }
}

function goodAnswers({ answers }: Description): Json {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema, contentType }]) => [
      status,
      {
        description,
        ...(schema && { content: { [bareType(contentType)]: { schema: answerSchema(schema) } } }),
      },
    ]),
  )
}

const bareType = (type: Answer['contentType']) => type?.split(';')[0] ?? 'application/json'

const answerSchema = (schema: z.ZodType) =>
  shapes.has(schema) ? refTo(schema) : jsonSchema(schema, 'output')

/** Where an operation answers a status by itself, that answer counts. */
function refusals(description: Description): Json {
  return Object.fromEntries(
    [...refusalsOf(description)].map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\``).join(', '),
        ...headersOf(status),
        content: { 'application/json': { schema: errorSchema(codes) } },
      },
    ]),
  )
}

function headersOf(status: number): Json {
  if (status === 401 || status === 403) {
    return {
      headers: { 'WWW-Authenticate': { schema: { type: 'string' }, description: 'What was missing' } },
    }
  }
  if (status !== 429 && status !== 503) return {}
  const schema = { type: 'integer', minimum: 1 }
  return { headers: { 'Retry-After': { schema, description: 'Seconds to wait' } } }
}

const errorSchema = (codes: readonly Code[]): Json => ({
  type: 'object',
  properties: {
    error: { type: 'string', description: 'A sentence for people' },
    code: { type: 'string', enum: codes },
  },
  required: ['error', 'code'],
})

const uriOf = (id: string) => `#/components/schemas/${id}`
const refTo = (schema: z.ZodType): Json => ({ $ref: uriOf(shapes.get(schema)?.id ?? '') })

/** All named shapes; those of bodies are the same in both directions, having no defaults. */
function componentSchemas(): Json {
  const { schemas } = z.toJSONSchema(shapes, { ...settings('output'), uri: uriOf })
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _schema, $id: _id, ...rest }]) => [id, rest]),
  )
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, settings(io))
  return rest
}

const settings = (io: 'input' | 'output') =>
  ({
    io,
    override({ zodSchema, jsonSchema: json }) {
      // An answer may grow a field without breaking anybody; a body that has one too many is refused.
      const { catchall } = zodSchema._zod.def as { catchall?: z.core.$ZodType }
      if (json.additionalProperties === false && catchall?._zod.def.type !== 'never') {
        delete json.additionalProperties
      }
      // The pattern says what the format says, in two hundred characters.
      if (json.format === 'date-time') delete json.pattern
      if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum
      if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum
    },
  }) satisfies Parameters<typeof z.toJSONSchema>[1]

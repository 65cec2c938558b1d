// Holds answers against the OpenAPI document: a status or a field that it does not describe is a fault.
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

export interface DescribedOperation {
  readonly operationId: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: 'path' | 'query' | 'header'
    readonly required: boolean
    readonly schema: JsonSchema
  }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> }
  readonly responses: Readonly<Record<string, DescribedResponse>>
}

interface DescribedResponse {
  readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>>
}

export type JsonSchema = Readonly<Record<string, unknown>>

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}

/** An answer as it was received. */
export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export interface Described {
  readonly operations: readonly {
    readonly path: string
    readonly method: string
    readonly is: DescribedOperation
  }[]
  readonly schemas: OpenApiDocument['components']['schemas']
  /** What the document has against an answer of this operation; null when it describes it. */
  fault(operation: DescribedOperation, answer: Answer): string | null
}

/** Reads the document. Shapes count as closed here, so that a field that nobody described is found. */
export function readDocument(document: OpenApiDocument): Described {
  const ajv = new Ajv2020({ allErrors: true, strict: false })
  addFormats.default(ajv)
  ajv.addSchema({ $id: 'api', components: closed(document.components) as object })
  const compiled = new Map<string, ValidateFunction>()
  const check = (schema: JsonSchema) => {
    const key = JSON.stringify(schema)
    const known = compiled.get(key)
    if (known) return known
    const text = JSON.stringify(closed(schema)).replaceAll('"#/components/', '"api#/components/')
    const made = ajv.compile(JSON.parse(text) as object)
    compiled.set(key, made)
    return made
  }
  return {
    schemas: document.components.schemas,
    operations: Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, is]) => ({ path, method, is })),
    ),
    fault(operation, { status, contentType, body }) {
      const described = operation.responses[status]
      if (!described) return `answers ${status}, which is not described: ${body.slice(0, 500)}`
      if (!described.content)
        return body === '' ? null : `answers ${status} with a body, and none is described`
      const bare = contentType.split(';')[0] ?? ''
      const schema = described.content[bare]?.schema
      if (!schema) return `answers ${status} as ${contentType}, which is not described`
      const validate = check(schema)
      if (validate(bare === 'application/json' ? JSON.parse(body) : body)) return null
      return `answers ${status} otherwise than described: ${ajv.errorsText(validate.errors)}: ${body.slice(0, 500)}`
    },
  }
}

/** The schema with every object closed that lists its properties and says nothing of others. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  const lists = inner['type'] === 'object' && inner['properties'] !== undefined
  return lists && inner['additionalProperties'] === undefined
    ? { ...inner, additionalProperties: false }
    : inner
}

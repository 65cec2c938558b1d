// GitHub's description of its REST API (openapi.json, extracted from @octokit/openapi), made executable: finds
// the operation of a request, checks what was sent and checks what is answered.
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import type { ErrorObject, ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { convertComponents, toJsonSchema, undescribed } from './json-schema.ts'
import { isObject } from '../is-object.ts'

interface DescribedParameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly schema: unknown
}

interface DescribedContent {
  readonly content?: { readonly 'application/json': { readonly schema: unknown } }
}

interface DescribedOperation {
  readonly operationId: string
  readonly externalDocs: { readonly url: string }
  readonly parameters: readonly DescribedParameter[]
  readonly requestBody?: DescribedContent & { readonly required: boolean }
  readonly responses: Readonly<Record<string, DescribedContent>>
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> }
}

export interface Operation {
  /** `pulls/get`, `issues/create-comment` … */
  readonly id: string
  readonly method: string
  /** The template: `/repos/{owner}/{repo}`. */
  readonly path: string
  /** The page of GitHub's documentation, for `documentation_url`. */
  readonly docs: string
}

/** What is wrong with a request. `undescribed`: GitHub ignores it, but the sender surely meant something. */
export interface Problem {
  readonly kind: 'path' | 'query' | 'body' | 'undescribed'
  /** As GitHub words it. */
  readonly message: string
}

export interface Description {
  readonly operations: readonly Operation[]
  find(method: string, pathname: string): { operation: Operation; params: Record<string, string> } | null
  /** `query` and `params` are strings, as they came; `body` undefined when there was none. */
  checkRequest(
    operation: Operation,
    request: { params: Record<string, string>; query: URLSearchParams; body: unknown },
  ): Problem[]
  /** What is wrong with our own answer; empty when it is as described. */
  checkAnswer(operation: Operation, status: number, body: unknown): string[]
}

interface Compiled extends Operation {
  readonly described: DescribedOperation
  readonly pattern: RegExp
  readonly names: readonly string[]
  readonly literals: number
}

/** Parameters that may hold slashes, unescaped: names of branches. */
const SLASHED = new Set(['ref', 'basehead'])

/** Answers whose description is wrong: an account here would have to be a user and an enterprise at once. */
const CORRECTED: Readonly<Record<string, unknown>> = {
  'apps/list-installations answer 200': {
    type: 'array',
    items: { $ref: '#/components/schemas/installation' },
  },
}

let loaded: Description | undefined

/** GitHub's description, one for all stand-ins of a process; schemas are compiled when first needed. */
export const loadDescription = (): Description => (loaded ??= readDescription())

function readDescription(): Description {
  const file = new URL('./openapi.json', import.meta.url)
  const document = JSON.parse(readFileSync(file, 'utf8')) as Document
  const { schemas } = document.components
  const operations = Object.entries(document.paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]) => compile(method, path, described)),
    )
    // `issues/comments` before `issues/{issue_number}`.
    .sort((a, b) => b.literals - a.literals)
  const check = createChecker(schemas)
  const lookUp = (operation: Operation) => (operation as Compiled).described

  return {
    operations,
    find(method, pathname) {
      for (const operation of operations) {
        const match = operation.method === method ? operation.pattern.exec(pathname) : null
        if (match) return { operation, params: namedGroups(operation.names, match) }
      }
      return null
    },
    checkRequest(operation, { params, query, body }) {
      const described = lookUp(operation)
      return [
        ...checkParameters(operation, described, 'path', params, check),
        ...checkParameters(operation, described, 'query', queryObject(described, query), check),
        ...checkBody(operation, described, body, check, schemas),
      ]
    },
    checkAnswer(operation, status, body) {
      const key = `${operation.id} answer ${status}`
      const response = lookUp(operation).responses[String(status)]
      // Statuses that the description leaves out (401, 403 …) come with the plain error shape.
      const basic = { $ref: '#/components/schemas/basic-error' }
      const described = response
        ? response.content?.['application/json'].schema
        : status >= 400
          ? basic
          : undefined
      const schema = CORRECTED[key] ?? described
      if (!response && status < 400 && status !== 304) return [`status ${status} is not described`]
      if (schema === undefined)
        return body === undefined ? [] : [`status ${status} has no body in the description`]
      const errors = check(key, schema, body)
      // GitHub's refusals carry their status in the body, too, which the description forgot.
      const extra =
        status >= 400 ? [] : undescribed(schema, body, schemas).map((name) => `${name} is not described`)
      return [...errors.map((error) => `${error.instancePath || '/'} ${error.message ?? ''}`), ...extra]
    },
  }
}

type Check = (key: string, schema: unknown, value: unknown, coerce?: boolean) => ErrorObject[]

function createChecker(schemas: Readonly<Record<string, unknown>>): Check {
  const options = { strict: false, allErrors: true, verbose: true } as const
  const [exact, coercing] = [new Ajv(options), new Ajv({ ...options, coerceTypes: 'array' })]
  const components = convertComponents(schemas)
  for (const ajv of [exact, coercing]) {
    addFormats.default(ajv)
    ajv.addSchema(components)
  }
  const compiled = new Map<string, ValidateFunction>()
  return (key, schema, value, coerce = false) => {
    let validate = compiled.get(key)
    if (!validate) {
      validate = (coerce ? coercing : exact).compile(toJsonSchema(schema) as object)
      compiled.set(key, validate)
    }
    return validate(value) ? [] : (validate.errors ?? [])
  }
}

function compile(method: string, path: string, described: DescribedOperation): Compiled {
  const names: string[] = []
  // A file's path may be empty (the root folder), and octokit then leaves its slash out, too.
  const source = path.replace(/[.]|\/\{path\}|\{(\w+)\}/g, (whole, name?: string) => {
    if (whole === '.') return '\\.'
    names.push(name ?? 'path')
    if (name === undefined) return '(?:/(.*))?'
    return SLASHED.has(name) ? '(.+)' : '([^/]+)'
  })
  return {
    id: described.operationId,
    method: method.toUpperCase(),
    path,
    docs: described.externalDocs.url,
    described,
    pattern: new RegExp(`^${source}$`),
    names,
    literals: path.split('/').filter((part) => part && !part.startsWith('{')).length,
  }
}

function namedGroups(names: readonly string[], match: RegExpExecArray): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, decode(match[index + 1] ?? '')]))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Repeated parameters become arrays, the rest strings; ajv then coerces them to the described types. */
function queryObject(described: DescribedOperation, query: URLSearchParams): Record<string, unknown> {
  const isArray = (name: string) => {
    const schema = described.parameters.find((parameter) => parameter.name === name)?.schema
    return isObject(schema) && schema.type === 'array'
  }
  return Object.fromEntries(
    [...new Set(query.keys())].map((name) => [name, isArray(name) ? query.getAll(name) : query.get(name)]),
  )
}

function checkParameters(
  operation: Operation,
  described: DescribedOperation,
  where: 'path' | 'query',
  values: Record<string, unknown>,
  check: Check,
): Problem[] {
  const parameters = described.parameters.filter((parameter) => parameter.in === where)
  const schema = {
    type: 'object',
    properties: Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.schema])),
    required: parameters.filter((parameter) => parameter.required).map((parameter) => parameter.name),
  }
  const wrong = check(`${operation.id} ${where}`, schema, { ...values }, true)
  const unknown = Object.keys(values).filter(
    (name) => !parameters.some((parameter) => parameter.name === name),
  )
  return [
    ...wrong.map((error) => ({ kind: where, message: phrase(error) })),
    ...unknown.map((name) => ({
      kind: 'undescribed' as const,
      message: `the query parameter ${name} is not described`,
    })),
  ]
}

function checkBody(
  operation: Operation,
  { requestBody }: DescribedOperation,
  body: unknown,
  check: Check,
  schemas: Readonly<Record<string, unknown>>,
): Problem[] {
  const schema = requestBody?.content?.['application/json'].schema
  if (!requestBody || schema === undefined) {
    // Octokit sends `{}` nowhere; a body that nobody reads is a mistake of the caller.
    return body === undefined ? [] : [{ kind: 'undescribed', message: 'this operation takes no body' }]
  }
  if (body === undefined) {
    return requestBody.required
      ? [{ kind: 'body', message: "For 'links/0/schema', nil is not an object." }]
      : []
  }
  const errors = check(`${operation.id} body`, schema, body).filter((error) => error.keyword !== 'anyOf')
  return [
    ...errors.map((error) => ({ kind: 'body' as const, message: phrase(error) })),
    ...undescribed(schema, body, schemas).map((name) => ({
      kind: 'undescribed' as const,
      message: `the body property ${name} is not described`,
    })),
  ]
}

/** An ajv error in GitHub's words. */
function phrase({ keyword, instancePath, params, data, message = '' }: ErrorObject): string {
  const at = `properties${instancePath}`
  const detail = params as Record<string, unknown>
  const value = data === null ? 'nil' : JSON.stringify(data)
  if (keyword === 'required') return `"${String(detail.missingProperty)}" wasn't supplied.`
  if (keyword === 'additionalProperties')
    return `"${String(detail.additionalProperty)}" is not a permitted key.`
  if (keyword === 'type') return `For '${at}', ${value} is not a ${String(detail.type).replace(',', ' or ')}.`
  if (keyword === 'enum')
    return `For '${at}', ${value} is not a member of ${JSON.stringify(detail.allowedValues)}.`
  return `For '${at}', ${value} ${message}.`
}

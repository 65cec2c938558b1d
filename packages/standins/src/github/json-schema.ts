// OpenAPI 3.0's dialect as the JSON Schema that ajv reads, and a walk that finds properties nobody described.
import { isObject } from '../is-object.ts'

/** A JSON Schema that ajv takes. */
export type Schema = { readonly [key: string]: unknown }

/** Formats that ajv-formats knows; the description's others (`repo.nwo`, `ssh-key` …) say nothing checkable. */
const FORMATS = new Set(['date-time', 'date', 'uri', 'email', 'int32', 'int64', 'float', 'double'])

const HEAD_REPO = ['properties', 'head', 'properties', 'repo']

/**
 * Where GitHub answers null and its description forgot to say so: a pull request whose fork is gone has no
 * `head.repo`, a label without a description is one in a list of pull requests too, and so is an issue without a
 * text among the hits of a search.
 */
const MORE_NULLS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'pull-request': [HEAD_REPO],
  'issue-search-result-item': [['properties', 'body']],
  'pull-request-simple': [HEAD_REPO, ['properties', 'labels', 'items', 'properties', 'description']],
}

/** The schemas of `components`, ready for `ajv.addSchema` under the id `github`. */
export function convertComponents(schemas: Readonly<Record<string, unknown>>): Schema {
  const converted = Object.entries(schemas).map(([name, schema]) => {
    const copy = structuredClone(schema)
    for (const path of MORE_NULLS[name] ?? []) {
      const target = path.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), copy)
      if (isObject(target)) target.nullable = true
    }
    return [name, toJsonSchema(copy)]
  })
  return { $id: 'github', schemas: Object.fromEntries(converted) as Schema }
}

/** `nullable` becomes a type or a second branch, references point into the schema `github`, unknown formats go. */
export function toJsonSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(toJsonSchema)
  if (!isObject(schema)) return schema
  const { nullable, $ref, format, properties, discriminator: _, ...rest } = schema
  const plain: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(rest)) {
    plain[key] = key === 'enum' || key === 'required' ? value : toJsonSchema(value)
  }
  if (typeof $ref === 'string') plain.$ref = `github#/schemas/${schemaName($ref)}`
  if (typeof format === 'string' && FORMATS.has(format)) plain.format = format
  if (isObject(properties)) {
    plain.properties = Object.fromEntries(
      Object.entries(properties).map(([name, value]) => [name, toJsonSchema(value)]),
    )
  }
  if (nullable !== true) return plain
  if (typeof plain.type !== 'string') return { anyOf: [plain, { type: 'null' }] }
  if (Array.isArray(plain.enum)) plain.enum = [...(plain.enum as unknown[]), null]
  return { ...plain, type: [plain.type, 'null'] }
}

const schemaName = (ref: string) => ref.split('/').at(-1) ?? ''

/**
 * Paths of properties that the (OpenAPI) schema does not describe, `comments/0/lien` for example. Only where it
 * lists properties and leaves further ones unmentioned; alternatives (`oneOf` …) are not looked into unless
 * there is only one.
 */
export function undescribed(
  schema: unknown,
  value: unknown,
  components: Readonly<Record<string, unknown>>,
  path = '',
): string[] {
  if (!isObject(schema)) return []
  if (typeof schema.$ref === 'string')
    return undescribed(components[schemaName(schema.$ref)], value, components, path)
  const alternatives = schema.oneOf ?? schema.anyOf ?? schema.allOf
  if (Array.isArray(alternatives)) {
    return alternatives.length === 1 ? undescribed(alternatives[0], value, components, path) : []
  }
  if (Array.isArray(value)) {
    return value.flatMap((entry, index) => undescribed(schema.items, entry, components, `${path}${index}/`))
  }
  if (!isObject(value) || !isObject(schema.properties) || schema.additionalProperties !== undefined) return []
  const described = schema.properties
  return Object.entries(value).flatMap(([name, entry]) =>
    name in described
      ? undescribed(described[name], entry, components, `${path}${name}/`)
      : [`${path}${name}`],
  )
}

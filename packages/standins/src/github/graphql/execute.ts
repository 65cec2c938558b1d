// Runs a parsed query over plain objects: a property is a value, or a function of the field's arguments.
import { isObject } from '../../is-object.ts'
import type { Query, Selection, Value } from './parse.ts'

/** Of a field, variables put in. */
export type Arguments = Readonly<Record<string, unknown>>
/** An object of the graph; `__typename` names its type. */
export type GraphNode = { readonly __typename: string } & Readonly<Record<string, unknown>>

export interface GraphqlError {
  readonly message: string
  readonly type?: string
  readonly path?: readonly (string | number)[]
  readonly extensions?: Readonly<Record<string, unknown>>
}

export interface GraphqlResult {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly errors?: readonly GraphqlError[]
}

/** Refused by a resolver: becomes an entry of `errors`, the field null. */
export class GraphqlRefusal extends Error {
  readonly type: string

  constructor(type: string, message: string) {
    super(message)
    this.name = 'GraphqlRefusal'
    this.type = type
  }
}

class UndefinedField extends Error {}

/** The answer: data, and errors when a resolver refused; only errors when the query asks for what does not exist. */
export function executeGraphql(root: GraphNode, query: Query, given: Arguments): GraphqlResult {
  const declared = Object.entries(query.variables)
  const missing = declared.find(([name, { required }]) => required && given[name] == null)
  if (missing) {
    return { errors: [{ message: `Variable $${missing[0]} of a required type was provided invalid value` }] }
  }
  const defaults = declared.map(([name, { fallback }]) => [
    name,
    fallback ? evaluate(fallback, {}) : undefined,
  ])
  const variables = { ...(Object.fromEntries(defaults) as Arguments), ...given }
  const errors: GraphqlError[] = []
  try {
    const data = select(root, query.selection, { variables, errors, path: [] })
    return errors.length > 0 ? { data, errors } : { data }
  } catch (error) {
    if (!(error instanceof UndefinedField)) throw error
    return { errors: [{ message: error.message, extensions: { code: 'undefinedField' } }] }
  }
}

interface Scope {
  readonly variables: Arguments
  readonly errors: GraphqlError[]
  readonly path: readonly (string | number)[]
}

function select(node: GraphNode, selection: readonly Selection[], scope: Scope): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const part of selection) {
    if (part.kind === 'fragment') {
      if (part.on === node.__typename || part.on === 'Node')
        Object.assign(result, select(node, part.selection, scope))
      continue
    }
    const { name, alias, arguments: given, selection: inner } = part.field
    if (!(name in node))
      throw new UndefinedField(`Field '${name}' doesn't exist on type '${node.__typename}'`)
    const path = [...scope.path, alias]
    result[alias] = resolveField(node, name, given, scope, path, inner)
  }
  return result
}

function resolveField(
  node: GraphNode,
  name: string,
  given: Readonly<Record<string, Value>>,
  scope: Scope,
  path: readonly (string | number)[],
  inner: readonly Selection[],
): unknown {
  const property = node[name]
  try {
    const args = Object.fromEntries(
      Object.entries(given).map(([key, value]) => [key, evaluate(value, scope.variables)]),
    )
    const value: unknown =
      typeof property === 'function' ? (property as (args: Arguments) => unknown)(args) : property
    return complete(value, inner, { ...scope, path })
  } catch (error) {
    if (!(error instanceof GraphqlRefusal)) throw error
    scope.errors.push({ type: error.type, path, message: error.message })
    return null
  }
}

function complete(value: unknown, inner: readonly Selection[], scope: Scope): unknown {
  if (Array.isArray(value)) {
    return value.map((entry, index) => complete(entry, inner, { ...scope, path: [...scope.path, index] }))
  }
  if (!isObject(value)) return value ?? null
  if (inner.length === 0)
    throw new UndefinedField(`Field must have selections (field returns ${String(value.__typename)})`)
  return select(value as GraphNode, inner, scope)
}

function evaluate(value: Value, variables: Arguments): unknown {
  if (value.kind === 'variable') return variables[value.name]
  if (value.kind === 'list') return value.entries.map((entry) => evaluate(entry, variables))
  if (value.kind === 'object') {
    return Object.fromEntries(
      Object.entries(value.fields).map(([key, entry]) => [key, evaluate(entry, variables)]),
    )
  }
  return value.value
}

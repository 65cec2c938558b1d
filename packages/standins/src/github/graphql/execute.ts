// Answers a query over plain objects: a property is a value, or a function of the field's arguments.
import { graphqlSync } from 'graphql'
import { schema } from './schema.ts'

/** Of a field, variables put in. */
export type Arguments = Readonly<Record<string, unknown>>
/** An object of the graph; `__typename` names its type. */
export type GraphNode = { readonly __typename: string } & Readonly<Record<string, unknown>>

export interface GraphqlResult {
  /** Absent when the query itself is wrong. */
  readonly data?: unknown
  readonly errors?: readonly Readonly<Record<string, unknown>>[]
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

/** GitHub's answer: its errors carry the refusal's type. */
export function executeGraphql(
  rootValue: GraphNode,
  source: string,
  variables: Arguments,
  operation: string | null,
): GraphqlResult {
  const { data, errors } = graphqlSync({
    ...{ schema, source, rootValue, variableValues: variables, operationName: operation },
  })
  const told = errors?.map(({ message, path, locations, originalError }) => {
    if (originalError instanceof GraphqlRefusal) return { type: originalError.type, path, message }
    if (originalError && path) throw originalError // ours
    return { message, locations }
  })
  return { ...(data === undefined ? {} : { data }), ...(told ? { errors: told } : {}) }
}

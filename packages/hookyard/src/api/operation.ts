// One operation of the HTTP API, said once: the route, its entry in the OpenAPI document and the MCP tool are all
// made from it, so that they cannot differ.
import type { z } from 'zod'
import { type Code, UserError } from '../lib/errors.ts'
import type { Principal } from '../receive/auth.ts'

export type Scope =
  | 'modules:read'
  | 'modules:invoke'
  | 'modules:write'
  | 'runs:read'
  | 'runs:write'
  | 'deliveries:read'
  | 'deliveries:write'
  | 'metrics:read'

export type Tag = 'modules' | 'runs' | 'deliveries' | 'users' | 'service' | 'webhooks'

/** A good answer, by its status. */
export interface Answer {
  readonly description: string
  /** Absent: there is no body. */
  readonly schema?: z.ZodType
  /** @default application/json */
  readonly contentType?: string
}

/** What the OpenAPI document says of an operation. */
export interface Description {
  /** camelCase, unique. */
  readonly id: string
  readonly method: 'get' | 'post'
  /** With its parameters in braces: `/api/runs/{id}`. */
  readonly path: string
  readonly tag: Tag
  /** A few words. */
  readonly summary: string
  readonly description?: string
  /** `token`: any token; `open`: nobody is asked. */
  readonly scope: Scope | 'token' | 'open'
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly headers?: z.ZodObject
  readonly body?: z.ZodType
  /** @default application/json */
  readonly bodyTypes?: readonly string[]
  readonly answers: Readonly<Record<number, Answer>>
  /** Beside those that any operation of its kind may answer, see `refusalsOf`. */
  readonly refusals?: readonly Code[]
}

/** What a handler is given: validated by the operation's schemas. */
export interface Call<Params = unknown, Query = unknown, Body = unknown> {
  readonly principal: Principal
  /** Where the call came in: told with an answer to a question. */
  readonly via: 'api' | 'mcp'
  readonly params: Params
  readonly query: Query
  readonly body: Body
}

export interface Result {
  readonly status: number
  readonly body: unknown
}

export interface Operation extends Description {
  readonly scope: Scope | 'token'
  /** Checked before the scope, and before the body is read. @throws UserError */
  readonly before?: (call: Pick<Call, 'principal' | 'params'>) => void
  /** @throws UserError */
  readonly run: (call: Call) => Promise<Result>
}

/** For what shows or changes everything. @throws UserError insufficient_scope, not_authorized */
export function requireAdminOfAll(principal: Principal, why: string): void {
  if (!principal.has('*'))
    throw new UserError('insufficient_scope', `the token ${principal.name} lacks the scope *`)
  if (!principal.isAdmin) throw new UserError('not_authorized', `${why}: only an admin may`)
}

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined

/** What an operation says of itself, with the types of its schemas in its handlers. */
export type OperationSpec<
  Params extends z.ZodObject | undefined,
  Query extends z.ZodObject | undefined,
  Body extends z.ZodType | undefined,
> = Omit<Operation, 'params' | 'query' | 'body' | 'before' | 'run'> & {
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  readonly before?: (call: { principal: Principal; params: Output<Params> }) => void
  readonly run: (call: Call<Output<Params>, Output<Query>, Output<Body>>) => Promise<Result>
}

/** An operation among others: its types are checked here, and no longer told. */
export function operation<
  Params extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(spec: OperationSpec<Params, Query, Body>): Operation {
  // The router hands every handler what that handler's own schemas have let through.
  return spec as unknown as Operation
}

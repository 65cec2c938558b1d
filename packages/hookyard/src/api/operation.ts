// One operation of the HTTP API: its route, its entry in the OpenAPI document and its MCP tool are made from it.
import { z } from 'zod'
import { type Code, UserError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { type Principal, requireScope } from '../receive/auth.ts'
import { orUnavailable } from '../receive/errors.ts'
import { StoreError } from '../store/store.ts'

type Scope = `${'modules' | 'runs' | 'deliveries'}:${'read' | 'write'}` | 'modules:invoke' | 'metrics:read'

/** A good answer, by its status. */
export interface Answer {
  readonly description: string
  /** Absent: there is no body. */
  readonly schema?: z.ZodType
  /** @default application/json */
  readonly contentType?: string
}

/** What the OpenAPI document says of a route. */
export interface Description {
  /** camelCase, unique. */
  readonly id: string
  readonly method: 'GET' | 'POST'
  /** With its parameters in braces: `/api/runs/{id}`. */
  readonly path: string
  /** A few words. */
  readonly summary: string
  readonly description?: string
  /** `token`: any token; `open`: nobody is asked. */
  readonly scope: Scope | 'token' | 'open'
  readonly params?: z.ZodObject | undefined
  readonly query?: z.ZodObject | undefined
  readonly headers?: z.ZodObject
  readonly body?: z.ZodType | undefined
  /** @default application/json */
  readonly bodyTypes?: readonly string[]
  readonly answers: Readonly<Record<number, Answer>>
  /** Beside those that any operation of its kind may answer, see openapi.ts. */
  readonly refusals?: readonly Code[]
}

type Route = `${Description['method']} /${string}`
type About<Of extends Description> = Omit<Of, 'id' | 'method' | 'path'>

/** What a handler is given: validated by the operation's schemas. */
export interface Call<Params = unknown, Query = unknown, Body = unknown> {
  readonly principal: Principal
  /** Where the call came in: shown with an answer to a question. */
  readonly via: 'api' | 'mcp'
  readonly params: Params
  readonly query: Query
  readonly body: Body
}

export interface Operation extends Description {
  readonly scope: Scope | 'token'
  /** Checked before the scope, and before the body is read. @throws UserError */
  before?(call: Pick<Call, 'params'>): void
  /** @throws UserError */
  run(call: Call): Promise<{ readonly status: number; readonly body: unknown }>
}

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined

/** An operation whose handlers are typed by its schemas. `route`: `POST /api/runs/{id}/cancel` */
export function operation<
  Params extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(
  id: string,
  route: Route,
  about: Omit<About<Operation>, 'before' | 'run'> & {
    readonly params?: Params
    readonly query?: Query
    readonly body?: Body
    before?(call: { params: Output<Params> }): void
    run(call: Call<Output<Params>, Output<Query>, Output<Body>>): ReturnType<Operation['run']>
  },
): Operation {
  return describe<Operation>(id, route, about as About<Operation>)
}

/** `route`: `POST /webhook/github` */
export function describe<Of extends Description>(id: string, route: Route, about: About<Of>): Of {
  const [method, path] = route.split(' ')
  return { id, method, path, ...about } as Of
}

/** For what shows or changes everything. @throws UserError insufficient_scope, not_authorized */
export function requireAdminOfAll(principal: Principal, why: string): void {
  if (!principal.has('*'))
    throw new UserError('insufficient_scope', `the token ${principal.name} lacks the scope *`)
  requireAdmin(principal, why)
}

/** @throws UserError not_authorized */
export function requireAdmin({ isAdmin }: Principal, why: string): void {
  if (!isAdmin) throw new UserError('not_authorized', `${why}: only an admin may`)
}

/** The checks before a body is read. @throws UserError */
export function admit(operation: Operation, principal: Principal, params: unknown): void {
  operation.before?.({ params })
  if (operation.scope !== 'token') requireScope(principal, operation.scope)
}

/** Runs an operation on input that its schemas check first. @throws UserError; storage_unavailable when the store failed */
export async function perform({ params, query, body, run }: Operation, call: Call, log: Log) {
  const checked = {
    ...call,
    params: params && readInput(params, call.params, 'the path'),
    query: query && readInput(query, call.query, 'the query'),
    body: body && readInput(body, call.body, 'the body'),
  }
  try {
    return await run(checked)
  } catch (thrown) {
    // Whatever else fails is a mistake in this program: 500, with an id.
    if (!(thrown instanceof StoreError)) throw thrown
    return orUnavailable(log, Promise.reject(thrown))
  }
}

/** @throws UserError invalid_input, with the key and what is wanted there; `what`: the body, the query */
function readInput(schema: z.ZodType, value: unknown, what: string): unknown {
  const { success, data, error } = schema.safeParse(value)
  if (success) return data
  const [issue] = error.issues
  if (issue?.code !== 'unrecognized_keys') {
    const text = issue?.message ?? 'not what is wanted'
    throw new UserError('invalid_input', `${issue?.path.join('.') || what}: ${text}`)
  }
  const unknown = issue.keys.map((key) => JSON.stringify(key.slice(0, 100))).join(', ')
  const known = schema instanceof z.ZodObject ? `; it takes ${Object.keys(schema.shape).join(', ')}` : ''
  throw new UserError('invalid_input', `${what} has no key ${unknown}${known}`)
}

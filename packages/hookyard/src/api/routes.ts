// Operations as routes. The order of the checks is the same everywhere: token, rate, the operation's own look at
// what the path names, scope; then the body is read, and query and body are held against their schemas.
import type { FastifyInstance } from 'fastify'
import { type Auth, type Principal, principalOf, requireScope } from '../receive/auth.ts'
import type { Call, Operation, Result } from './operation.ts'
import type { RateLimit } from './rate-limit.ts'
import { readInput } from './read-input.ts'

/** Adds a route for each operation. */
export function addRoutes(
  app: FastifyInstance,
  operations: readonly Operation[],
  { auth, rateLimit }: { auth: Auth; rateLimit: RateLimit },
): void {
  for (const operation of operations) {
    app.route({
      method: operation.method.toUpperCase(),
      url: routePath(operation.path),
      // HEAD answers would be one more kind of answer to describe.
      exposeHeadRoute: false,
      config: { mayBeEmpty: true },
      onRequest(request, _reply, done) {
        const principal = auth.authenticate(request)
        rateLimit.take(principal.name)
        admit(operation, principal, request.params)
        done()
      },
      async handler(request, reply) {
        const { params, query = {}, body: sent = {} } = request
        const call = { principal: principalOf(request), via: 'api' as const, params, query, body: sent }
        const { status, body } = await perform(operation, call)
        const type = operation.answers[status]?.contentType
        if (type !== undefined) void reply.type(type)
        return reply.code(status).send(body)
      },
    })
  }
}

/** `/api/runs/{id}` as the router writes it. */
export const routePath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1')

/** What stands before a body is read. @throws UserError */
export function admit(operation: Operation, principal: Principal, params: unknown): void {
  operation.before?.({ principal, params })
  if (operation.scope !== 'token') requireScope(principal, operation.scope)
}

/** Runs an operation on what came in, once its schemas have let that through. @throws UserError */
export function perform(operation: Operation, { principal, via, ...sent }: Call): Promise<Result> {
  const { params, query, body } = operation
  return operation.run({
    principal,
    via,
    params: params && readInput(params, sent.params, 'the path'),
    query: query && readInput(query, sent.query, 'the query'),
    body: body && readInput(body, sent.body, 'the body'),
  })
}

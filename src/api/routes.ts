// Operations as routes. The order of the checks is the same everywhere: token, rate, the operation's own look at
// what the path names, scope; then the body is read, and query and body are held against their schemas.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Auth, principalOf, requireScope } from '../receive/auth.ts'
import type { Operation } from './operation.ts'
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
      onRequest(request, _reply, done) {
        const principal = auth.authenticate(request)
        rateLimit.take(principal.name)
        operation.before?.({ principal, params: request.params })
        if (operation.scope !== 'token') requireScope(principal, operation.scope)
        done()
      },
      async handler(request, reply) {
        const { status, body } = await operation.run(callOf(operation, request))
        const type = operation.answers[status]?.contentType
        if (type !== undefined) void reply.type(type)
        return reply.code(status).send(body)
      },
    })
  }
}

/** `/api/runs/{id}` as the router writes it. */
export const routePath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1')

function callOf(operation: Operation, request: FastifyRequest) {
  const { params, query, body } = operation
  return {
    principal: principalOf(request),
    via: 'api' as const,
    params: params && readInput(params, request.params, 'the path'),
    query: query && readInput(query, request.query ?? {}, 'the query'),
    body: body && readInput(body, request.body ?? {}, 'the body'),
  }
}

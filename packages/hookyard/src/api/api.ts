// The HTTP API: its operations, the document that describes them, their routes, and MCP over the same operations.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Log } from '../lib/log.ts'
import { type Auth, principalOf } from '../receive/auth.ts'
import { deliveryOperations } from './delivery-routes.ts'
import type { ApiDeps } from './deps.ts'
import { addMcp, mcpDescription } from './mcp.ts'
import { moduleOperations } from './module-routes.ts'
import { openApiDocument } from './openapi.ts'
import { admit, type Operation, operation, perform } from './operation.ts'
import { createRateLimit, type RateLimit } from './rate-limit.ts'
import { runOperations } from './run-routes.ts'
import { serviceOperations } from './service-routes.ts'
import { shapes } from './shapes.ts'
import { userOperations } from './user-routes.ts'
import { descriptions } from './webhook-descriptions.ts'

const OpenApi = z.record(z.string(), z.unknown()).register(shapes, { id: 'OpenApi' })

const OPERATIONS = [
  ...moduleOperations,
  ...runOperations,
  ...deliveryOperations,
  ...userOperations,
  ...serviceOperations,
]

/** Every operation of the API. */
export function createOperations(deps: ApiDeps): Operation[] {
  const operations: Operation[] = [
    ...OPERATIONS.map((make) => make(deps)),
    operation('getOpenApi', 'GET /api/openapi.json', {
      summary: 'This document',
      scope: 'token',
      answers: { 200: { description: 'OpenAPI 3.1', schema: OpenApi } },
      async run() {
        const { version } = deps.about()
        const { publicUrl } = deps.config().server
        const described = [...descriptions, ...operations, mcpDescription]
        return { status: 200, body: openApiDocument(described, { version, publicUrl }) }
      },
    }),
  ]
  return operations
}

/** Installs the API on the server. */
export function installApi(app: FastifyInstance, auth: Auth, deps: ApiDeps): void {
  const rateLimit = createRateLimit({ perMinute: deps.requestsPerMinute ?? 600, clock: deps.clock })
  const operations = createOperations(deps)
  const frame = { auth, rateLimit, log: deps.log }
  for (const operation of operations) addRoute(app, operation, frame)
  addMcp(app, { operations, version: deps.about().version, ...frame })
}

/**
 * Adds an operation's route. The checks in their order: token, rate, the operation's own look at what the path names,
 * scope; then the body is read, and path, query and body are held against their schemas.
 */
function addRoute(
  app: FastifyInstance,
  operation: Operation,
  { auth, rateLimit, log }: { auth: Auth; rateLimit: RateLimit; log: Log },
): void {
  app.route({
    method: operation.method,
    url: operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
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
      const { status, body } = await perform(operation, call, log)
      const type = operation.answers[status]?.contentType
      if (type !== undefined) void reply.type(type)
      return reply.code(status).send(body)
    },
  })
}

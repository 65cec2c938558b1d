// The HTTP API: its operations, the document that describes them, and MCP over the same operations.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Auth } from '../receive/auth.ts'
import { type DeliveryOperationDeps, deliveryOperations } from './delivery-operations.ts'
import { type ModuleOperationDeps, moduleOperations } from './module-operations.ts'
import { addMcp, mcpDescription } from './mcp.ts'
import { openApiDocument } from './openapi.ts'
import { type Description, type Operation, operation } from './operation.ts'
import { createRateLimit, REQUESTS_PER_MINUTE } from './rate-limit.ts'
import { addRoutes } from './routes.ts'
import { type RunOperationDeps, runOperations } from './run-operations.ts'
import { type ServiceOperationDeps, serviceOperations } from './service-operations.ts'
import { named } from './shapes.ts'
import { type UserOperationDeps, userOperations } from './user-operations.ts'
import { descriptions } from './webhook-descriptions.ts'

export interface ApiDeps
  extends
    ModuleOperationDeps,
    RunOperationDeps,
    DeliveryOperationDeps,
    UserOperationDeps,
    ServiceOperationDeps {
  readonly access: () => ReturnType<ModuleOperationDeps['access']> & ReturnType<UserOperationDeps['access']>
  readonly store: ModuleOperationDeps['store'] & RunOperationDeps['store'] & DeliveryOperationDeps['store']
  readonly mayHear: ModuleOperationDeps['mayHear']
  readonly log: ModuleOperationDeps['log']
  /** Per token. @default 600 */
  readonly requestsPerMinute?: number | undefined
}

const OpenApi = named('OpenApi', z.record(z.string(), z.unknown()))

/** Every operation of the API, and the document of them. */
export function createOperations(deps: ApiDeps): { operations: Operation[]; document: () => unknown } {
  const operations = [
    ...moduleOperations(deps),
    ...runOperations(deps),
    ...deliveryOperations(deps),
    ...userOperations(deps),
    ...serviceOperations(deps),
    operation({
      id: 'getOpenApi',
      method: 'get',
      path: '/api/openapi.json',
      tag: 'service',
      summary: 'This document',
      scope: 'token',
      answers: { 200: { description: 'OpenAPI 3.1', schema: OpenApi } },
      run: async () => ({ status: 200, body: document() }),
    }),
  ]
  const described: readonly Description[] = [...descriptions, ...operations, mcpDescription]
  const document = () =>
    openApiDocument(described, {
      version: deps.about().version,
      publicUrl: deps.config().server.publicUrl,
    })
  return { operations, document }
}

/** Installs the API on the server. */
export function installApi(app: FastifyInstance, auth: Auth, deps: ApiDeps): void {
  const rateLimit = createRateLimit({
    perMinute: deps.requestsPerMinute ?? REQUESTS_PER_MINUTE,
    clock: deps.clock,
  })
  const { operations } = createOperations(deps)
  addRoutes(app, operations, { auth, rateLimit })
  addMcp(app, { operations, version: deps.about().version, log: deps.log }, { auth, rateLimit })
}

// POST /mcp: Model Context Protocol over streamable HTTP, without sessions: every request stands alone, brings its
// token, and is answered as JSON.
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Auth, principalOf } from '../receive/auth.ts'
import { unsupported } from '../receive/errors.ts'
import { createToolServer, type ToolDeps } from './mcp-tools.ts'
import { type Description, describe } from './operation.ts'
import type { RateLimit } from './rate-limit.ts'
import { named, shapes } from './shapes.ts'

const version = { jsonrpc: z.literal('2.0') }

const RpcError = named('RpcError', {
  ...version,
  id: z.union([z.string(), z.number()]).nullable(),
  error: z.object({ code: z.int(), message: z.string() }),
})

/** What the OpenAPI document says of it. */
export const mcpDescription: Description = describe('callMcp', 'POST /mcp', {
  summary: 'Model Context Protocol',
  description:
    'Streamable HTTP without sessions. Tools: list_modules, invoke_module, get_run, list_runs, answer_question, why; each wants the scope of its operation.',
  scope: 'token',
  headers: z.object({
    Accept: z.string().optional().describe('When it is there, application/json must be among it'),
    'MCP-Protocol-Version': z.string().optional(),
  }),
  body: z.looseObject(version).register(shapes, { id: 'RpcMessage' }),
  answers: {
    200: {
      description: 'The answer to a request',
      schema: z.looseObject(version).register(shapes, { id: 'RpcAnswer' }),
    },
    202: { description: 'A notification was taken' },
    400: {
      description: 'The body is no JSON object, or no message of the protocol',
      schema: z
        .union([z.object({ error: z.string(), code: z.string() }), RpcError])
        .register(shapes, { id: 'RpcRefusal' }),
    },
    406: { description: 'The header Accept does not let JSON come', schema: RpcError },
  },
})

/** Adds the route. */
export function addMcp(app: FastifyInstance, deps: ToolDeps & { auth: Auth; rateLimit: RateLimit }): void {
  const { auth, rateLimit } = deps
  app.post('/mcp', {
    onRequest(request, _reply, done) {
      rateLimit.take(auth.authenticate(request).name)
      done()
    },
    async handler(request, reply) {
      if (request.body === undefined) throw unsupported(request)
      const answer = await answerMessage(request, deps)
      const text = await answer.text()
      for (const [name, value] of answer.headers) void reply.header(name, value)
      return reply.code(answer.status).send(text === '' ? undefined : text)
    },
  })

  // What a server without streams and sessions answers to those who ask for them.
  app.route({
    method: ['GET', 'DELETE'],
    url: '/mcp',
    exposeHeadRoute: false,
    handler: (_request, reply) =>
      reply
        .code(405)
        .header('allow', 'POST')
        .send({ error: 'there are no streams and no sessions here; send a POST', code: 'not_found' }),
  })
}

async function answerMessage(request: FastifyRequest, deps: ToolDeps): Promise<Response> {
  // A server and a transport for this one message: nothing of one caller is left for the next.
  const server = createToolServer(deps, principalOf(request))
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
  await server.connect(transport)
  try {
    return await transport.handleRequest(
      new Request('http://localhost/mcp', { method: 'POST', headers: headersOf(request) }),
      { parsedBody: request.body },
    )
  } finally {
    await server.close()
  }
}

/**
 * What the protocol reads; the token stays outside. Its library wants an Accept that names streams as well; no
 * answer here is one, so whoever takes JSON is served.
 */
function headersOf({ headers }: FastifyRequest): Record<string, string> {
  const { accept = '*/*' } = headers
  const read = ['content-type', 'mcp-protocol-version']
  return {
    accept: TAKES_JSON.test(accept) ? 'application/json, text/event-stream' : accept,
    ...Object.fromEntries(
      read.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]]] : [])),
    ),
  }
}

const TAKES_JSON = /(?:^|,)\s*(?:application\/json|application\/\*|\*\/\*)\s*(?:[;,]|$)/i

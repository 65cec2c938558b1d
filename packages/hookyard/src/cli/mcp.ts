// `hookyard mcp`: Model Context Protocol over stdio, handed on to the running server. The tools, and what may be
// done with them, are the server's; nothing is decided here.
import {
  StreamableHTTPClientTransport,
  StreamableHTTPError,
} from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { isInitializeRequest, isJSONRPCRequest } from '@modelcontextprotocol/sdk/types.js'
import { toError } from '../lib/errors.ts'
import { fields, text } from '../lib/fields.ts'
import type { FoundServer, ServerOptions } from './client/find-server.ts'
import { openServerLine } from './client/server-line.ts'

/** Serves until standard input ends. @throws CommandFailure when no server is named and none runs here */
export async function runMcp(options: ServerOptions): Promise<void> {
  const line = await openServerLine(options)
  const server = new StreamableHTTPClientTransport(new URL(`${line.server.url}/mcp`), {
    // An agent's program runs for days, and over restarts of the server.
    fetch: (_url, init) => line.fetch('/mcp', init),
  })
  const client = new StdioServerTransport()
  const ended = new Promise<void>((resolve) => process.stdin.once('end', resolve))
  let underWay = Promise.resolve()

  server.onmessage = (message) => {
    const version = fields(fields(message)['result'])['protocolVersion']
    if (typeof version === 'string') server.setProtocolVersion(version)
    void client.send(message)
  }
  client.onmessage = (message) => {
    // The first message settles the version that all others are sent under.
    const sent = isInitializeRequest(message)
      ? underWay.then(() => server.send(message))
      : server.send(message)
    const done = sent.catch((thrown: unknown) => {
      const why = whyNot(thrown, line.server)
      process.stderr.write(`hookyard: ${why}\n`)
      // A notification is answered by nobody.
      if (!isJSONRPCRequest(message)) return undefined
      return client.send({ jsonrpc: '2.0', id: message.id, error: { code: -32_000, message: why } })
    })
    underWay = Promise.all([underWay, done]).then(() => undefined)
  }
  await server.start()
  await client.start()
  await ended
  await underWay
  await server.close()
}

/** Why the server could not be asked, or what it said. */
function whyNot(thrown: unknown, { url, fix }: FoundServer): string {
  const { message, cause } = toError(thrown)
  const silent = fields(cause)['code']
  if (typeof silent === 'string') return `no server answers at ${url} (${silent}): ${fix}`
  if (!(thrown instanceof StreamableHTTPError)) return `${url}: ${message}`
  return `${url} answers ${thrown.code}: ${refusalIn(message) ?? message}`
}

/** The server's own sentence, which stands at the end of the transport's. */
function refusalIn(message: string): string | null {
  try {
    return text(fields(JSON.parse(message.slice(message.indexOf('{'))))['error'])
  } catch {
    return null
  }
}

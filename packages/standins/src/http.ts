// A real HTTP server on a free loopback port: what every stand-in is built on.
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request, read to its end. */
export interface Received {
  readonly method: string
  /** Path and query as they were sent; only the path and the query are meaningful. */
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface LoopbackServer {
  /** `http://127.0.0.1:PORT`, no slash at the end. */
  readonly url: string
  /** Stops listening and cuts what is still open, requests that hang included. */
  close(): Promise<void>
}

/** What is sent back. A string or a Buffer goes out as it is, everything else as JSON; undefined: no body. */
export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/**
 * Serves `handle` on a free port of 127.0.0.1 (or on `port`).
 * Rejects when the port is taken.
 */
export async function serveLoopback(
  handle: (request: Received, response: ServerResponse) => Promise<void>,
  port = 0,
): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    receive(request)
      .then((received) => handle(received, response))
      .catch((error: unknown) => {
        // A bug of the stand-in must be loud: the caller gets it, and so does whoever reads the answer.
        if (!response.headersSent) send(response, { status: 500, body: { message: String(error) } })
        else response.destroy()
      })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const { port: bound } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${bound}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function receive(request: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return {
    method: request.method ?? 'GET',
    url: new URL(request.url ?? '/', 'http://127.0.0.1'),
    headers: request.headers,
    body: Buffer.concat(chunks),
  }
}

/** Writes a reply. */
export function send(response: ServerResponse, { status, headers = {}, body }: Reply): void {
  if (response.destroyed) return
  const raw = typeof body === 'string' || Buffer.isBuffer(body)
  const bytes = body === undefined ? '' : raw ? body : JSON.stringify(body)
  const type = raw ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8'
  response.writeHead(status, {
    ...(body === undefined ? {} : { 'content-type': type }),
    ...(status === 204 || status === 304 ? {} : { 'content-length': String(Buffer.byteLength(bytes)) }),
    ...headers,
  })
  response.end(bytes)
}

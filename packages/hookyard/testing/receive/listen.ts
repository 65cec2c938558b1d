// A server that listens, and deliveries as bytes.
import type { AddressInfo } from 'node:net'
import { headersOf, type StartOptions, startServer } from './start-server.ts'

/** Starts it on a free port. */
export async function listen(options: StartOptions = {}) {
  const server = await startServer(options)
  await server.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = server.app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const isAlive = async () => (await fetch(`${url}/health`)).status === 200
  return { ...server, port, url, isAlive }
}

/** The head of a webhook's request; `length` undefined: chunked. */
export function headOf(body: string | Buffer, length?: number | string): string {
  const headers = Object.entries(headersOf(body)).map(([name, value]) => `${name}: ${value}\r\n`)
  const framing = length === undefined ? 'transfer-encoding: chunked' : `content-length: ${length}`
  return `POST /webhook/github HTTP/1.1\r\nhost: x\r\n${headers.join('')}${framing}\r\n\r\n`
}

/** A piece of a body in chunks. */
export const chunk = (bytes: string) => `${bytes.length.toString(16)}\r\n${bytes}\r\n`

// Servers on loopback, and runs that may ask them.
import { type IncomingMessage, type RequestListener, type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach } from 'vitest'
import { module } from '../../../../../test/builders.ts'
import { NO_NEEDS } from '../../config/needs.ts'
import { grantedOf } from '../../registry/grants.ts'
import { type NetworkOptions, type NetworkRequest, openNetwork } from './fetch.ts'

/** Closed after each test. */
export const servers: { close(): unknown; closeAllConnections?(): void }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.()
    server.close()
  }
})

/** Of a server that listens. */
export const portOf = (server: Pick<Server, 'address'>) => (server.address() as AddressInfo).port

/** A server on loopback that notes what it was asked. */
export async function serve(listener: RequestListener, host = '127.0.0.1') {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    seen.push(request)
    listener(request, response)
  })
  servers.push(server)
  await new Promise<void>((ready) => server.listen(0, host, ready))
  return { port: portOf(server), url: `http://127.0.0.1:${portOf(server)}`, seen }
}

interface Asked extends Partial<Omit<NetworkRequest, 'body' | 'headers'>> {
  readonly headers?: Readonly<Record<string, string>>
  readonly text?: string
}

/** A run of a module that needs these hosts and is granted the others. */
export function networkOf(
  needs: readonly string[],
  allow = needs,
  options: NetworkOptions = {},
  stop?: AbortSignal,
) {
  const manifest = { needs: { ...NO_NEEDS, network: needs } }
  const granted = grantedOf(manifest.needs, { ...NO_NEEDS, network: allow })
  const { signal } = new AbortController()
  const network = openNetwork(module('m', manifest, { granted }), stop ?? signal, options)
  return async (url: string, { headers = {}, text: body, ...asked }: Asked = {}) => {
    const answer = await network.fetch({
      ...{ method: 'GET', url, redirect: 'follow', headers: Object.entries(headers), ...asked },
      body: body === undefined ? null : Buffer.from(body).toString('base64'),
    })
    return {
      ...answer,
      headers: new Headers(answer.headers as [string, string][]),
      text: textOf(answer.body),
    }
  }
}

/** The text behind base64. */
export const textOf = (base64: string) => Buffer.from(base64, 'base64').toString()

/** What a request was refused with. */
export async function refusal(work: Promise<unknown>): Promise<{ message: string; reason?: string }> {
  const thrown: unknown = await work.then(
    () => new Error('it was answered'),
    (error: unknown) => error,
  )
  return thrown as { message: string; reason?: string }
}

/** Answers with the request. */
export const echo: RequestListener = (request, response) =>
  void text(request).then((body) =>
    response.end(
      JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }),
    ),
  )

/** Of the internet, as a resolver answers. */
export const PUBLIC = { address: '93.184.215.14', family: 4 }
/** Of this machine, likewise. */
export const here = (address = '127.0.0.1') => ({ address, family: address.includes(':') ? 6 : 4 })

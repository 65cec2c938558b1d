// One request to a model's API. Not the global `fetch`: that gives up after 300 s without headers, which a model
// that thinks may take, and it follows redirects with the key in a header of its own.
import { Agent, request, type AgentOptions, type IncomingMessage } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { readBounded } from '../../read-bounded.ts'
import type { Environment } from '../child-environment.ts'

/** What a model may answer with, in bytes. */
const MAX_ANSWER = 8 * 1024 * 1024

const PROXY_NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']

/**
 * `fetch` as far as the AI SDK needs it: a text body out, a whole answer back, no redirects, a limit. Goes through
 * the proxy that the environment names (Node 24.5 and newer), never to this machine itself.
 */
export function createTransport(environment: Environment): typeof fetch {
  // A connection per question: one that was kept may be closed just when it is used.
  const options = { keepAlive: false, proxyEnv: proxyOf(environment) } as AgentOptions
  const [plain, tls] = [new Agent(options), new TlsAgent(options)]
  return (input, init = {}) =>
    new Promise((resolve, reject) => {
      const url = new URL(input instanceof Request ? input.url : input)
      if (init.body != null && typeof init.body !== 'string')
        return reject(new TypeError('only text can be sent'))
      const secure = url.protocol === 'https:'
      const outgoing = (secure ? tlsRequest : request)(url, {
        method: init.method ?? 'GET',
        headers: Object.fromEntries(new Headers(init.headers)),
        agent: secure ? tls : plain,
        ...(init.signal ? { signal: init.signal } : {}),
      })
      outgoing.on('response', (answer) => void readWhole(answer).then(resolve, reject))
      outgoing.on('error', reject)
      outgoing.end(init.body ?? undefined)
    })
}

function proxyOf(environment: Environment): Record<string, string> {
  const direct = [environment.NO_PROXY ?? environment.no_proxy ?? '', 'localhost', '127.0.0.1', '[::1]']
  const proxies = PROXY_NAMES.flatMap((name) => (environment[name] ? [[name, environment[name]]] : []))
  return { ...Object.fromEntries(proxies), NO_PROXY: direct.filter(Boolean).join(',') }
}

async function readWhole(answer: IncomingMessage): Promise<Response> {
  const body = await readBounded(answer, MAX_ANSWER)
  if (body === null) throw new RangeError(`the answer is longer than ${MAX_ANSWER / 1024 / 1024} MiB`)
  const headers = new Headers()
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  const status = answer.statusCode ?? 502
  // These have no body by the standard, and Response refuses one.
  const empty = status === 204 || status === 205 || status === 304
  return new Response(empty ? null : new Uint8Array(body), { status, headers })
}

// ctx.fetch's way out: each request and redirect to the hosts that are granted, without anything of the service: no
// credentials, cookies, proxy or shared connection.
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { PermanentError, toError } from '../../lib/errors.ts'
import type { Module } from '../../registry/manifest.ts'
import { type Resolve, destinationOf, resolveBySystem, shownUrl } from './destination.ts'
import {
  type HeaderPairs,
  type Hop,
  OF_CONNECTION,
  exchange,
  isDecoded,
  readBody,
  requestHeaders,
  withoutCredentials,
} from './exchange.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
const MAX_URL = 8_192
const MAX_BODY_BYTES = 1_048_576
const MAX_ANSWER_BYTES = 8 * 1_048_576
const MAX_REDIRECTS = 5
const TIMEOUT_MS = 30_000
/** Requests of one run at a time; further ones wait. */
const MAX_AT_ONCE = 4

/** What a module process asks for; nothing in it is trusted. */
export const networkRequest = z.object({
  method: z.enum(METHODS, { error: `one of ${METHODS.join(', ')}` }),
  url: z.string().max(MAX_URL),
  headers: z.array(z.tuple([z.string(), z.string()])).max(100),
  /** Base64. */
  body: z
    .string()
    .max(Math.ceil(MAX_BODY_BYTES / 3) * 4, { error: `at most ${MAX_BODY_BYTES} bytes` })
    .nullable(),
  redirect: z.enum(['follow', 'manual', 'error']),
})
export type NetworkRequest = z.infer<typeof networkRequest>

export interface NetworkAnswer {
  readonly status: number
  readonly statusText: string
  readonly headers: HeaderPairs
  /** Base64. */
  readonly body: string
  /** Of the last hop. */
  readonly url: string
  readonly redirected: boolean
}

export interface NetworkOptions {
  /** @default the system's resolver */
  readonly resolve?: Resolve
  /** Of a request with its redirects, in ms. @default 30 s */
  readonly timeoutMs?: number
}

/**
 * One run's way to the network; its requests end with the signal, and follow redirects as far as the grants reach.
 * They throw PermanentError for what no other try would bring (`missing_grant`, `invalid_argument`, `too_large`,
 * `redirected`); Error when the host cannot be reached or does not answer in time.
 */
export function openNetwork(
  module: Pick<Module, 'name' | 'manifest' | 'granted'>,
  signal: AbortSignal,
  options: NetworkOptions = {},
): { fetch(request: NetworkRequest): Promise<NetworkAnswer> } {
  const { resolve = resolveBySystem, timeoutMs = TIMEOUT_MS } = options
  const slots = createSlots(MAX_AT_ONCE)
  return {
    fetch: (request) =>
      slots(async () => {
        signal.throwIfAborted()
        const timeout = AbortSignal.timeout(timeoutMs)
        const first = firstHop(module.name, request)
        const trip = {
          module,
          resolve,
          redirect: request.redirect,
          signal: AbortSignal.any([signal, timeout]),
        }
        try {
          return await follow(trip, first)
        } catch (thrown) {
          if (signal.aborted) throw toError(signal.reason)
          throw explained(thrown, module.name, first, timeout.aborted ? timeoutMs : null)
        }
      }),
  }
}

interface Trip {
  readonly module: Pick<Module, 'name' | 'manifest' | 'granted'>
  readonly resolve: Resolve
  readonly redirect: NetworkRequest['redirect']
  readonly signal: AbortSignal
}

/** @throws PermanentError invalid_argument */
function firstHop(module: string, { method, url: written, headers: given, body }: NetworkRequest): Hop {
  const fault = (why: string) =>
    new PermanentError(`module ${module} cannot fetch ${JSON.stringify(written.slice(0, 200))}: ${why}`, {
      reason: 'invalid_argument',
    })
  const url = URL.parse(written)
  if (url === null) throw fault('it is no address')
  const headers = requestHeaders(given)
  if (typeof headers === 'string') throw fault(headers)
  if (body !== null && (method === 'GET' || method === 'HEAD')) throw fault(`${method} has no body`)
  const bytes = body === null ? null : Buffer.from(body, 'base64')
  if ((bytes?.byteLength ?? 0) > MAX_BODY_BYTES) throw fault(`the body has more than ${MAX_BODY_BYTES} bytes`)
  return { method, url, headers, body: bytes }
}

async function follow(trip: Trip, first: Hop): Promise<NetworkAnswer> {
  let hop = first
  for (let redirects = 0; ; redirects += 1) {
    const addresses = await orAborted(trip.signal, destinationOf(trip.module, hop.url, trip.resolve))
    const answer = await exchange(hop, addresses, trip.signal)
    const location = redirectOf(answer)
    if (location === null || trip.redirect === 'manual') return await finish(answer, hop, redirects > 0)
    answer.destroy()
    if (trip.redirect === 'error') throw redirected(trip, hop, 'it redirects, and `redirect` is "error"')
    if (redirects === MAX_REDIRECTS)
      throw redirected(trip, hop, `it redirects more than ${MAX_REDIRECTS} times`)
    hop = nextHop(trip, hop, location, answer.statusCode ?? 0)
  }
}

function redirectOf({ statusCode = 0, headers: { location } }: IncomingMessage): string | null {
  return [301, 302, 303, 307, 308].includes(statusCode) ? (location ?? null) : null
}

function nextHop(trip: Trip, hop: Hop, location: string, status: number): Hop {
  const url = location.length > MAX_URL ? null : URL.parse(location, hop.url.href)
  if (url === null) throw redirected(trip, hop, 'it redirects to what is no address')
  if (hop.url.protocol === 'https:' && url.protocol !== 'https:') {
    throw redirected(
      trip,
      hop,
      `it redirects to ${shownUrl(url)}, from https to ${url.protocol.slice(0, -1)}`,
    )
  }
  const headers = url.origin === hop.url.origin ? hop.headers : withoutCredentials(hop.headers)
  // As browsers and fetch do: what was posted is posted again by 307 and 308 alone.
  const asGet =
    status === 303
      ? !['GET', 'HEAD'].includes(hop.method)
      : [301, 302].includes(status) && hop.method === 'POST'
  if (!asGet) return { ...hop, url, headers }
  return { method: 'GET', url, headers: headers.filter(([name]) => !name.startsWith('content-')), body: null }
}

const redirected = ({ module }: Trip, { method, url }: Hop, why: string) =>
  new PermanentError(`module ${module.name}: ${method} ${shownUrl(url)}: ${why}`, { reason: 'redirected' })

async function finish(
  answer: IncomingMessage,
  { method, url }: Hop,
  isRedirected: boolean,
): Promise<NetworkAnswer> {
  const { statusCode: status = 0, statusMessage = '', rawHeaders } = answer
  if (status < 200 || status > 599) throw new Error(`it answers with status ${status}`)
  const isEmpty = method === 'HEAD' || [204, 205, 304].includes(status)
  if (isEmpty) answer.destroy()
  const body = isEmpty ? '' : (await readBody(answer, MAX_ANSWER_BYTES)).toString('base64')
  // They tell of the bytes on the wire, and those are not what the module gets.
  const untrue = !isEmpty && isDecoded(answer) ? ['content-encoding', 'content-length'] : []
  const dropped = [...OF_CONNECTION, 'proxy-connection', ...untrue]
  const headers = pairsOf(rawHeaders).filter(([name]) => !dropped.includes(name.toLowerCase()))
  const statusText = /^[\t\x20-\x7e]*$/.test(statusMessage) ? statusMessage : ''
  return { status, statusText, headers, body, url: url.href, redirected: isRedirected }
}

const pairsOf = (raw: readonly string[]): [string, string][] =>
  Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index] ?? '', raw[2 * index + 1] ?? ''])

/** What cannot be stopped (a name being resolved) is no longer waited for. */
async function orAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = () => reject(toError(signal.reason))
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** An error that names the request; those of the network stay errors that another try may get past. */
function explained(thrown: unknown, module: string, { method, url }: Hop, lateMs: number | null): Error {
  if (thrown instanceof PermanentError && thrown.reason !== 'too_large') return thrown
  const what = `module ${module}: ${method} ${shownUrl(url)}`
  if (thrown instanceof PermanentError)
    return new PermanentError(`${what}: ${thrown.message}`, { reason: thrown.reason })
  if (lateMs !== null) return new Error(`${what}: it did not answer within ${lateMs / 1_000} s`)
  return new Error(`${what} failed: ${toError(thrown).message}`, { cause: thrown })
}

/** Lets so many of the given functions run at once; the others wait for their turn. */
function createSlots(count: number): <T>(act: () => Promise<T>) => Promise<T> {
  let free = count
  const waiting: (() => void)[] = []
  return async (act) => {
    if (free > 0) free -= 1
    else await new Promise<void>((go) => waiting.push(go))
    try {
      return await act()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free += 1
    }
  }
}

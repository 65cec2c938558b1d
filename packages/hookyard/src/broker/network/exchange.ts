// One HTTP exchange over a connection of its own to an address that was checked. node:http and not fetch, because a
// request of it can be held to an address: the name is not resolved a second time.
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { pipeline, type Readable } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { PermanentError } from '../../lib/errors.ts'
import { readBounded } from '../read-bounded.ts'
import type { Address } from './destination.ts'

export type HeaderPairs = readonly (readonly [name: string, value: string])[]

/** A request on its way, at first or after a redirect. */
export interface Hop {
  readonly method: string
  readonly url: URL
  readonly headers: HeaderPairs
  readonly body: Buffer | null
}

/** Sends the request to one of the addresses; the answer's body is still to be read. Rejects when nothing answers. */
export function exchange(
  { url, method, headers, body }: Hop,
  addresses: readonly Address[],
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp
    // No agent: neither connections of others are used again, nor a proxy of the environment.
    const request = send(url, { method, agent: false, lookup: pinnedTo(addresses), signal })
    request.on('error', reject)
    request.on('close', () => reject(new Error('the connection was closed without an answer')))
    request.on('response', resolve)
    for (const [name, value] of headers) request.setHeader(name, value)
    request.setHeader('accept-encoding', 'gzip, deflate, br')
    request.setHeader('connection', 'close')
    request.end(body ?? undefined)
  })
}

const pinnedTo = (addresses: readonly Address[]): LookupFunction =>
  ((_name, options, callback) => {
    const [first] = addresses
    if (options.all) callback(null, [...addresses])
    else callback(null, first?.address ?? '', first?.family)
  }) satisfies LookupFunction

/** A body that ends in the middle is what was read of it, as for any fetch. */
const FLUSH = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }
const BROTLI_FLUSH = {
  flush: constants.BROTLI_OPERATION_FLUSH,
  finishFlush: constants.BROTLI_OPERATION_FLUSH,
}
const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: () => createGunzip(FLUSH),
  'x-gzip': () => createGunzip(FLUSH),
  deflate: () => createInflate(FLUSH),
  br: () => createBrotliDecompress(BROTLI_FLUSH),
}

/** Whether the answer's body comes out of `readBody` as it was before it was compressed. */
export const isDecoded = ({ headers }: IncomingMessage) => Object.hasOwn(DECODERS, codingOf(headers))

const codingOf = (headers: IncomingMessage['headers']) =>
  (headers['content-encoding'] ?? '').trim().toLowerCase()

/** The whole body, decompressed: bounded while it is read. @throws PermanentError too_large */
export async function readBody(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const decoder = DECODERS[codingOf(answer.headers)]
  const stream: Readable = decoder === undefined ? answer : pipeline(answer, decoder(), () => undefined)
  const body = await readBounded(stream, maxBytes)
  if (body !== null) return body
  answer.destroy()
  throw new PermanentError(`it answers with more than ${maxBytes} bytes`, { reason: 'too_large' })
}

// ── headers of a module's request: all go out but those that belong to the connection, which is the service's ──

/** Headers of the connection: neither asked by a module nor answered to it. */
export const OF_CONNECTION = ['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade']
const NOT_A_MODULES = new Set([
  'accept-encoding', // what is decoded here is chosen here
  ...['content-length', 'expect', 'host', ...OF_CONNECTION],
])
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const MAX_CHARACTERS = 32_768

/** The headers as they go out, names in lower case; or the sentence that says what is wrong with one. */
export function requestHeaders(given: HeaderPairs): HeaderPairs | string {
  const headers: [string, string][] = []
  let characters = 0
  for (const [written, value] of given) {
    const name = written.toLowerCase()
    if (!NAME.test(name)) return `${JSON.stringify(written.slice(0, 80))} is no name of a header`
    if (NOT_A_MODULES.has(name) || name.startsWith('proxy-'))
      return `the header ${name} is set by the service; leave it out`
    if (!VALUE.test(value)) return `the header ${name} holds characters that do not belong into one`
    if (headers.some(([earlier]) => earlier === name)) return `the header ${name} stands there twice`
    characters += name.length + value.length
    headers.push([name, value])
  }
  if (characters > MAX_CHARACTERS) return `its headers have more than ${MAX_CHARACTERS} characters`
  return headers.some(([name]) => name === 'user-agent') ? headers : [...headers, ['user-agent', 'hookyard']]
}

/** For another host: what proves who asks was meant for the first one. */
export const withoutCredentials = (headers: HeaderPairs): HeaderPairs =>
  headers.filter(([name]) => !['authorization', 'cookie'].includes(name))

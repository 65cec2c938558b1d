// A model's API on a loopback port: it checks what it is asked as its vendor does, then answers what the test has
// written down. Each vendor's protocol is a file beside this one.
import type { Received, Reply } from '@hookyard/standins/http'
import { send, serveLoopback } from '@hookyard/standins/http'

/** What the model is to do with the next question. */
export type Script =
  | { readonly says: string; readonly cut?: boolean; readonly declines?: boolean }
  | {
      readonly status: number
      readonly message?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** Sent as it is. */
  | { readonly raw: Reply }
  | 'hang'

/** A question as the vendor's protocol carried it. */
export interface Asked {
  readonly prompt: string
  readonly model: string
  /** The JSON Schema that came along; null = none. */
  readonly schema: unknown
  readonly strict: boolean
  readonly maxTokens: number | null
  readonly headers: Received['headers']
  readonly body: Readonly<Record<string, unknown>>
}

export interface Refused {
  readonly status: number
  readonly kind: string
  readonly message: string
  readonly code?: string
}

export interface VendorProtocol {
  readonly path: string
  /** Reads and checks a question; what the vendor refuses is refused. */
  read(request: Received, key: string | null): Asked | Refused
  answer(asked: Asked, script: Extract<Script, { says: string }>): unknown
  error(refused: Refused): unknown
}

export interface ModelApi {
  /** Without the path of the protocol. */
  readonly url: string
  readonly asked: readonly Asked[]
  /** Every request, also those that were refused. */
  readonly requests: number
  script(...next: readonly Script[]): void
  close(): Promise<void>
}

/** What each answer is said to have used. */
export const USED = { input: 1_000, cached: 200, output: 500 }

/** Serves the protocol; `key` null: the server asks for none. */
export async function openModelApi(protocol: VendorProtocol, key: string | null): Promise<ModelApi> {
  const queue: Script[] = []
  const asked: Asked[] = []
  let requests = 0
  const server = await serveLoopback(async (request, response) => {
    requests++
    const refuse = (refused: Refused, headers: Readonly<Record<string, string>> = {}) =>
      send(response, { status: refused.status, headers, body: protocol.error(refused) })
    if (request.method !== 'POST' || request.url.pathname !== protocol.path) {
      return refuse({ status: 404, kind: 'not_found_error', message: `no route ${request.url.pathname}` })
    }
    const read = protocol.read(request, key)
    if ('kind' in read) return refuse(read)
    asked.push(read)
    const next = queue.shift()
    if (next === undefined)
      return refuse({ status: 500, kind: 'api_error', message: 'the test wrote down no answer' })
    if (next === 'hang') return
    if ('raw' in next) return send(response, next.raw)
    if ('status' in next) {
      const { status, message = 'no', headers = {} } = next
      return refuse(
        { status, kind: KINDS[status] ?? 'api_error', message, code: CODES[status] ?? '' },
        headers,
      )
    }
    return send(response, { status: 200, body: protocol.answer(read, next) })
  })
  return {
    url: server.url,
    asked,
    get requests() {
      return requests
    },
    script: (...next) => void queue.push(...next),
    close: server.close,
  }
}

const KINDS: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}
const CODES: Readonly<Record<number, string>> = { 401: 'invalid_api_key', 429: 'rate_limit_exceeded' }

/** The body as an object, or a refusal. */
export function jsonBody(request: Received): Record<string, unknown> | Refused {
  try {
    const body: unknown = JSON.parse(request.body.toString('utf8'))
    if (typeof body === 'object' && body !== null && !Array.isArray(body))
      return body as Record<string, unknown>
  } catch {
    // Refused below.
  }
  return { status: 400, kind: 'invalid_request_error', message: 'the body is no JSON object' }
}

export type Schema = Readonly<Record<string, unknown>>

export const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The schemas directly within a schema. */
export function partsOf(schema: Schema): unknown[] {
  const maps = ['properties', '$defs', 'definitions', 'patternProperties'].flatMap((key) => {
    const map = schema[key]
    return isSchema(map) ? Object.values(map) : []
  })
  const lists = ['anyOf', 'allOf', 'oneOf', 'prefixItems'].flatMap((key) => {
    const list = schema[key]
    return Array.isArray(list) ? (list as unknown[]) : []
  })
  return [...maps, ...lists, ...('items' in schema ? [schema['items']] : [])]
}

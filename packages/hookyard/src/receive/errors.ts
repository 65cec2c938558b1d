// Every failure leaves as `{"error": sentence, "code": snake_case}`: no stack trace, no framework's text. What
// was no fault of the caller's is told as an id that the log holds in full.
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Code, toError, UserError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The content types that the route takes, for the text of its 415. */
    accepts?: string
  }
}

/** The error handler of the server; Fastify's own errors are put into our words here. */
export function createErrorHandler(log: Log, onRefused?: (code: string) => void) {
  return (thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const error = thrown instanceof UserError ? thrown : translate(thrown, request)
    if (error instanceof UserError) {
      onRefused?.(error.code)
      // Fastify closes after a failed body; Node would then reset the connection under a client that still
      // sends, which would never read the answer. Left open, the rest is read and dropped until the time is up.
      if (error.code === 'too_large') reply.removeHeader('connection')
      return send(reply, error.status, error.message, error.code, error.headers)
    }
    onRefused?.('internal_error')
    const id = randomUUID()
    log.error({ err: error, error_id: id, method: request.method, url: pathOf(request) }, 'a request failed')
    return send(reply, 500, `internal error (id ${id})`, 'internal_error', {})
  }
}

/** Fastify's refusals by their codes; everything else as it is. */
function translate(thrown: unknown, request: FastifyRequest): Error {
  const error = toError(thrown) as FastifyError
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return unsupported(request)
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new UserError('too_large', 'the body is too large')
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return notFound(request)
    default:
      // The connection broke while the body was read; nobody reads the answer.
      if (request.raw.destroyed && !request.raw.complete) {
        return new UserError('invalid_input', 'the body ended before its announced length', { cause: error })
      }
      return error
  }
}

/** 415 with what was found and what the route takes. */
export function unsupported(request: FastifyRequest): UserError {
  const found = request.headers['content-type']
  const accepts = request.routeOptions.config?.accepts ?? 'application/json'
  return new UserError(
    'unsupported_media_type',
    found === undefined
      ? `the request has no Content-Type; send ${accepts}`
      : `the content type ${JSON.stringify(found.slice(0, 100))} is not taken here; send ${accepts}`,
  )
}

/** 404 for a path or method that leads nowhere. */
export const notFound = (request: FastifyRequest): UserError =>
  new UserError('not_found', `there is no ${request.method} ${pathOf(request)}`)

/** What the store promises. @throws UserError storage_unavailable, after the cause was logged */
export async function orUnavailable<T>(log: Log, stored: Promise<T>): Promise<T> {
  try {
    return await stored
  } catch (thrown) {
    // A refusal on the way to the store is no failure of the store.
    if (thrown instanceof UserError) throw thrown
    log.error({ err: toError(thrown) }, 'the store did not answer a request')
    throw storageUnavailable(thrown)
  }
}

/** 503 with a Retry-After. */
export const storageUnavailable = (cause?: unknown): UserError =>
  new UserError('storage_unavailable', 'the request could not be stored; send it again in a moment', {
    headers: { 'retry-after': '10' },
    cause,
  })

/** Answers bytes that are no HTTP, or HTTP that came too slowly, and closes the connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, text, code] = CLIENT_ERRORS.get(error.code) ?? MALFORMED
  const body = JSON.stringify({ error: text, code })
  socket.write(
    `HTTP/1.1 ${status}\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  )
  socket.destroySoon()
}

/** The content type of every JSON answer. */
export const JSON_TYPE = 'application/json; charset=utf-8'

type ClientError = readonly [status: string, text: string, code: Code]
const MALFORMED: ClientError = ['400 Bad Request', 'the request is not valid HTTP/1.1', 'invalid_input']
const CLIENT_ERRORS: ReadonlyMap<string | undefined, ClientError> = new Map<string, ClientError>([
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    ['408 Request Timeout', 'the request did not arrive in time', 'invalid_input'],
  ],
  ['HPE_HEADER_OVERFLOW', ['431 Request Header Fields Too Large', 'the headers are too large', 'too_large']],
  [
    'HPE_CHUNK_EXTENSIONS_OVERFLOW',
    ['413 Payload Too Large', 'the chunk extensions are too large', 'too_large'],
  ],
])

function send(
  reply: FastifyReply,
  status: number,
  error: string,
  code: string,
  headers: Record<string, string>,
): FastifyReply {
  return (
    reply
      .code(status)
      .headers(headers)
      .header('content-type', JSON_TYPE)
      // Errors of the framework do not pass the hook below.
      .header('x-content-type-options', 'nosniff')
      .send(JSON.stringify({ error, code }))
  )
}

/** The path without its query, which may hold a secret; cut, because it may be of any length. */
const pathOf = ({ url }: FastifyRequest): string => url.split('?', 1)[0]!.slice(0, 200)

/** Installs the error handler, and refuses unknown routes before their bodies are read. */
export function installErrors(app: FastifyInstance, handler: ReturnType<typeof createErrorHandler>): void {
  app.setErrorHandler(handler)
  app.addHook('onRequest', (request, reply, done) => {
    // On every answer; one hook, because each of them costs on the hot path.
    reply.header('x-content-type-options', 'nosniff')
    done(request.is404 ? notFound(request) : undefined)
  })
}

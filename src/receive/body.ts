// Reading bodies: limits hold while the bytes arrive, and all bodies together have one as well, because the
// 25 MiB of a webhook are anybody's to send before its signature can be checked.
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { FastifyContentTypeParser, FastifyRequest } from 'fastify'
import { UserError } from '../errors.ts'
import { storageUnavailable } from './errors.ts'

/** How deep a JSON value may nest where this program walks it. GitHub's own payloads stay under 10. */
const MAX_DEPTH = 64

/** Bytes that all requests under way hold together. */
export interface BodyBudget {
  readonly maxBytes: number
  held: number
}

/** Done is called once: with the bytes as they came, or with a UserError (too_large, storage_unavailable). */
export type BodyParser = (
  request: FastifyRequest,
  payload: IncomingMessage,
  done: (error: Error | null, body?: Buffer) => void,
) => void

/** A content-type parser that hands on the raw bytes, at most `maxBytes`. */
export function rawBody(maxBytes: number, budget: BodyBudget): BodyParser {
  return (request, payload, done) => {
    if (Number(request.headers['content-length']) > maxBytes) {
      done(tooLarge(maxBytes))
      return
    }
    const chunks: Buffer[] = []
    let length = 0
    const onData = (chunk: Buffer) => {
      length += chunk.length
      budget.held += chunk.length
      if (length > maxBytes) finish(tooLarge(maxBytes))
      else if (budget.held > budget.maxBytes) finish(storageUnavailable())
      else chunks.push(chunk)
    }
    const onEnd = () => finish(null)
    // A reset or a timeout; a payload that is only closed has ended or failed before.
    const onError = (error: Error) => finish(error)
    const finish = (error: Error | null) => {
      payload.off('data', onData).off('end', onEnd).off('error', onError)
      budget.held -= length
      if (error) {
        payload.on('error', () => undefined)
        done(error)
      } else {
        // Mostly the body came in one piece: no copy of it then.
        done(null, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, length))
      }
    }
    payload.on('data', onData).on('end', onEnd).on('error', onError)
  }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A body that is announced as JSON and empty is none, not a bad one. */
    mayBeEmpty?: boolean
  }
}

/** A content-type parser that hands on a JSON object, at most `maxBytes` and not nested absurdly. */
export function jsonBody(maxBytes: number, budget: BodyBudget): FastifyContentTypeParser {
  const read = rawBody(maxBytes, budget)
  return (request, payload, done) => {
    read(request, payload as IncomingMessage, (error, body) => {
      if (error || !body) return done(error)
      // Many clients announce JSON on every POST.
      if (body.length === 0 && request.routeOptions.config.mayBeEmpty) return done(null)
      try {
        done(null, requireShallow(parseObject(body)))
      } catch (refused) {
        done(refused as UserError)
      }
    })
  }
}

/**
 * Parses bytes as a JSON object.
 * @throws UserError invalid_json, not_an_object
 */
export function parseObject(body: Buffer): object {
  // Otherwise invalid bytes would turn into U+FFFD unseen.
  if (!isUtf8(body)) throw new UserError('invalid_json', 'the body is not valid UTF-8')
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new UserError('invalid_json', 'the body is not valid JSON', { cause })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  const found = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
  throw new UserError('not_an_object', `the body is ${found}; it must be a JSON object`)
}

/**
 * The value, when walking it cannot exhaust the stack.
 * @throws UserError invalid_input
 */
export function requireShallow<T>(value: T): T {
  if (nests(value, MAX_DEPTH)) {
    throw new UserError('invalid_input', `the body nests deeper than ${MAX_DEPTH} levels`)
  }
  return value
}

function nests(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => nests(inner, levels - 1))
}

function tooLarge(maxBytes: number): UserError {
  return new UserError('too_large', `the body is larger than ${maxBytes / 1_048_576} MiB`)
}

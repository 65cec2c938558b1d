// Reading bodies: limits hold while the bytes arrive, a budget holds for all of them together.
import type { IncomingMessage } from 'node:http'
import type { FastifyContentTypeParser, FastifyRequest } from 'fastify'
import { UserError } from '../lib/errors.ts'
import { LARGE_BYTES, parseObject } from '../payload/parse-object.ts'
import type { BodyBudget, Share } from './body-budget.ts'

/** How deep a JSON value may nest where this program walks it. GitHub's own payloads stay under 10. */
const MAX_DEPTH = 64
/** Values and keys of a body of the API: parsed within some 30 ms. */
const MAX_VALUES = 200_000

declare module 'fastify' {
  interface FastifyRequest {
    /** Of a large body: whoever works on it releases this. */
    bodyShare: Share | null
  }
  interface FastifyContextConfig {
    /** A body that is announced as JSON and empty is none, not a bad one. */
    mayBeEmpty?: boolean
  }
}

/** Done is called once: with the bytes as they came, or with a UserError (too_large, storage_unavailable). */
export type BodyParser = (
  request: FastifyRequest,
  payload: IncomingMessage,
  done: (error: Error | null, body?: Buffer) => void,
) => void

/** A content-type parser that hands on the raw bytes, at most `maxBytes`; of large ones `bodyShare` is still held. */
export function rawBody(maxBytes: number, budget: BodyBudget): BodyParser {
  return (request, payload, done) => {
    const announced = Number(request.headers['content-length'])
    if (announced > maxBytes) return done(tooLarge(maxBytes))
    const chunks: Buffer[] = []
    let length = 0
    const share = budget.begin(announced, (reason) => finish(reason))
    const onData = (chunk: Buffer) => {
      length += chunk.length
      if (length > maxBytes) return finish(tooLarge(maxBytes))
      chunks.push(chunk)
      share.grow(chunk.length)
      if (length <= LARGE_BYTES) return
      // Node reads up to 2 MiB of a connection before it looks at the next: others have their turn in between.
      payload.pause()
      setImmediate(() => payload.resume())
    }
    const onEnd = () => finish(null)
    // A reset or a timeout; a payload that is only closed has ended or failed before.
    const onError = (error: Error) => finish(error)
    const finish = (error: Error | null) => {
      payload.off('data', onData).off('end', onEnd).off('error', onError)
      share.complete()
      if (!error && length > LARGE_BYTES) request.bodyShare = share
      else share.release()
      if (error) {
        chunks.length = 0
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

/** A content-type parser that hands on a JSON object, at most `maxBytes` and not nested absurdly. */
export function jsonBody(maxBytes: number, budget: BodyBudget): FastifyContentTypeParser {
  const read = rawBody(maxBytes, budget)
  return (request, payload, done) => {
    read(request, payload as IncomingMessage, (error, body) => {
      request.bodyShare?.release()
      if (error || !body) return done(error)
      // Many clients announce JSON on every POST.
      if (body.length === 0 && request.routeOptions.config.mayBeEmpty) return done(null)
      try {
        const value = parseObject(body, MAX_VALUES)
        // Walking it must not exhaust the stack.
        if (nests(value, MAX_DEPTH))
          throw new UserError('invalid_input', `the body nests deeper than ${MAX_DEPTH} levels`)
        done(null, value)
      } catch (refused) {
        done(refused as UserError)
      }
    })
  }
}

function nests(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => nests(inner, levels - 1))
}

const tooLarge = (maxBytes: number) =>
  new UserError('too_large', `the body is larger than ${maxBytes / 1_048_576} MiB`)

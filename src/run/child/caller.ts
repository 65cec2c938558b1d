// The child's end of the wire: a call goes out, its answer comes back; errors keep what they mean.
import { PermanentError, RetryAfterError, errorKind, reasonOf } from '../../sdk/errors.ts'
import type { ToChild, WireError } from '../protocol.ts'

export type Call = (method: string, params: unknown) => Promise<unknown>

interface Pending {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** Sends calls with `send` and settles them by `answer`. */
export function createCaller(send: (message: unknown) => void) {
  const pending = new Map<number, Pending>()
  let last = 0
  return {
    call: ((method, params) =>
      new Promise((resolve, reject) => {
        last += 1
        pending.set(last, { resolve, reject })
        send({ t: 'call', id: last, method, params })
      })) satisfies Call,
    answer(message: Extract<ToChild, { t: 'answer' }>) {
      const waiting = pending.get(message.id)
      pending.delete(message.id)
      if (message.ok) waiting?.resolve(message.value)
      else waiting?.reject(fromWire(message.error))
    },
  }
}

function fromWire(error: WireError): Error {
  if (error.kind === 'permanent')
    return new PermanentError(error.message, { reason: error.reason ?? 'permanent' })
  const reason = error.reason === undefined ? {} : { reason: error.reason }
  if (error.kind === 'retry_after')
    return Object.assign(new RetryAfterError(error.message, error.delayMs ?? 0), reason)
  return Object.assign(new Error(error.message), { name: error.name, ...reason })
}

/** Whatever was thrown, ready for the wire. */
export function toWire(thrown: unknown): WireError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const kind = errorKind(error)
  const reason = reasonOf(error)
  return {
    name: error.name,
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(kind === undefined ? {} : { kind }),
    ...(kind === 'permanent'
      ? { reason: (error as PermanentError).reason }
      : reason === null
        ? {}
        : { reason }),
    ...(kind === 'retry_after' ? { delayMs: (error as RetryAfterError).delayMs } : {}),
  }
}

// The child's end of the wire for one session: what it says carries its nonce; a call goes out, its answer comes back,
// and errors keep what they mean. When the session is over nothing leaves under its name any more.
import { PermanentError, RetryAfterError, errorKind, reasonOf } from '@hookyard/sdk/host'
import type { ToChild, WireError } from '../protocol.ts'

export type Call = (method: string, params: unknown) => Promise<unknown>

export interface Caller {
  readonly call: Call
  /** @throws PermanentError when the message is no JSON. */
  say(message: { readonly t: string } & Readonly<Record<string, unknown>>): void
  answer(message: Extract<ToChild, { t: 'answer' }>): void
  /** The session is over: later calls reject, the rest is silent. Answers how many calls were not answered. */
  revoke(): number
}

/** Speaks with `send` for the session with this nonce. */
export function createCaller(nonce: string, send: (message: unknown) => void): Caller {
  const pending = new Map<number, Pick<PromiseWithResolvers<unknown>, 'resolve' | 'reject'>>()
  let last = 0
  let revoked = false
  const say: Caller['say'] = ({ t, ...message }) => {
    if (revoked) return
    try {
      // The service reads the two before it parses the rest.
      send({ t, nonce, ...message })
    } catch (thrown) {
      throw notJson(t, thrown as Error)
    }
  }
  return {
    say,
    call: (method, params) =>
      new Promise((resolve, reject) => {
        if (revoked) {
          const says = 'the run is over: nothing is done for it any more'
          return reject(new PermanentError(says, { reason: 'run_over' }))
        }
        last += 1
        say({ t: 'call', id: last, method, params })
        pending.set(last, { resolve, reject })
      }),
    answer(message) {
      const waiting = pending.get(message.id)
      pending.delete(message.id)
      if (message.ok) waiting?.resolve(message.value)
      else waiting?.reject(fromWire(message.error))
    },
    revoke() {
      revoked = true
      const unanswered = pending.size
      pending.clear()
      return unanswered
    },
  }
}

/** What cannot be said will not be better at the next attempt. */
function notJson(t: string, thrown: Error): PermanentError {
  const [why] = thrown.message.split('\n', 1)
  const reason = thrown instanceof RangeError ? 'over_limit' : 'invalid_argument'
  return new PermanentError(`the handler's ${t} is no JSON: ${why}`, {
    reason: t === 'outcome' ? 'invalid_outcome' : reason,
  })
}

function fromWire({ kind, name, message, reason, delayMs = 0 }: WireError): Error {
  if (kind === 'permanent') return new PermanentError(message, { reason: reason ?? 'permanent' })
  const error = kind === 'retry_after' ? new RetryAfterError(message, delayMs) : new Error(message)
  return Object.assign(error, kind === undefined && { name }, reason !== undefined && { reason })
}

/** Of an error's message and stack so many characters are told. */
const MAX_TOLD = 20_000

/** Whatever was thrown, ready for the wire. */
export function toWire(thrown: unknown): WireError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const kind = errorKind(error)
  const reason = reasonOf(error) ?? (kind === 'permanent' ? 'permanent' : null)
  const told = (text: unknown) => String(text).slice(0, MAX_TOLD)
  return {
    name: told(error.name),
    message: told(error.message),
    ...(error.stack !== undefined && { stack: told(error.stack) }),
    ...(kind !== undefined && { kind }),
    ...(reason !== null && { reason }),
    ...(kind === 'retry_after' && { delayMs: Number((error as RetryAfterError).delayMs) || 0 }),
  }
}

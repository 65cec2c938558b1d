// What an abort does to a promise.
import { toError } from '../lib/errors.ts'

/** How long an attempt may take to end after its abort, in ms; a process that is killed takes a second. */
const STOP_MS = 3_000

/** Rejects some time after the abort: whatever hangs by then is left behind, and the run ends without it. */
export function leftBehind(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const wait = () => setTimeout(() => reject(toError(signal.reason)), STOP_MS)
    if (signal.aborted) wait()
    else signal.addEventListener('abort', wait, { once: true })
  })
}

/** The promise's value, unless the signal comes first. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(toError(signal.reason))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

// Faults that a test orders in advance: the next matching requests are refused, delayed, never answered or
// cut off. `afterEffect` is the crash window: the write happens, the caller never hears of it.
import type { ServerResponse } from 'node:http'
import { send } from './http.ts'
import type { Reply } from './http.ts'

export interface Fault {
  /** HTTP method, any case; omitted: any. */
  readonly method?: string
  /** Exact path, or a pattern over the path; omitted: any. */
  readonly path?: string | RegExp
  /** How many matching requests; default 1. */
  readonly times?: number
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Milliseconds before the request is looked at; without anything else it is then answered as usual. */
  readonly delay?: number
  /** Never answers: the connection stays open until the caller or `close()` ends it. */
  readonly hang?: boolean
  /** Cuts the connection without an answer. */
  readonly dropConnection?: boolean
  /** First does what was asked, then fails: with the given status, or by dropping the connection. */
  readonly afterEffect?: boolean
}

export interface Faults {
  /** Orders a fault; several wait in order. Returns a function that takes back what is left of it. */
  failNext(fault: Fault): () => void
  /** The fault for this request, used up by one; null when it is to be served as usual. */
  take(method: string, path: string): Fault | null
}

/** An empty list of faults. */
export function createFaults(): Faults {
  const ordered: { fault: Fault; left: number }[] = []
  return {
    failNext(fault) {
      const entry = { fault, left: fault.times ?? 1 }
      ordered.push(entry)
      return () => void (entry.left = 0)
    },
    take(method, path) {
      const found = ordered.find(({ fault, left }) => left > 0 && matches(fault, method, path))
      if (!found) return null
      found.left -= 1
      return found.fault
    },
  }
}

function matches({ method, path }: Fault, actualMethod: string, actualPath: string): boolean {
  if (method !== undefined && method.toUpperCase() !== actualMethod.toUpperCase()) return false
  if (path === undefined) return true
  return typeof path === 'string' ? path === actualPath : path.test(actualPath)
}

/** Whether the fault replaces the answer (rather than only delaying it). */
export const spoils = (fault: Fault): boolean =>
  fault.status !== undefined || [fault.hang, fault.dropConnection, fault.afterEffect].includes(true)

/** Fails the request as ordered; `fallback` is the answer when the fault names a status but no body. */
export function spoil(response: ServerResponse, fault: Fault, fallback: (status: number) => Reply): void {
  if (fault.hang) return
  if (fault.status === undefined) {
    response.destroy()
    return
  }
  const usual = fallback(fault.status)
  const headers = { ...usual.headers, ...fault.headers }
  send(response, { status: fault.status, headers, body: fault.body ?? usual.body })
}

/** Waits for a fault's delay, if it has one. The timer keeps no process alive. */
export const delayed = (fault: Fault | null): Promise<void> =>
  fault?.delay ? new Promise((resolve) => void setTimeout(resolve, fault.delay).unref()) : Promise.resolve()

// `ctx.fetch` inside the module's process: the standard's Request and Response at its ends, the broker in between.
import type { Call } from './caller.ts'

interface Answer {
  readonly status: number
  readonly statusText: string
  readonly headers: [string, string][]
  readonly body: string
  readonly url: string
  readonly redirected: boolean
}

/** A fetch whose requests the broker makes. */
export function createFetch(call: Call) {
  return async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    const { signal } = request
    signal.throwIfAborted()
    const body = request.body === null ? null : Buffer.from(await request.arrayBuffer()).toString('base64')
    const { method, url, redirect } = request
    const asked = call('fetch', { method, url, headers: [...request.headers], body, redirect })
    const aborted = new Promise<never>((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
    )
    return toResponse((await Promise.race([asked, aborted])) as Answer)
  }
}

function toResponse({ status, statusText, headers, body, url, redirected }: Answer): Response {
  const isEmpty = [204, 205, 304].includes(status)
  const response = new Response(isEmpty ? null : Buffer.from(body, 'base64'), { status, statusText, headers })
  // A Response that was made has no address of its own.
  return Object.defineProperties(response, { url: { value: url }, redirected: { value: redirected } })
}

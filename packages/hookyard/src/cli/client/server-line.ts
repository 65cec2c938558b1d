// A line to the server that a command means. A server that is started anew has another local token, and perhaps
// another port: who asks for longer than one request finds it again by its server.json.
import { setTimeout as delay } from 'node:timers/promises'
import { fields } from '../../lib/fields.ts'
import { toError } from '../../lib/errors.ts'
import { findServer, type ServerOptions } from './find-server.ts'

/** server.json is written a moment after the port opens. */
const WRITTEN_MS = 250

/** @throws CommandFailure when no server is named and none runs here; UsageError for a URL that is none */
export async function openServerLine(options: ServerOptions) {
  let server = await findServer(options)

  function ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${server.token}`)
    return fetch(`${server.url}${path}`, { ...init, headers })
  }

  /** True when there is another one now. */
  async function moved(): Promise<boolean> {
    const found = await findServer(options).catch(() => null)
    if (found === null || (found.url === server.url && found.token === server.token)) return false
    server = found
    return true
  }

  return {
    /** Where it leads now. */
    get server() {
      return server
    },
    /** `fetch` of a path, with the token. Rejects as `fetch` does. */
    async fetch(path: string, init?: RequestInit) {
      // Asked again only where the first request cannot have had an effect: nobody took it, or nobody was let in.
      try {
        const answer = await ask(path, init)
        if (answer.status !== 401) return answer
        if (!(await moved())) {
          await delay(WRITTEN_MS)
          if (!(await moved())) return answer
        }
      } catch (thrown) {
        if (fields(toError(thrown).cause)['code'] !== 'ECONNREFUSED' || !(await moved())) throw thrown
      }
      return ask(path, init)
    },
  }
}

// One POST to a service that is known by its URL alone. Leaves: what it answered, or why it did not. The URL is a
// secret (whoever knows it can write there) and stands in no result. Redirects are not followed: an address is the
// operator's word, and no answer may turn it into another one.
import type { SendResult } from './sender.ts'

const TIMEOUT_MS = 30_000
/** Enough for an error's code; what a service says beyond that is not read. */
const MAX_ANSWER_BYTES = 4_096
/** A service that asks for a longer pause is asked again after this one. */
const MAX_PAUSE_MS = 3_600_000

export interface PostOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  /** Default: 30 s. */
  readonly timeoutMs?: number | undefined
}

export type Posted =
  | {
      readonly status: number
      /** What `Retry-After` asks for; null when it does not. */
      readonly retryAfterMs: number | null
      /** The beginning of the answer's body. */
      readonly body: string
    }
  | { readonly status: null; readonly cause: string }

/** Posts JSON text. Never throws. */
export async function postJson(address: string, json: string, options: PostOptions = {}): Promise<Posted> {
  const limit = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS)
  try {
    const { url, authorization } = splitCredentials(address)
    const response = await fetch(url, {
      method: 'POST',
      body: json,
      redirect: 'manual',
      signal: options.signal ? AbortSignal.any([options.signal, limit]) : limit,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'hookyard',
        ...authorization,
        ...options.headers,
      },
    })
    const { status, headers } = response
    return { status, retryAfterMs: retryAfter(headers), body: await readBeginning(response) }
  } catch (thrown) {
    return { status: null, cause: networkCause(thrown) }
  }
}

/**
 * What an answer means for the message. `said`: the service's own word for a refusal, without secrets.
 * Limits and outages pass (429, 408, 425, 5xx), other refusals do not.
 */
export function toResult(posted: Posted, service: string, said: string | null): SendResult {
  if (posted.status === null) return pause(`${service} could not be reached: ${posted.cause}`)
  const { status } = posted
  if (status >= 200 && status < 300) return { status: 'sent' }
  const words = said === null ? String(status) : `${status}: ${said}`
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    return pause(`${service} answered ${words}`, posted.retryAfterMs)
  if (status >= 300 && status < 400)
    return { status: 'refused', error: `${service} answered ${status}, a redirect, which is not followed` }
  return { status: 'refused', error: `${service} refused it (${words})` }
}

/** Another try, after the pause that was asked for; at most an hour. */
export function pause(error: string, afterMs: number | null = null): SendResult {
  return { status: 'again', afterMs: afterMs === null ? null : Math.min(afterMs, MAX_PAUSE_MS), error }
}

/** `fetch` takes no `https://user:password@host`: they become the header that they stand for. */
function splitCredentials(address: string): { url: URL; authorization: Record<string, string> } {
  const url = new URL(address)
  if (url.username === '' && url.password === '') return { url, authorization: {} }
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  url.username = url.password = ''
  return { url, authorization: { authorization: `Basic ${Buffer.from(login).toString('base64')}` } }
}

/** Seconds, or a date beside the answer's own. */
function retryAfter(headers: Headers): number | null {
  const value = headers.get('retry-after')?.trim() ?? ''
  const ms = /^\d+(\.\d+)?$/.test(value)
    ? Math.ceil(Number(value) * 1_000)
    : Date.parse(value) - Date.parse(headers.get('date') ?? '')
  return Number.isFinite(ms) && ms > 0 ? ms : null
}

async function readBeginning(response: Response): Promise<string> {
  if (response.body === null) return ''
  const chunks: Uint8Array[] = []
  let length = 0
  // Leaving the loop early closes the connection: an endless answer ends here.
  for await (const chunk of response.body) {
    chunks.push(chunk)
    length += chunk.byteLength
    if (length >= MAX_ANSWER_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString('utf8')
}

/**
 * The code or kind of a network error (`ECONNREFUSED`, `TimeoutError`), never its message: that holds the URL, and with
 * it a token or a secret.
 */
export function networkCause(thrown: unknown): string {
  const inner: unknown = Object(thrown).cause
  for (const error of [inner, thrown]) {
    const { code, type, name } = Object(error) as { code?: unknown; type?: unknown; name?: unknown }
    const word = [code, type, name].find((value) => typeof value === 'string' && /^[\w-]{1,60}$/.test(value))
    if (typeof word === 'string') return word
  }
  return 'unknown error'
}

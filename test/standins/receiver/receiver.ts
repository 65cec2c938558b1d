// A stand-in for a program that takes signed notifications: it refuses what is not signed with its key, and knows a
// message that it has had before.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createFaults, delayed, spoil, spoils } from '@hookyard/standins/faults'
import type { Fault } from '@hookyard/standins/faults'
import { send, serveLoopback } from '@hookyard/standins/http'
import type { Received, Reply } from '@hookyard/standins/http'

export interface ReceivedNotice {
  readonly id: string
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface ReceiverStandin {
  /** An address as it is. */
  readonly url: string
  /** Each notice once, in order. */
  readonly notices: readonly ReceivedNotice[]
  /** Statuses answered, in order; null when a request was never answered. */
  readonly answers: readonly (number | null)[]
  /** How many came a second time. */
  readonly repeats: () => number
  failNext(fault: Fault): () => void
  close(): Promise<void>
}

/** Starts a receiver. `key`: what it checks signatures with; it may be known later than its address. */
export async function startReceiver(key: () => string): Promise<ReceiverStandin> {
  const notices: ReceivedNotice[] = []
  const answers: (number | null)[] = []
  const faults = createFaults()
  let repeats = 0

  function perform(request: Received): Reply {
    if (request.method !== 'POST') return { status: 405 }
    if (!isSigned(request, key())) return { status: 401, body: { error: 'invalid signature' } }
    const body = JSON.parse(request.body.toString('utf8')) as Record<string, unknown>
    const id = String(body['id'])
    if (id !== request.headers['x-hookyard-delivery']) return { status: 400, body: { error: 'two ids' } }
    if (notices.some((notice) => notice.id === id)) repeats += 1
    else notices.push({ id, text: String(body['text']), body, headers: request.headers })
    return { status: 204 }
  }

  const server = await serveLoopback(async (request, response) => {
    const fault = faults.take(request.method, request.url.pathname)
    await delayed(fault)
    const spoiled = fault !== null && spoils(fault)
    const reply = spoiled && !fault.afterEffect ? null : perform(request)
    answers.push(spoiled ? (fault.status ?? null) : (reply?.status ?? null))
    if (spoiled) spoil(response, fault, (status) => ({ status, body: {} }))
    else if (reply) send(response, reply)
  })
  return {
    url: `${server.url}/notices`,
    notices,
    answers,
    repeats: () => repeats,
    failNext: faults.failNext,
    close: server.close,
  }
}

/** Over the raw bytes, before anything is parsed. */
function isSigned({ headers, body }: Received, key: string): boolean {
  const given = Buffer.from(String(headers['x-hookyard-signature-256'] ?? ''))
  const wanted = Buffer.from(`sha256=${createHmac('sha256', key).update(body).digest('hex')}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

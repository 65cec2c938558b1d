// A stand-in for Slack's incoming webhooks: a real HTTP server that refuses what Slack refuses, with its codes, and
// keeps what a person would see (https://api.slack.com/messaging/webhooks#handling_errors).
import type { Clock } from '../../../packages/hookyard/src/lib/clock.ts'
import { systemClock } from '../../../packages/hookyard/src/lib/clock.ts'
import { type Allowance, createAllowance } from '@hookyard/standins/allowance'
import { createFaults, delayed, spoil, spoils } from '@hookyard/standins/faults'
import type { Fault } from '@hookyard/standins/faults'
import { send, serveLoopback } from '@hookyard/standins/http'
import type { Received, Reply } from '@hookyard/standins/http'
import { isObject } from '@hookyard/standins/is-object'
import { type Shown, readBlocks, readText } from './blocks.ts'

export interface SlackOptions {
  /** What Slack takes of one webhook. Default: any number. */
  readonly allowance?: Allowance
  readonly clock?: Clock
}

export interface SlackMessage extends Shown {
  /** As it was sent. */
  readonly payload: Readonly<Record<string, unknown>>
}

export interface SlackStandin {
  /** For an address: `slack:` and this. */
  readonly webhook: string
  readonly messages: readonly SlackMessage[]
  /** Statuses answered, in order; null when a request was never answered. */
  readonly answers: readonly (number | null)[]
  failNext(fault: Fault): () => void
  /** The channel is archived: every message is refused from now on. */
  archive(): void
  /** The webhook is removed. */
  revoke(): void
  close(): Promise<void>
}

const PATH = '/services/T0HOOKYARD/B0HOOKYARD/standinSecretStandinSecret'

/** Starts a stand-in with one webhook. */
export async function startSlack({
  allowance,
  clock = systemClock,
}: SlackOptions = {}): Promise<SlackStandin> {
  const messages: SlackMessage[] = []
  const answers: (number | null)[] = []
  const faults = createFaults()
  const take = allowance ? createAllowance(allowance, clock) : () => 0
  let state: 'active' | 'archived' | 'revoked' = 'active'

  function perform(request: Received): Reply {
    if (request.url.pathname !== PATH || state === 'revoked') return { status: 404, body: 'no_service' }
    if (request.method !== 'POST') return { status: 405, body: 'method_not_allowed' }
    const waitMs = take()
    if (waitMs > 0) return limited(waitMs)
    if (state === 'archived') return { status: 410, body: 'channel_is_archived' }
    const payload = readPayload(request)
    if (payload === null) return { status: 400, body: 'invalid_payload' }
    const shown = payload['blocks'] === undefined ? readText(payload) : readBlocks(payload)
    if (typeof shown === 'string') return { status: 400, body: shown }
    messages.push({ payload, ...shown })
    return { status: 200, body: 'ok' }
  }

  const server = await serveLoopback(async (request, response) => {
    const fault = faults.take(request.method, request.url.pathname)
    await delayed(fault)
    const spoiled = fault !== null && spoils(fault)
    const reply = spoiled && !fault.afterEffect ? null : perform(request)
    answers.push(spoiled ? (fault.status ?? null) : (reply?.status ?? null))
    if (spoiled) spoil(response, fault, (status) => ({ status, body: 'rollup_error' }))
    else if (reply) send(response, reply)
  })

  return {
    webhook: `${server.url}${PATH}`,
    messages,
    answers,
    failNext: faults.failNext,
    archive: () => void (state = 'archived'),
    revoke: () => void (state = 'revoked'),
    close: server.close,
  }
}

const limited = (waitMs: number): Reply => ({
  status: 429,
  headers: { 'retry-after': String(Math.ceil(waitMs / 1_000)) },
  body: 'rate_limited',
})

/** JSON, or a form whose field `payload` is JSON. */
function readPayload({ headers, body }: Received): Record<string, unknown> | null {
  const type = headers['content-type'] ?? ''
  const form = type.includes('application/x-www-form-urlencoded')
  const text = form ? (new URLSearchParams(body.toString()).get('payload') ?? '') : body.toString('utf8')
  if (!form && !type.includes('application/json')) return null
  try {
    const payload = JSON.parse(text) as unknown
    return isObject(payload) ? payload : null
  } catch {
    return null
  }
}

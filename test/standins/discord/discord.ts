// A stand-in for Discord's webhooks: a real HTTP server that refuses what Discord refuses, with its codes, and keeps
// what a person would see (https://discord.com/developers/docs/resources/webhook#execute-webhook).
import type { Clock } from '../../../packages/hookyard/src/lib/clock.ts'
import { systemClock } from '../../../packages/hookyard/src/lib/clock.ts'
import { type Allowance, createAllowance } from '@hookyard/standins/allowance'
import { createFaults, delayed, spoil, spoils } from '@hookyard/standins/faults'
import type { Fault } from '@hookyard/standins/faults'
import { send, serveLoopback } from '@hookyard/standins/http'
import type { Received, Reply } from '@hookyard/standins/http'
import { isObject } from '@hookyard/standins/is-object'
import { type Shown, readMarkdown } from './markdown.ts'

export interface DiscordOptions {
  /** What Discord takes of one webhook. Default: any number. */
  readonly allowance?: Allowance
  readonly clock?: Clock
}

export interface DiscordMessage extends Shown {
  readonly content: string
  readonly flags: number
  /** Whom it notified: `everyone`, `here`, users and roles by their numbers. */
  readonly pinged: readonly string[]
  readonly threadId: string | null
}

export interface DiscordStandin {
  /** For an address: `discord:` and this. */
  readonly webhook: string
  readonly messages: readonly DiscordMessage[]
  /** Statuses answered, in order; null when a request was never answered. */
  readonly answers: readonly (number | null)[]
  failNext(fault: Fault): () => void
  /** The webhook is deleted. */
  remove(): void
  close(): Promise<void>
}

const PATH = /^\/api(?:\/v\d+)?\/webhooks\/(\d+)\/([\w-]+)$/
const ID = '1122334455667788'
const TOKEN = 'standin-token_standin-token'
const MAX_CONTENT = 2_000

/** Starts a stand-in with one webhook. */
export async function startDiscord({
  allowance,
  clock = systemClock,
}: DiscordOptions = {}): Promise<DiscordStandin> {
  const messages: DiscordMessage[] = []
  const answers: (number | null)[] = []
  const faults = createFaults()
  const take = allowance ? createAllowance(allowance, clock) : () => 0
  let removed = false

  function perform(request: Received): Reply {
    const [, id, token] = PATH.exec(request.url.pathname) ?? []
    if (id === undefined) return refusal(404, 0, '404: Not Found')
    if (id !== ID || removed) return refusal(404, 10_015, 'Unknown Webhook')
    if (token !== TOKEN) return refusal(401, 50_027, 'Invalid Webhook Token')
    if (request.method !== 'POST') return refusal(405, 0, '405: Method Not Allowed')
    const waitMs = take()
    if (waitMs > 0) return limited(waitMs)
    const message = readMessage(request)
    if ('status' in message) return message
    messages.push(message)
    if (request.url.searchParams.get('wait') !== 'true') return { status: 204 }
    return { status: 200, body: { id: String(messages.length), type: 0, content: message.content } }
  }

  const server = await serveLoopback(async (request, response) => {
    const fault = faults.take(request.method, request.url.pathname)
    await delayed(fault)
    const spoiled = fault !== null && spoils(fault)
    const reply = spoiled && !fault.afterEffect ? null : perform(request)
    answers.push(spoiled ? (fault.status ?? null) : (reply?.status ?? null))
    if (spoiled) spoil(response, fault, (status) => refusal(status, 0, `${status}: as ordered`))
    else if (reply) send(response, reply)
  })

  return {
    webhook: `${server.url}/api/webhooks/${ID}/${TOKEN}`,
    messages,
    answers,
    failNext: faults.failNext,
    remove: () => void (removed = true),
    close: server.close,
  }
}

const refusal = (status: number, code: number, message: string, more: object = {}): Reply => ({
  status,
  body: { message, code, ...more },
})

/** The body has milliseconds, the header whole seconds. */
function limited(waitMs: number): Reply {
  const seconds = waitMs / 1_000
  return {
    status: 429,
    headers: {
      'retry-after': String(Math.ceil(seconds)),
      'x-ratelimit-limit': '5',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset-after': seconds.toFixed(3),
      'x-ratelimit-scope': 'user',
    },
    body: { message: 'You are being rate limited.', retry_after: seconds, global: false },
  }
}

function readMessage({ headers, body, url }: Received): DiscordMessage | Reply {
  if (!(headers['content-type'] ?? '').includes('application/json'))
    return refusal(400, 50_006, 'Cannot send an empty message')
  let payload: unknown
  try {
    payload = JSON.parse(body.toString('utf8'))
  } catch {
    return refusal(400, 50_109, 'The request body contains invalid JSON.')
  }
  if (!isObject(payload)) return invalid('_errors', 'DICT_TYPE_CONVERT', 'Only dictionaries may be used')
  const { content = '', flags = 0, allowed_mentions: allowed } = payload
  if (typeof content !== 'string') return invalid('content', 'STRING_TYPE_CONVERT', 'Could not interpret')
  if (content.trim() === '') return refusal(400, 50_006, 'Cannot send an empty message')
  if (content.length > MAX_CONTENT)
    return invalid('content', 'BASE_TYPE_MAX_LENGTH', `Must be ${MAX_CONTENT} or fewer in length.`)
  const kinds = allowedKinds(allowed)
  if (kinds === null) return invalid('allowed_mentions', 'BASE_TYPE_CHOICES', 'Value must be one of …')
  return {
    content,
    flags: Number(flags),
    pinged: pings(content, kinds),
    threadId: url.searchParams.get('thread_id'),
    ...readMarkdown(content),
  }
}

const invalid = (key: string, code: string, message: string): Reply =>
  refusal(400, 50_035, 'Invalid Form Body', { errors: { [key]: { _errors: [{ code, message }] } } })

const KINDS = ['everyone', 'users', 'roles']

/** null: refused. */
function allowedKinds(allowed: unknown): readonly string[] | null {
  if (allowed === undefined) return KINDS
  if (!isObject(allowed)) return null
  const kinds = allowed['parse'] ?? []
  return Array.isArray(kinds) && kinds.every((kind) => KINDS.includes(String(kind)))
    ? kinds.map(String)
    : null
}

function pings(content: string, kinds: readonly string[]): string[] {
  const found = content.matchAll(/(?<!\\)@(everyone|here)\b|(?<!\\)<@([!&]?)(\d+)>/g)
  return [...found].flatMap(([, all, role, id]) => {
    if (all !== undefined) return kinds.includes('everyone') ? [all] : []
    return kinds.includes(role === '&' ? 'roles' : 'users') && id !== undefined ? [id] : []
  })
}

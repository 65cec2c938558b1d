// A stand-in for Telegram's Bot API: a real HTTP server that refuses what the Bot API refuses, with its codes and words,
// and keeps what a person would see.
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { createFaults, delayed, spoil, spoils } from '../faults.ts'
import type { Fault } from '../faults.ts'
import { send, serveLoopback } from '../http.ts'
import type { Received, Reply } from '../http.ts'
import { createChats } from './chats.ts'
import type { SentMessage } from './chats.ts'
import { BotRefusal } from './entities.ts'
import { METHODS } from './methods.ts'
import type { Arguments, Bot } from './methods.ts'
import { createUpdates } from './updates.ts'
import type { Update } from './updates.ts'

export interface TelegramOptions {
  /** Default `123456:STANDIN`. */
  readonly token?: string
  /** Default `hookyard_bot`. */
  readonly username?: string
  /** The chats that exist (who writes with `sendText` joins them); default: any number. */
  readonly chats?: 'any' | readonly number[]
  readonly clock?: Clock
  /** Default: any free one. */
  readonly port?: number
}

export interface TelegramFault extends Pick<
  Fault,
  'times' | 'delay' | 'hang' | 'dropConnection' | 'afterEffect'
> {
  /** `sendMessage` …, any case; omitted: any method. */
  readonly method?: string
  /** The `error_code`, and HTTP status. */
  readonly status?: number
  readonly description?: string
  /** Seconds; makes it a 429. */
  readonly retryAfter?: number
}

export interface RecordedCall {
  readonly method: string
  readonly args: Arguments
  /** Milliseconds since the epoch. */
  readonly at: number
  /** HTTP status answered; null when it was never answered. */
  status: number | null
}

/** What was sent must be fixed: refused (`code` 400 or 404), or quietly ignored or repaired (`code` 200). */
export interface TelegramViolation {
  readonly method: string
  readonly code: number
  readonly message: string
}

export interface TelegramStandin {
  /** For `telegram.api_url`: `http://127.0.0.1:PORT`. */
  readonly url: string
  readonly token: string
  readonly username: string
  /** What the bot wrote, in order, as it stands now. Links, mentions and so on that Telegram finds by itself are not marked. */
  readonly messages: readonly SentMessage[]
  readonly calls: readonly RecordedCall[]
  readonly violations: readonly TelegramViolation[]
  readonly commands: readonly { readonly command: string; readonly description: string }[]
  readonly answers: readonly {
    readonly callback_query_id: string
    readonly text: string | null
    readonly show_alert: boolean
  }[]
  readonly actions: readonly { readonly chat_id: number; readonly action: string }[]
  /** Orders a fault; returns a function that takes back what is left of it. */
  failNext(fault: TelegramFault): () => void
  /** Hands the bot an update (without `update_id`, which is given here). */
  sendUpdate(update: Readonly<Record<string, unknown>>): Update
  /** Somebody writes to the bot; commands are marked as Telegram marks them. */
  sendText(chatId: number, text: string, from?: { id?: number; username?: string }): Update
  /** Somebody presses a button under a message of the bot's. */
  press(messageId: number, data: string, from?: { id?: number; username?: string }): Update
  block(chatId: number): void
  unblock(chatId: number): void
  /** The group becomes a supergroup. */
  migrate(from: number, to: number): void
  /** Resolves when nothing more is being posted to the bot's webhook. */
  posted(): Promise<void>
  close(): Promise<void>
}

/** Starts a stand-in. Rejects when the given port is taken. */
export async function startTelegram(options: TelegramOptions = {}): Promise<TelegramStandin> {
  const { token = '123456:STANDIN', username = 'hookyard_bot', clock = systemClock } = options
  const [calls, violations]: [RecordedCall[], TelegramViolation[]] = [[], []]
  const faults = createFaults()
  const bot: Bot = {
    id: Number.parseInt(token, 10) || 123_456,
    username,
    clock,
    chats: createChats(options.chats ?? 'any'),
    updates: createUpdates(),
    commands: [],
    openQueries: new Set(),
    answers: [],
    actions: [],
    note: () => undefined,
  }

  const server = await serveLoopback(async (request, response) => {
    const { method, authorized } = route(request, token)
    const call: RecordedCall = { method, args: await readArguments(request), at: clock(), status: null }
    calls.push(call)
    const fault = faults.take('POST', method)
    await delayed(fault)
    const spoiled = fault !== null && spoils(fault)
    if (spoiled && !fault.afterEffect) {
      call.status = fault.status ?? null
      return spoil(response, fault, failure)
    }
    const reply = authorized ? await perform(bot, call, violations) : failure(401)
    call.status = spoiled ? (fault.status ?? null) : reply.status
    if (spoiled) spoil(response, fault, failure)
    else send(response, reply)
  }, options.port)

  return {
    url: server.url,
    token,
    username,
    messages: bot.chats.messages,
    calls,
    violations,
    commands: bot.commands,
    answers: bot.answers,
    actions: bot.actions,
    failNext: (fault) => faults.failNext(httpFault(fault)),
    ...createPeople(bot),
    block: bot.chats.block,
    unblock: bot.chats.unblock,
    migrate: bot.chats.migrate,
    posted: bot.updates.posted,
    close() {
      bot.updates.close()
      return server.close()
    },
  }
}

/** `/bot<token>/METHOD` */
function route(request: Received, token: string): { method: string; authorized: boolean } {
  const [, given = '', method = ''] =
    /^\/bot([^/]*)\/([^/]*)$/.exec(decodeURIComponent(request.url.pathname)) ?? []
  return { method, authorized: given === token }
}

/** Parameters that are objects or arrays; in a form, and if one likes in JSON too, they come as JSON inside a string. */
const STRUCTURED = new Set([
  'allowed_updates',
  'commands',
  'entities',
  'link_preview_options',
  'reply_markup',
  'reply_parameters',
  'scope',
])

async function readArguments(request: Received): Promise<Arguments> {
  const given: Record<string, unknown> = Object.fromEntries(request.url.searchParams)
  const type = request.headers['content-type'] ?? ''
  if (request.body.length > 0 && type.includes('application/json')) {
    Object.assign(given, JSON.parse(request.body.toString('utf8')))
  } else if (request.body.length > 0) {
    const form = await new Response(new Uint8Array(request.body), {
      headers: { 'content-type': type },
    }).formData()
    for (const [key, value] of form) given[key] = typeof value === 'string' ? value : value.name
  }
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, argument(key, value)]))
}

/** Numbers and truths become text, as they are to the Bot API. */
function argument(key: string, value: unknown): unknown {
  if (typeof value === 'object' && value !== null) return value
  if (typeof value !== 'string') return String(value ?? '')
  if (!STRUCTURED.has(key)) return value
  try {
    return JSON.parse(value) as unknown
  } catch {
    return value
  }
}

async function perform(service: Bot, call: RecordedCall, violations: TelegramViolation[]): Promise<Reply> {
  const note = (message: string) => void violations.push({ method: call.method, code: 200, message })
  const bot = { ...service, note }
  const method = METHODS[call.method.toLowerCase()]
  try {
    if (!method) throw new BotRefusal(404, 'Not Found: method not found', { mistake: true })
    for (const name of Object.keys(call.args)) {
      if (!method.parameters.includes(name)) note(`the parameter ${name} is not known`)
    }
    return { status: 200, body: { ok: true, result: await method.run(bot, call.args) } }
  } catch (error) {
    if (!(error instanceof BotRefusal)) throw error
    const { code, message, parameters, mistake } = error
    if (mistake) violations.push({ method: call.method, code, message })
    return failure(code, message, parameters)
  }
}

const USUAL: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden: bot was blocked by the user',
  409: 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
}

function failure(
  code: number,
  description = USUAL[code] ?? 'Failed as ordered',
  parameters: object | null = null,
): Reply {
  return {
    status: code,
    body: { ok: false, error_code: code, description, ...(parameters ? { parameters } : {}) },
  }
}

function httpFault({ method, retryAfter, description, ...fault }: TelegramFault): Fault {
  const path = method === undefined ? {} : { path: new RegExp(`^${method}$`, 'i') }
  if (retryAfter !== undefined) {
    const text = description ?? `Too Many Requests: retry after ${retryAfter}`
    const body = failure(429, text, { retry_after: retryAfter }).body
    return { ...fault, ...path, status: 429, headers: { 'retry-after': String(retryAfter) }, body }
  }
  const body =
    fault.status !== undefined && description !== undefined
      ? failure(fault.status, description).body
      : undefined
  return { ...fault, ...path, ...(body === undefined ? {} : { body }) }
}

/** The people on the other side. */
function createPeople({
  chats,
  updates,
  openQueries,
  clock,
}: Bot): Pick<TelegramStandin, 'sendUpdate' | 'sendText' | 'press'> {
  let lastQuery = 0
  const person = (
    chatId: number,
    { id = Math.abs(chatId), username = `user${id}` }: { id?: number; username?: string },
  ) => ({
    id,
    is_bot: false,
    first_name: username,
    username,
  })
  const sendUpdate: TelegramStandin['sendUpdate'] = (update) => {
    const query = update.callback_query as { id?: unknown } | undefined
    if (query?.id !== undefined) openQueries.add(String(query.id))
    return updates.add(update)
  }
  return {
    sendUpdate,
    sendText(chatId, text, from = {}) {
      chats.meet(chatId)
      const command = /^\/\w+(?:@\w+)?/.exec(text)?.[0]
      return sendUpdate({
        message: {
          message_id: chats.nextMessageId(),
          from: person(chatId, from),
          chat: chats.describe(chatId),
          date: Math.floor(clock() / 1_000),
          text,
          ...(command ? { entities: [{ type: 'bot_command', offset: 0, length: command.length }] } : {}),
        },
      })
    },
    press(messageId, data, from = {}) {
      const message = chats.messages.find(({ message_id }) => message_id === messageId)
      if (!message) throw new RangeError(`the bot has sent no message ${messageId}`)
      const { chat_id, text, at } = message
      const shown = {
        message_id: messageId,
        chat: chats.describe(chat_id),
        date: Math.floor(at / 1_000),
        text,
      }
      const id = String((lastQuery += 1))
      return sendUpdate({
        callback_query: {
          id,
          from: person(chat_id, from),
          message: shown,
          chat_instance: String(chat_id),
          data,
        },
      })
    },
  }
}

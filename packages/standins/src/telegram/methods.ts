// The methods of the Bot API that the program uses. Each takes its arguments as the server read them and answers with the
// `result`, or throws a BotRefusal.
import type { Clock } from '../clock.ts'
import type { Chats, SentMessage } from './chats.ts'
import { BotRefusal, badRequest } from './entities.ts'
import { readMarkup } from './markup.ts'
import { readMessageText } from './message-text.ts'
import { readWebhook } from './updates.ts'
import type { Updates } from './updates.ts'

export interface Bot {
  readonly id: number
  readonly username: string
  readonly chats: Chats
  readonly updates: Updates
  readonly clock: Clock
  readonly commands: { command: string; description: string }[]
  /** Callback queries that can still be answered. */
  readonly openQueries: Set<string>
  readonly answers: { callback_query_id: string; text: string | null; show_alert: boolean }[]
  readonly actions: { chat_id: number; action: string }[]
  /** Notes what Telegram fixes or ignores without a word. */
  readonly note: (message: string) => void
}

/** Arguments, numbers and truths as text, objects and arrays parsed. */
export type Arguments = Readonly<Record<string, unknown>>

export interface Method {
  /** The parameters that the Bot API knows; others it ignores. */
  readonly parameters: readonly string[]
  readonly run: (bot: Bot, args: Arguments) => unknown
}

const SHARED = ['business_connection_id', 'chat_id', 'message_thread_id', 'direct_messages_topic_id']
const TEXT = [
  'text',
  'parse_mode',
  'entities',
  'link_preview_options',
  'disable_web_page_preview',
  'reply_markup',
]
const SENDING = [
  'disable_notification',
  'protect_content',
  'allow_paid_broadcast',
  'message_effect_id',
  'reply_parameters',
]
const REPLYING = ['suggested_post_parameters', 'reply_to_message_id', 'allow_sending_without_reply']
const EDITING = ['business_connection_id', 'chat_id', 'message_id', 'inline_message_id']
const WEBHOOK = [
  'url',
  'certificate',
  'ip_address',
  'max_connections',
  'allowed_updates',
  'drop_pending_updates',
  'secret_token',
]

/** By lower-case name. */
export const METHODS: Readonly<Record<string, Method>> = {
  getme: { parameters: [], run: getMe },
  sendmessage: { parameters: [...SHARED, ...TEXT, ...SENDING, ...REPLYING], run: sendMessage },
  editmessagetext: { parameters: [...EDITING, ...TEXT], run: editMessageText },
  editmessagereplymarkup: { parameters: [...EDITING, 'reply_markup'], run: editMessageReplyMarkup },
  sendchataction: { parameters: [...SHARED, 'action'], run: sendChatAction },
  getchat: {
    parameters: ['chat_id'],
    run: ({ chats }, { chat_id }) => fullChat(chats, chats.resolve(text(chat_id))),
  },
  getupdates: { parameters: ['offset', 'limit', 'timeout', 'allowed_updates'], run: getUpdates },
  setwebhook: { parameters: WEBHOOK, run: setWebhook },
  deletewebhook: {
    parameters: ['drop_pending_updates'],
    run: (bot, args) => setWebhook(bot, { ...args, url: '' }),
  },
  getwebhookinfo: { parameters: [], run: getWebhookInfo },
  setmycommands: { parameters: ['commands', 'scope', 'language_code'], run: setMyCommands },
  getmycommands: { parameters: ['scope', 'language_code'], run: ({ commands }) => commands },
  answercallbackquery: {
    parameters: ['callback_query_id', 'text', 'show_alert', 'url', 'cache_time'],
    run: answerCallbackQuery,
  },
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const isTrue = (value: unknown): boolean => ['true', 'yes', '1'].includes(text(value).toLowerCase())
const whole = (value: unknown, fallback: number): number =>
  /^-?\d+$/.test(text(value)) ? Number(value) : fallback

const account = ({ id, username }: Bot) => ({ id, is_bot: true, first_name: username, username })

function getMe(bot: Bot) {
  return {
    ...account(bot),
    can_join_groups: true,
    can_read_all_group_messages: false,
    supports_inline_queries: false,
    can_connect_to_business: false,
    has_main_web_app: false,
  }
}

const fullChat = (chats: Chats, chatId: number) => ({
  ...chats.describe(chatId),
  accent_color_id: 0,
  max_reaction_count: 11,
  accepted_gift_types: {},
})

function render(bot: Bot, message: SentMessage) {
  const { message_id, chat_id, text: body, entities, reply_markup, at, editedAt } = message
  const inline = reply_markup && 'inline_keyboard' in reply_markup
  return {
    message_id,
    from: account(bot),
    chat: bot.chats.describe(chat_id),
    date: Math.floor(at / 1_000),
    ...(editedAt === null ? {} : { edit_date: Math.floor(editedAt / 1_000) }),
    text: body,
    ...(entities.length > 0 ? { entities } : {}),
    ...(inline ? { reply_markup } : {}),
  }
}

function sendMessage(bot: Bot, args: Arguments) {
  const { chats } = bot
  const content = contentOf(bot, args)
  const reply_markup = readMarkup(args.reply_markup)
  const chat_id = chats.resolve(text(args.chat_id))
  checkReply(chats, chat_id, args)
  const at = bot.clock()
  const message = { message_id: chats.nextMessageId(), chat_id, ...content, reply_markup, at, editedAt: null }
  chats.messages.push(message)
  return render(bot, message)
}

function contentOf(bot: Bot, args: Arguments) {
  const raw = text(args.text)
  const mode = text(args.parse_mode)
  const { text: body, entities, repairs } = readMessageText(raw, mode, args.entities)
  for (const repair of repairs) bot.note(repair)
  return { text: body, raw, parse_mode: mode || null, entities }
}

/** A reply to a message that is not there is refused, unless that is allowed. Messages of people are not kept: ids beyond ours pass. */
function checkReply(chats: Chats, chatId: number, args: Arguments): void {
  const parameters = (args.reply_parameters ?? {}) as Record<string, unknown>
  const id = parameters.message_id ?? args.reply_to_message_id
  const lenient = parameters.allow_sending_without_reply === true || isTrue(args.allow_sending_without_reply)
  if (id === undefined || lenient) return
  const wanted = Number(id)
  const ours = chats.messages.some(({ message_id }) => message_id === wanted)
  const here = chats.messages.some(({ message_id, chat_id }) => message_id === wanted && chat_id === chatId)
  if (!Number.isSafeInteger(wanted) || wanted <= 0 || (ours && !here)) {
    throw badRequest('message to be replied not found')
  }
}

function editMessageText(bot: Bot, args: Arguments) {
  const content = contentOf(bot, args)
  return edit(bot, args, { ...content, reply_markup: readMarkup(args.reply_markup) })
}

function editMessageReplyMarkup(bot: Bot, args: Arguments) {
  return edit(bot, args, { reply_markup: readMarkup(args.reply_markup) })
}

function edit(bot: Bot, args: Arguments, changes: Partial<SentMessage>) {
  const chatId = bot.chats.resolve(text(args.chat_id))
  const messageId = whole(args.message_id, 0)
  if (messageId <= 0) throw badRequest('message identifier is not specified')
  const before = bot.chats.find(chatId, messageId, 'message to edit')
  const after = { ...before, ...changes, editedAt: bot.clock() }
  const shown = ({ text: body, entities, reply_markup }: SentMessage) =>
    JSON.stringify([body, entities, reply_markup])
  if (shown(before) === shown(after)) {
    throw badRequest(
      'message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message',
    )
  }
  bot.chats.replace(after)
  return render(bot, after)
}

const ACTIONS =
  /^(cancel|typing|upload_photo|(record|upload)_(video|voice|audio|video_note)|upload_document|choose_sticker|find_location|pick_up_location)$/

function sendChatAction(bot: Bot, args: Arguments) {
  const action = text(args.action).toLowerCase()
  if (!ACTIONS.test(action)) throw badRequest('wrong parameter action in request')
  bot.actions.push({ chat_id: bot.chats.resolve(text(args.chat_id)), action })
  return true
}

/** Telegram holds a poll no longer than this. */
const LONGEST_POLL_S = 50

function getUpdates({ updates }: Bot, args: Arguments) {
  const seconds = Math.min(Math.max(whole(args.timeout, 0), 0), LONGEST_POLL_S)
  const types = Array.isArray(args.allowed_updates) ? args.allowed_updates.map(String) : null
  return updates.fetch({
    offset: whole(args.offset, 0),
    limit: Math.min(Math.max(whole(args.limit, 100), 1), 100),
    timeoutMs: seconds * 1_000,
    types: types && types.length > 0 ? types : null,
  })
}

async function setWebhook({ updates }: Bot, args: Arguments) {
  const settings = readWebhook(text(args.url), text(args.secret_token))
  await updates.setWebhook(settings, isTrue(args.drop_pending_updates))
  return true
}

function getWebhookInfo({ updates, clock }: Bot) {
  const error = updates.lastError
  return {
    url: updates.webhook?.url ?? '',
    has_custom_certificate: false,
    pending_update_count: updates.pending(),
    ...(error === null ? {} : { last_error_date: Math.floor(clock() / 1_000), last_error_message: error }),
  }
}

function setMyCommands({ commands }: Bot, args: Arguments) {
  const wanted: unknown[] = Array.isArray(args.commands) ? (args.commands as unknown[]) : []
  if (wanted.length > 100) throw badRequest('BOT_COMMANDS_TOO_MUCH')
  const read = wanted.map((entry) => {
    const { command, description } = (entry ?? {}) as Record<string, unknown>
    if (typeof command !== 'string' || typeof description !== 'string') {
      throw badRequest(
        `can't parse BotCommand: Can't find field "${typeof command === 'string' ? 'description' : 'command'}"`,
      )
    }
    const name = command.replace(/^\//, '')
    if (!/^[a-z0-9_]{1,32}$/.test(name)) throw badRequest('BOT_COMMAND_INVALID')
    if (description.length < 1 || description.length > 256)
      throw badRequest('BOT_COMMAND_DESCRIPTION_INVALID')
    return { command: name, description }
  })
  commands.splice(0, commands.length, ...read)
  return true
}

function answerCallbackQuery({ openQueries, answers }: Bot, args: Arguments) {
  const id = text(args.callback_query_id)
  if (!openQueries.delete(id)) {
    throw new BotRefusal(
      400,
      'Bad Request: query is too old and response timeout expired or query ID is invalid',
    )
  }
  const message = text(args.text)
  if (message.length > 200) throw badRequest('MESSAGE_TOO_LONG')
  answers.push({ callback_query_id: id, text: message || null, show_alert: isTrue(args.show_alert) })
  return true
}

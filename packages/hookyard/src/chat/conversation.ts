// One update to its effect. Enters: an update. Leaves, in one transaction with the mark that it is done: settings and
// answers; before that, under the update's own key, a run or an answer to a question. AT MOST ONCE PER EFFECT: an
// update that comes again, also after a crash in between, finds its run, its answer or its mark.
import { toError, UserError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Clock } from '../lib/clock.ts'
import { textLines } from '../send/message.ts'
import type { Line, Message } from '../send/message.ts'
import type { ChatStore, NewClaim, NewMessage, SettingChange } from '../store/store.ts'
import { type AnsweringDeps, answerByText, pressButton } from './answering.ts'
import type { Bot } from './bot.ts'
import { codeIn, createAnswerLimit, createClaiming } from './claiming.ts'
import type { Call, ChatWorld, Reply } from './command.ts'
import { chatIdLine, findCommand, unknownCommand } from './commands/commands.ts'
import { parseText } from './parse-text.ts'
import { type Speaker, speakerOf } from './speaker.ts'
import { type Incoming, readUpdate } from './update.ts'

export interface ConversationDeps extends AnsweringDeps {
  readonly world: ChatWorld
  readonly store: AnsweringDeps['store'] & { readonly chat: ChatStore }
  readonly bot: Omit<Bot, 'token'>
  /** Settings or a claim were written: who hears, or who is who, is another matter now. */
  readonly onSettings: () => Promise<void>
  readonly wakeOutbox: () => void
  readonly clock: Clock
  readonly log: Log
}

export interface Conversation {
  /** Takes one update after the other. Rejects when the store or Telegram do not answer: then it is to come again. */
  take(update: unknown): Promise<void>
}

/** What an update leads to. */
interface Effect {
  readonly changes: readonly SettingChange[]
  readonly claim?: NewClaim
  /** The chat that is answered, and with what. */
  readonly answers: readonly { readonly chatId: number; readonly message: Message }[]
  /** What cannot be part of the transaction, and is not worth another try. */
  readonly after?: () => Promise<void>
}

const NOTHING: Effect = { changes: [], answers: [] }

/** A conversation with everybody who writes to the bot. */
export function createConversation(deps: ConversationDeps): Conversation {
  const { bot, store, log, clock } = deps
  const strangers = createAnswerLimit(clock)
  const { config, access } = deps.world
  const claiming = createClaiming({ config, access, store: store.chat, clock })
  let last: Promise<unknown> = Promise.resolve()

  async function takeOne(update: unknown): Promise<void> {
    const incoming = readUpdate(update, bot.id)
    if (incoming === null) {
      log.debug({}, 'something that is no update came from Telegram')
      return
    }
    const { updateId } = incoming
    if (await store.chat.isCommitted(bot.id, updateId)) return
    const effect = await effectOf(incoming)
    const { changes, claim } = effect
    const messages = effect.answers.map(({ chatId, message }, index) =>
      toRow(chatId, message, `chat:${bot.id}:${updateId}:${index}`, clock()),
    )
    const commit = { bot: bot.id, updateId, changes, messages, ...(claim && { claim }), at: clock() }
    if (!(await store.chat.commit(commit))) return
    if (claim) log.info({ user: claim.user, telegram_id: claim.telegramId }, 'a user was claimed by a person')
    if (changes.length > 0 || claim) await deps.onSettings()
    if (messages.length > 0) deps.wakeOutbox()
    await effect.after?.()
  }

  async function effectOf(incoming: Incoming): Promise<Effect> {
    if (incoming.kind === 'press') return pressed(incoming, deps)
    if (incoming.kind === 'other') return NOTHING
    const { chat } = incoming
    const speaker = speakerOf(access(), chat, incoming.from)
    const parsed = parseText(incoming.text, await bot.username())
    const code = codeIn(parsed)
    if (code !== null) {
      const { lines, claim } = await claiming(incoming, code, parsed.kind === 'command' && parsed.addressed)
      const answers = lines.length === 0 ? [] : [{ chatId: chat.id, message: { lines } }]
      return { changes: [], answers, ...(claim && { claim }) }
    }
    if (speaker.kind === 'stranger') {
      const isStart = parsed.kind === 'command' && parsed.name === 'start' && incoming.from?.isBot !== true
      if (!isStart || !strangers.mayAnswer(chat.id)) return NOTHING
      return { changes: [], answers: [{ chatId: chat.id, message: { lines: [chatIdLine(chat.id)] } }] }
    }
    const reply = await replyTo(incoming, parsed, speaker, deps)
    if (reply === null) return NOTHING
    return {
      changes: reply.changes ?? [],
      answers: [{ chatId: chat.id, message: { lines: reply.lines } }],
    }
  }

  return {
    take(update) {
      // One at a time: settings that one update makes count for the next one.
      const taken = last.then(() => takeOne(update))
      last = taken.catch(() => undefined)
      return taken
    },
  }
}

type Text = Extract<Incoming, { kind: 'text' }>
type Known = Exclude<Speaker, { kind: 'stranger' }>

/** Null: this is answered with silence. */
async function replyTo(
  incoming: Text,
  parsed: ReturnType<typeof parseText>,
  { kind, user }: Known,
  deps: ConversationDeps,
): Promise<Reply | null> {
  try {
    if (parsed.kind === 'elsewhere') return null
    if (parsed.kind === 'words') return await wordsReply(incoming, parsed.words, { kind, user }, deps)
    const command = findCommand(parsed.name)
    if (kind === 'guest' && command?.forGuests !== true) return null
    if (!command) {
      // In a group it may be meant for another bot.
      if (!incoming.chat.isPrivate && !parsed.addressed) return null
      throw unknownCommand(parsed.name)
    }
    const { chat, updateId } = incoming
    const { world } = deps
    const configured = world.config().users.find(({ name }) => name === user.name)
    if (!configured) throw new Error(`the user ${user.name} is not in the configuration`)
    const settings = (await deps.store.chat.settings()).filter((setting) => setting.user === user.name)
    const call: Call = { user, configured, settings, args: parsed.args, chat, updateId, now: deps.clock() }
    return await command.run(call, world)
  } catch (thrown) {
    return { lines: failureLines(thrown, incoming.updateId, deps.log) }
  }
}

async function wordsReply(
  { chat, repliesTo }: Text,
  words: string,
  { kind, user }: Known,
  deps: ConversationDeps,
): Promise<Reply | null> {
  // What people say to each other in a group is not meant for the bot.
  const meant = repliesTo !== null || (chat.isPrivate && kind === 'user')
  const lines = meant && words !== '' ? await answerByText(deps, words, repliesTo, user) : null
  if (lines !== null) return { lines }
  if (!chat.isPrivate) return null
  const why = repliesTo === null ? 'No question is open' : 'That message asks nothing'
  return { lines: [[`${why}. I understand commands: /help lists them.`]] }
}

async function pressed(
  incoming: Extract<Incoming, { kind: 'press' }>,
  deps: ConversationDeps,
): Promise<Effect> {
  const { chat, from, queryId, data, messageId } = incoming
  const { api } = deps.bot
  const speaker = speakerOf(deps.world.access(), chat, from)
  const user = speaker.kind === 'stranger' ? undefined : speaker.user
  const { toast, lines, closed } = await pressButton(deps, data, user)
  const quietly = (act: Promise<unknown>) =>
    act.catch((thrown: unknown) =>
      deps.log.debug({ err: toError(thrown).name }, 'a button could not be answered'),
    )
  return {
    changes: [],
    answers: lines.length > 0 && chat !== null ? [{ chatId: chat.id, message: { lines } }] : [],
    async after() {
      await quietly(
        api.answerCallbackQuery(queryId, { text: toast.slice(0, 200), show_alert: lines.length === 0 }),
      )
      if (closed && chat !== null && messageId !== null)
        await quietly(api.editMessageReplyMarkup(chat.id, messageId))
    },
  }
}

/** A refusal in its own words; a failure as an id that the log holds in full. @throws what passes by itself */
function failureLines(thrown: unknown, updateId: number, log: Log): Line[] {
  const error = toError(thrown)
  if (error.name === 'StoreError' || (error instanceof UserError && error.code === 'storage_unavailable'))
    throw error
  if (error instanceof UserError) return textLines(error.message)
  log.error({ err: error, update: updateId }, 'a chat command failed')
  return [[`Something went wrong inside. The log holds it under update ${updateId}.`]]
}

const toRow = (chatId: number, message: Message, dedupeKey: string, now: number): NewMessage => ({
  address: `telegram:${chatId}`,
  message,
  dedupeKey,
  runId: null,
  delivery: null,
  createdAt: now,
})

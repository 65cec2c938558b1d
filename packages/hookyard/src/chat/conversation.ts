// One update to its effect. Enters: an update. Leaves, in one transaction with the mark that it is done: settings and
// answers; before that, under the update's own key, a run or an answer to a question. AT MOST ONCE PER EFFECT: an
// update that comes again, also after a crash in between, finds its run, its answer or its mark.
import { toError, UserError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Clock } from '../lib/clock.ts'
import { type Line, textLines } from '../send/message.ts'
import type { ChatStore, NewClaim } from '../store/store.ts'
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

export type Conversation = ReturnType<typeof createConversation>

/** What an update leads to: settings, and lines that are answered in its chat. */
interface Effect extends Partial<Reply> {
  readonly claim?: NewClaim
  /** What cannot be part of the transaction, and is not worth another try. */
  readonly after?: () => Promise<void>
}

/** A conversation with everybody who writes to the bot. */
export function createConversation(deps: ConversationDeps) {
  const { bot, store, log, clock } = deps
  const mayAnswer = createAnswerLimit(clock)
  const { config, access } = deps.world
  const claiming = createClaiming({ config, access, store: store.chat, clock })
  let last: Promise<unknown> = Promise.resolve()

  async function takeOne(update: unknown): Promise<void> {
    const incoming = readUpdate(update, bot.id)
    if (incoming === null) return log.debug({}, 'something that is no update came from Telegram')
    const { updateId, chat } = incoming
    if (await store.chat.isCommitted(bot.id, updateId)) return
    const { lines = [], changes = [], claim, after } = await effectOf(incoming)
    const at = clock()
    const dedupeKey = `chat:${bot.id}:${updateId}:0`
    const message = { message: { lines }, dedupeKey, runId: null, delivery: null, createdAt: at }
    const messages =
      lines.length === 0 || chat === null ? [] : [{ ...message, address: `telegram:${chat.id}` }]
    const commit = { bot: bot.id, updateId, changes, messages, ...(claim && { claim }), at }
    if (!(await store.chat.commit(commit))) return
    if (claim) log.info({ user: claim.user, telegram_id: claim.telegramId }, 'a user was claimed by a person')
    if (changes.length > 0 || claim) await deps.onSettings()
    if (messages.length > 0) deps.wakeOutbox()
    await after?.()
  }

  async function effectOf(incoming: Incoming): Promise<Effect> {
    if (incoming.kind === 'press') return pressed(incoming, deps)
    if (incoming.kind === 'other') return {}
    const { chat, from } = incoming
    const parsed = parseText(incoming.text, await bot.username())
    const code = codeIn(parsed)
    if (code !== null) return claiming(incoming, code, parsed.kind === 'command' && parsed.addressed)
    const speaker = speakerOf(access(), chat, from)
    if (speaker.kind !== 'stranger') return (await replyTo(incoming, parsed, speaker, deps)) ?? {}
    const isStart = parsed.kind === 'command' && parsed.name === 'start' && from?.isBot !== true
    return isStart && mayAnswer(chat.id) ? { lines: [chatIdLine(chat.id)] } : {}
  }

  return {
    /** Takes one update after the other. Rejects when the store or Telegram do not answer: then it is to come again. */
    take(update: unknown): Promise<void> {
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
    if (parsed.kind === 'text') return await textReply(incoming, parsed.text, { kind, user }, deps)
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

async function textReply(
  { chat, repliesTo }: Text,
  text: string,
  { kind, user }: Known,
  deps: ConversationDeps,
): Promise<Reply | null> {
  // What people say to each other in a group is not meant for the bot.
  const meant = repliesTo !== null || (chat.isPrivate && kind === 'user')
  const lines = meant && text !== '' ? await answerByText(deps, text, repliesTo, user) : null
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
    act.catch((thrown) => deps.log.debug({ err: toError(thrown).name }, 'a button could not be answered'))
  const answer = { text: toast.slice(0, 200), show_alert: lines.length === 0 }
  return {
    lines,
    async after() {
      await quietly(api.answerCallbackQuery(queryId, answer))
      if (closed && chat && messageId !== null) await quietly(api.editMessageReplyMarkup(chat.id, messageId))
    },
  }
}

/** A refusal as it is; a failure as an id that the log holds in full. @throws what another try may not meet */
function failureLines(thrown: unknown, updateId: number, log: Log): Line[] {
  const error = toError(thrown)
  if (error.name === 'StoreError' || (error instanceof UserError && error.code === 'storage_unavailable'))
    throw error
  if (error instanceof UserError) return textLines(error.message)
  log.error({ err: error, update: updateId }, 'a chat command failed')
  return [[`Something went wrong inside. The log holds it under update ${updateId}.`]]
}

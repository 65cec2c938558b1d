// Who can be written to, and what has been written.
import { BotRefusal, badRequest } from './entities.ts'
import type { MessageEntity } from './entities.ts'

/** A message that the bot sent, as a person sees it, and as it was sent. */
export interface SentMessage {
  readonly message_id: number
  readonly chat_id: number
  /** After parsing, without marks. */
  readonly text: string
  /** As it was sent. */
  readonly raw: string
  readonly parse_mode: string | null
  readonly entities: readonly MessageEntity[]
  readonly reply_markup: Readonly<Record<string, unknown>> | null
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly editedAt: number | null
}

export interface Chats {
  /** Everything sent, in order; edits change it in place. */
  readonly messages: SentMessage[]
  nextMessageId(): number
  /**
   * The chat that the argument names.
   * @throws BotRefusal 400 when there is none, 403 when it does not want the bot.
   */
  resolve(chatId: string): number
  /** Somebody wrote from there. */
  meet(chatId: number): void
  block(chatId: number): void
  unblock(chatId: number): void
  /** The group became a supergroup of another id. */
  migrate(from: number, to: number): void
  /** The bot's message. @throws BotRefusal `WHAT not found` */
  find(chatId: number, messageId: number, what: string): SentMessage
  replace(message: SentMessage): void
  describe(chatId: number): Record<string, unknown>
}

/** `known`: the chats that exist; `any`: every number is one. */
export function createChats(known: 'any' | readonly number[]): Chats {
  const met = new Set(known === 'any' ? [] : known)
  const blocked = new Set<number>()
  const migrated = new Map<number, number>()
  const messages: SentMessage[] = []
  let lastMessageId = 0
  return {
    messages,
    nextMessageId: () => (lastMessageId += 1),
    resolve(argument) {
      if (argument === '') throw badRequest('chat_id is empty')
      const chatId = Number(argument)
      const exists = Number.isSafeInteger(chatId) && chatId !== 0 && (known === 'any' || met.has(chatId))
      if (!exists) throw new BotRefusal(400, 'Bad Request: chat not found')
      const to = migrated.get(chatId)
      if (to !== undefined) {
        const parameters = { migrate_to_chat_id: to }
        throw new BotRefusal(400, 'Bad Request: group chat was upgraded to a supergroup chat', { parameters })
      }
      if (blocked.has(chatId)) throw new BotRefusal(403, `Forbidden: ${rejection(chatId)}`)
      return chatId
    },
    meet: (chatId) => void met.add(chatId),
    block: (chatId) => void blocked.add(chatId),
    unblock: (chatId) => void blocked.delete(chatId),
    migrate(from, to) {
      met.add(from).add(to)
      migrated.set(from, to)
    },
    find(chatId, messageId, what) {
      const found = messages.find((message) => message.chat_id === chatId && message.message_id === messageId)
      if (!found) throw badRequest(`${what} not found`)
      return found
    },
    replace(message) {
      const at = messages.findIndex(
        ({ chat_id, message_id }) => chat_id === message.chat_id && message_id === message.message_id,
      )
      messages[at] = message
    },
    describe: (chatId) => ({ id: chatId, type: typeOf(chatId), ...titleOf(chatId) }),
  }
}

const typeOf = (chatId: number) =>
  chatId > 0 ? 'private' : chatId < -1_000_000_000_000 ? 'supergroup' : 'group'

const titleOf = (chatId: number) =>
  chatId > 0 ? { first_name: `User ${chatId}` } : { title: `Group ${chatId}` }

const rejection = (chatId: number) =>
  ({
    private: 'bot was blocked by the user',
    group: 'bot was kicked from the group chat',
    supergroup: 'bot was kicked from the supergroup chat',
  })[typeOf(chatId)]

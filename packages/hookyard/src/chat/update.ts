// An update as the Bot API sends it, read with tolerance: Telegram adds types and fields whenever it likes, and what
// people write may be anything.
import { fields, list, text } from '../lib/fields.ts'
import type { Fields } from '../lib/fields.ts'

/** The types of updates that are asked for; others never come. */
export const UPDATE_TYPES = ['message', 'callback_query'] as const

export interface ChatRef {
  readonly id: number
  /** A conversation with one person: its id is that person's. */
  readonly isPrivate: boolean
}

export interface Person {
  readonly id: number
  readonly isBot: boolean
}

export type Incoming =
  | {
      readonly kind: 'text'
      readonly updateId: number
      readonly chat: ChatRef
      /** null: somebody who speaks as the group itself, or as a channel: nobody knows who. */
      readonly from: Person | null
      readonly text: string
      /** The text of the bot's own message that this one answers; null when it answers none. */
      readonly repliesTo: string | null
    }
  | {
      readonly kind: 'press'
      readonly updateId: number
      /** null: the message is too old for Telegram to tell. */
      readonly chat: ChatRef | null
      readonly from: Person
      readonly queryId: string
      readonly data: string
      readonly messageId: number | null
    }
  | { readonly kind: 'other'; readonly updateId: number; readonly chat: null }

/** Reads an update that came to the bot of this number; null when it has no number, so that it is none. Never throws. */
export function readUpdate(update: unknown, bot: string): Incoming | null {
  const { update_id: updateId, message, callback_query: query } = fields(update)
  if (!isId(updateId)) return null
  return (
    readMessage(updateId, fields(message), bot) ??
    readPress(updateId, fields(query)) ?? { kind: 'other', updateId, chat: null }
  )
}

function readMessage(updateId: number, message: Fields, bot: string): Incoming | null {
  const chat = readChat(message['chat'])
  const written = text(message['text'])
  if (chat === null || written === null || isOfOthers(message)) return null
  const repliedTo = fields(message['reply_to_message'])
  // Another bot of the group may write what looks like a question of ours.
  const byBot = String(fields(repliedTo['from'])['id']) === bot && repliedTo['sender_chat'] === undefined
  return {
    kind: 'text',
    updateId,
    chat,
    from: message['sender_chat'] === undefined ? readPerson(message['from']) : null,
    text: written,
    repliesTo: byBot ? text(repliedTo['text']) : null,
  }
}

/** Forwarded, or made by another bot: the text is not that of who sent it. */
const isOfOthers = (message: Fields): boolean =>
  ['forward_origin', 'forward_date', 'via_bot'].some((key) => message[key] !== undefined)

function readPress(updateId: number, query: Fields): Incoming | null {
  const [queryId, data, from] = [text(query['id']), text(query['data']), readPerson(query['from'])]
  if (queryId === null || data === null || from === null) return null
  const message = fields(query['message'])
  const { message_id: messageId } = message
  return {
    kind: 'press',
    updateId,
    chat: readChat(message['chat']),
    from,
    queryId,
    data,
    messageId: isId(messageId) ? messageId : null,
  }
}

function readChat(chat: unknown): ChatRef | null {
  const { id, type } = fields(chat)
  return isId(id) ? { id, isPrivate: type === 'private' } : null
}

function readPerson(person: unknown): Person | null {
  const { id, is_bot: isBot } = fields(person)
  return isId(id) ? { id, isBot: isBot === true } : null
}

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && value !== 0

/** The updates of a `getUpdates` answer, those that are none left out. */
export const updatesOf = (answer: unknown): { readonly update_id: number }[] =>
  list(answer).filter((one): one is { update_id: number } => isId(fields(one)['update_id']))

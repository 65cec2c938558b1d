// Who speaks. A private chat speaks as the user whose `chat_id` it is, or who its person is; in a group only the person
// counts, never the chat. There a user commands whom `telegram_id` or a claim names; one whom only the private chat
// tells is a guest: they may send their messages there, answer a question, and nothing more.
import type { People } from '../access/people.ts'
import type { User } from '../config/config.ts'
import type { ChatRef, Person } from './update.ts'

export type Speaker = { readonly kind: 'user' | 'guest'; readonly user: User } | { readonly kind: 'stranger' }

const STRANGER: Speaker = { kind: 'stranger' }

/** The speaker; `chat` null: Telegram does not tell it any more, of an old message. */
export function speakerOf(people: People, chat: ChatRef | null, from: Person | null): Speaker {
  if (from === null || from.isBot) return STRANGER
  const isOwn = chat?.isPrivate === true && chat.id === from.id
  const user = (isOwn ? people.ownerOf(chat.id) : undefined) ?? people.person(from.id)
  if (!user) return STRANGER
  return { kind: isOwn || user.telegramId === from.id ? 'user' : 'guest', user }
}

// Who speaks. A chat speaks as the user whose `chat_id` it is; nobody else is answered. A user who writes in a group
// that is no user's chat is a guest there: they may send their messages there, answer a question, and nothing more.
import type { User } from '../config/config.ts'
import type { ChatRef, Person } from './update.ts'

export type Speaker =
  | { readonly kind: 'user'; readonly user: User }
  | { readonly kind: 'guest'; readonly user: User }
  | { readonly kind: 'stranger' }

/** The speaker in a chat, among the users of the configuration; of two with one chat the first counts. */
export function speakerOf(users: readonly User[], chat: ChatRef, from: Person | null): Speaker {
  if (from?.isBot === true) return { kind: 'stranger' }
  const owner = ownerOf(users, chat)
  if (owner) return { kind: 'user', user: owner }
  const guest = chat.isPrivate ? undefined : personOf(users, from)
  return guest ? { kind: 'guest', user: guest } : { kind: 'stranger' }
}

/** The user whose chat it is. */
export const ownerOf = (users: readonly User[], chat: ChatRef | null): User | undefined =>
  chat === null ? undefined : users.find((user) => user.chatId === chat.id)

/** The user who is this person: a private chat has its person's id. */
export const personOf = (users: readonly User[], from: Person | null): User | undefined =>
  from === null || from.isBot ? undefined : users.find((user) => user.chatId === from.id)

// Who on Telegram is which user. In a group only this counts: being in a chat makes nobody a user.
import type { Config, User } from '../config/config.ts'

export interface People {
  /** The user who is this person, by `telegram_id`, a claim, or a private chat, whose id is its person's. */
  person(telegramId: number): User | undefined
  /** The user whose chat it is; of two the first. */
  ownerOf(chatId: number): User | undefined
}

/** `users`: as they are now, claims included. */
export function createPeople(config: Config, users: readonly User[]): People {
  const now = new Map(users.map((user) => [user.name, user]))
  // What the operator wrote goes before what was claimed.
  const ids = [
    ...config.users.map(({ name, telegramId }) => [telegramId, name] as const),
    ...config.users.flatMap(({ name, telegramId, chatId }) =>
      telegramId === null ? [[chatId, name] as const] : [],
    ),
    ...users.map(({ name, telegramId }) => [telegramId, name] as const),
  ]
  const persons = new Map<number, User>()
  for (const [id, name] of ids) {
    const user = now.get(name)
    if (user && id !== null && id > 0 && !persons.has(id)) persons.set(id, user)
  }
  const owners = new Map<number, User>()
  for (const user of users)
    if (user.chatId !== null && !owners.has(user.chatId)) owners.set(user.chatId, user)
  return {
    person: (telegramId) => persons.get(telegramId),
    ownerOf: (chatId) => owners.get(chatId),
  }
}

// `/start CODE`: a person shows which user they are. Whatever is wrong with a code, the answer is the same; tries are
// few, and a right code counts once.
import type { Access } from '../access/access.ts'
import { hashOfCode } from '../access/invites.ts'
import type { Config, User } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Line } from '../send/message.ts'
import type { ChatStore, NewClaim } from '../store/store.ts'
import type { Parsed } from './parse-text.ts'
import type { ChatRef, Incoming } from './update.ts'

interface ClaimingDeps {
  readonly config: () => Config
  readonly access: () => Access
  readonly store: Pick<ChatStore, 'invited'>
  readonly clock: Clock
}

/** What a code leads to. Without a claim nothing changes; without lines there is no answer. */
interface Claimed {
  readonly lines: readonly Line[]
  readonly claim?: NewClaim
}

const SILENCE: Claimed = { lines: [] }
const NO_CODE: Claimed = {
  lines: [
    ['This code does not count: it is wrong, used or too old. An admin makes a new one: hookyard invite'],
  ],
}
/** The codes that one person may try in a minute. */
const TRIES = 5

/** The code of `/start CODE`; null: it is none. */
export const codeIn = (parsed: Parsed): string | null =>
  parsed.kind === 'command' && parsed.name === 'start' ? (parsed.args[0] ?? null) : null

/** Takes codes. Tries are counted in memory, by person. */
export function createClaiming({ config, access, store, clock }: ClaimingDeps) {
  const mayTry = createAnswerLimit(clock, { perChat: TRIES, all: Infinity })
  const mayAnswer = createAnswerLimit(clock)

  /** `addressed`: meant for this bot, and not for another one of the group. */
  return async (
    { chat, from }: Pick<Extract<Incoming, { kind: 'text' }>, 'chat' | 'from'>,
    code: string,
    addressed: boolean,
  ): Promise<Claimed> => {
    if (from === null || from.isBot || !mayTry(from.id)) return SILENCE
    const codeHash = hashOfCode(code)
    const name = await store.invited(codeHash, clock())
    const user = name === null ? undefined : access().user(name)
    const configured = config().users
    // What the operator has said of a user, no code changes.
    const isSetOtherwise = (one: User) =>
      one.name === name && one.telegramId !== null && one.telegramId !== from.id
    if (!user || configured.some(isSetOtherwise)) {
      return (chat.isPrivate || addressed) && mayAnswer(chat.id) ? NO_CODE : SILENCE
    }
    const isOther = (one: User) => one.name !== name && (one.telegramId === from.id || one.chatId === from.id)
    const other = configured.find(isOther)
    if (other)
      return { lines: [[`The configuration says that you are ${other.name}: this code is not for you.`]] }
    const chatId = chat.isPrivate ? chat.id : null
    const hearsHere = chatId !== null && user.address === null
    const claim = { user: user.name, telegramId: from.id, chatId, codeHash }
    return { claim, lines: welcome(user, chat, hearsHere) }
  }
}

function welcome({ name, role }: User, { isPrivate }: ChatRef, hearsHere: boolean): Line[] {
  const where = isPrivate ? 'here, and in groups' : 'in groups, and in a chat with me'
  return [
    [`You are ${name} (${role}) ${where}. /help says what you can do.`],
    ...(hearsHere ? [['Your messages come to this chat.']] : []),
  ]
}

const WINDOW_MS = 60_000

/** Strangers may ask for their chat's id, but not make the bot write without end: answers in a minute. */
export function createAnswerLimit(clock: Clock, { perChat, all } = { perChat: 5, all: 60 }) {
  let since = -Infinity
  const counts = new Map<number, number>()
  let total = 0
  return (chatId: number): boolean => {
    const now = clock()
    if (now - since >= WINDOW_MS || now < since) {
      since = now
      counts.clear()
      total = 0
    }
    const count = counts.get(chatId) ?? 0
    if (count >= perChat || total >= all) return false
    counts.set(chatId, count + 1)
    total += 1
    return true
  }
}

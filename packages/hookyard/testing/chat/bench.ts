// A conversation over a real store and the stand-in for the Bot API, in a world of two users and two modules.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { config, module, user } from '../../../../test/builders.ts'
import { createAccess } from '../../src/access/access.ts'
import { answerQuestion } from '../../src/ask/answer.ts'
import { UserError } from '../../src/lib/errors.ts'
import { indexModules } from '../../src/registry/module-registry.ts'
import { recordingLog } from '../send/bench.ts'
import { type TelegramStandin, startTelegram } from '@hookyard/standins/telegram'
import { newRun } from '../store-contract/builders.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import type { Claim, SentMessage, Store, UserSetting } from '../../src/store/store.ts'
import { toPlainText } from '../../src/send/message.ts'
import { type Bot, createBot } from '../../src/chat/bot.ts'
import { type Conversation, type ConversationDeps, createConversation } from '../../src/chat/conversation.ts'

export const BOT_TOKEN = '42:AAE-secret_token'

export interface ChatBench {
  readonly telegram: TelegramStandin
  readonly store: Store
  readonly bot: Bot
  readonly conversation: Conversation
  readonly logged: string[]
  /** What `startRun` started, by its key. */
  readonly runs: Map<string, string>
  now: number
  /** A message as Telegram would bring it; each has the next number. */
  text(chatId: number, text: string, more?: Record<string, unknown>): Record<string, unknown>
  /** What was answered, oldest first, as `CHAT TEXT`. */
  answers(): Promise<string[]>
  /** Another conversation over the same store, as after a restart; `broken`: methods that fail once. */
  again(broken?: Partial<Record<'commit', () => void>>): Conversation
}

export const users = [
  user('alice', { role: 'admin', chatId: 111, address: 'telegram:111', repos: ['octocat/*'] }),
  user('bob', { chatId: 222, address: 'telegram:222', repos: ['octocat/one'], features: {} }),
]

/** Everything is gone when the test is over. */
export async function openChatBench(): Promise<ChatBench> {
  const folder = await mkdtemp(join(tmpdir(), 'hookyard-chat-'))
  const [store, telegram] = await Promise.all([
    openSqliteStore({ file: join(folder, 'test.db') }),
    startTelegram({ token: BOT_TOKEN }),
  ])
  onTestFinished(async () => {
    await telegram.close()
    await store.close()
    await rm(folder, { recursive: true })
  })
  const logged: string[] = []
  const log = recordingLog(logged)
  const runs = new Map<string, string>()
  const bot = createBot(BOT_TOKEN, telegram.url)
  const base = config({ users })
  const registry = indexModules([
    module('pr-review', { featureFlag: 'pr_review', description: 'Reviews' }),
    module('plain', { description: 'Plain', subject: 'none' }),
  ])
  let settings: readonly UserSetting[] = []
  let claims: readonly Claim[] = []
  let updates = 1_000
  const deps: ConversationDeps = {
    world: {
      config: () => base,
      registry: () => registry,
      access: () => createAccess(base, { settings, claims, featureFlags: registry.featureFlags() }),
      store,
      async startRun(by, name, { entity = '-', key }) {
        if (entity.startsWith('forbidden/')) throw new UserError('not_authorized', `${by.name} may not`)
        if (entity.startsWith('broken/')) throw new TypeError('a bug')
        const run = newRun(`run-${key}`, { module: name, entity, recipients: [by.name] })
        const result = await store.runs.create(run, { idempotency: { scope: 'test', key, fingerprint: '' } })
        if (!('runId' in result)) throw new Error(result.status)
        if (result.status === 'created') runs.set(key, result.runId)
        return result.runId
      },
      trace: () => Promise.resolve(null),
      maySee: () => Promise.resolve(true),
      askReading: ({ github }) => Promise.resolve(github === null ? 'no_login' : 'readable'),
      about: () => ({ version: '1.2.3', upMs: 5_000, agent: 'offline' }),
    },
    store,
    bot,
    answer: (request) => answerQuestion(store.runs, { ...request, at: bench.now }),
    async onSettings() {
      settings = await store.chat.settings()
      claims = await store.chat.claims()
    },
    wakeOutbox: () => undefined,
    clock: () => bench.now,
    log,
  }
  const bench: ChatBench = {
    telegram,
    store,
    bot,
    conversation: createConversation(deps),
    logged,
    runs,
    now: 1_000_000,
    text: (chatId, text, more = {}) => ({
      update_id: (updates += 1),
      message: {
        message_id: updates,
        date: 1,
        chat: { id: chatId, type: chatId > 0 ? 'private' : 'group' },
        from: { id: Math.abs(chatId), is_bot: false, first_name: 'x' },
        text,
        ...more,
      },
    }),
    answers: async () =>
      (await allMessages(store)).map((one) => `${one.address.slice(9)} ${toPlainText(one.message)}`),
    again: (broken = {}) =>
      createConversation({ ...deps, store: { ...store, chat: breaking(store, broken) } }),
  }
  return bench
}

function breaking(store: Store, broken: Partial<Record<'commit', () => void>>): Store['chat'] {
  return {
    ...store.chat,
    commit: async (commit) => {
      broken.commit?.()
      return store.chat.commit(commit)
    },
  }
}

/** Answers belong to no delivery and no run: they are looked up as what is due. */
async function allMessages(store: Store): Promise<Pick<SentMessage, 'address' | 'message'>[]> {
  const found: Pick<SentMessage, 'address' | 'message'>[] = []
  for (;;) {
    const rows = await store.outbox.due(Number.MAX_SAFE_INTEGER, 100)
    if (rows.length === 0) return found
    for (const row of rows) {
      found.push(row)
      await store.outbox.sent(row.id, 0)
    }
  }
}

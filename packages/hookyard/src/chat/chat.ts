// The chat as a part of the service: polling or a webhook, as the configuration says; started, stopped, and started
// anew when a reload names another bot.
import type { Config } from '../config/config.ts'
import { type BotApi, createBotApi } from './bot-api.ts'
import { type Conversation, type ConversationDeps, createConversation } from './conversation.ts'
import { type Poller, type PollerOptions, createPoller } from './poll.ts'
import { type Registration, register } from './register.ts'

export interface ChatOptions extends Omit<ConversationDeps, 'api'> {
  readonly config: () => Config
  readonly store: ConversationDeps['store'] & PollerOptions['store']
  /** Names this process among others. */
  readonly owner: string
}

export interface Chat {
  /** Begins to take updates; does not wait for Telegram. */
  start(): void
  /** After a reload. */
  reload(): Promise<void>
  /** Resolves when the update under way is taken. */
  stop(): Promise<void>
  /** What Telegram proves itself with at the webhook; null: updates do not come that way. */
  webhookSecret(): string | null
  /** Takes an update that Telegram posted. Rejects when it is to come again. */
  take(update: unknown): Promise<void>
}

/** A chat that does nothing before `start`. */
export function createChat(options: ChatOptions): Chat {
  const { config } = options
  let connection: Connection | null = null

  function connect(): void {
    const { botToken, updates } = config().telegram
    connection = botToken === null || updates === 'off' ? null : openConnection(options, botToken, updates)
  }

  async function disconnect(): Promise<void> {
    const open = connection
    connection = null
    open?.registration.stop()
    await open?.registration.done
    await open?.poller?.stop()
  }

  return {
    start: connect,
    async reload() {
      if (connection?.key === keyOf(config())) return
      await disconnect()
      connect()
    },
    stop: disconnect,
    webhookSecret: () => (config().telegram.updates === 'webhook' ? config().telegram.webhookSecret : null),
    async take(update) {
      // Between two connections, while a reload swaps them: Telegram sends it again.
      if (connection === null) throw new Error('no bot is connected at the moment')
      await connection.conversation.take(update)
    },
  }
}

interface Connection {
  /** Of the configuration that it was opened with. */
  readonly key: string
  readonly conversation: Conversation
  readonly registration: Registration
  readonly poller: Poller | null
}

const keyOf = ({ telegram, server }: Config): string => JSON.stringify([telegram, server.publicUrl])

function openConnection(options: ChatOptions, botToken: string, updates: 'polling' | 'webhook'): Connection {
  const { config, store, owner, clock, log } = options
  const { telegram, server } = config()
  const api: BotApi = createBotApi({ botToken, apiUrl: telegram.apiUrl })
  const conversation = createConversation({ ...options, api })
  const take = (update: unknown) => conversation.take(update)
  const reachable = server.publicUrl !== null && telegram.webhookSecret !== null
  const webhook =
    updates === 'webhook' && reachable
      ? { url: `${server.publicUrl}/webhook/telegram`, secret: telegram.webhookSecret ?? '' }
      : null
  const registration = register({ api, botToken, updates, webhook, log })
  const poller =
    updates === 'polling' ? createPoller({ api, botToken, store, take, owner, clock, log }) : null
  void registration.ready.then(() => poller?.start())
  return { key: keyOf(config()), conversation, registration, poller }
}

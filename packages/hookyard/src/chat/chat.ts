// The chat as a part of the service: polling or a webhook, as the configuration says; connected anew when a reload
// names another bot.
import type { Config } from '../config/config.ts'
import { createBot } from './bot.ts'
import { type ConversationDeps, createConversation } from './conversation.ts'
import { type PollerOptions, createPoller } from './poll.ts'
import { register } from './register.ts'

export interface ChatOptions extends Omit<ConversationDeps, 'bot'> {
  readonly config: () => Config
  readonly store: ConversationDeps['store'] & PollerOptions['store']
  /** Names this process among others. */
  readonly owner: string
}

export type Chat = ReturnType<typeof createChat>

/** A chat that does nothing before `start`. */
export function createChat(options: ChatOptions) {
  const { config } = options
  let connection: ReturnType<typeof openConnection> = null

  const connect = () => void (connection = openConnection(options))
  async function disconnect(): Promise<void> {
    const open = connection
    connection = null
    await open?.close()
  }

  return {
    /** Begins to take updates; does not wait for Telegram. */
    start: connect,
    /** After a reload. */
    async reload() {
      if (connection?.key === keyOf(config())) return
      await disconnect()
      connect()
    },
    /** Resolves when the update under way is taken. */
    stop: disconnect,
    /** What Telegram proves itself with at the webhook; null: updates do not come that way. */
    webhookSecret: () => (config().telegram.updates === 'webhook' ? config().telegram.webhookSecret : null),
    /** Takes an update that Telegram posted. Rejects when it is to come again. */
    async take(update: unknown) {
      // Between two connections, while a reload swaps them: Telegram sends it again.
      if (connection === null) throw new Error('no bot is connected at the moment')
      await connection.take(update)
    },
  }
}

const keyOf = ({ telegram, server }: Config): string => JSON.stringify([telegram, server.publicUrl])

/** Null: the configuration wants none. */
function openConnection(options: ChatOptions) {
  const { telegram, server } = options.config()
  const { botToken, apiUrl, updates, webhookSecret: secret } = telegram
  if (botToken === null || updates === 'off') return null
  const bot = createBot(botToken, apiUrl)
  const { take } = createConversation({ ...options, bot })
  const webhook =
    updates === 'webhook' && server.publicUrl !== null && secret !== null
      ? { url: `${server.publicUrl}/webhook/telegram`, secret }
      : null
  const registration = register({ bot, updates, webhook, log: options.log })
  const poller = updates === 'polling' ? createPoller({ ...options, bot, take }) : null
  void registration.ready.then(() => poller?.start())
  return {
    /** Of the configuration that it was opened with. */
    key: keyOf(options.config()),
    take,
    async close() {
      registration.stop()
      await registration.done
      await poller?.stop()
    },
  }
}

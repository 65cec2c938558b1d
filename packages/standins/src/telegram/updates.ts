// What the bot hears: updates wait in a queue until they are fetched by long polling, or are posted to the bot's webhook.
import { BotRefusal, badRequest } from './entities.ts'

/** As the Bot API sends it: an id, and one field that names its type. */
export type Update = { readonly update_id: number } & Readonly<Record<string, unknown>>

export interface WebhookSettings {
  readonly url: string
  readonly secret: string | null
}

export interface Updates {
  /** Queues an update under the next id and wakes who waits for it. */
  add(update: Readonly<Record<string, unknown>>): Update
  /**
   * Forgets what is older than `offset`, then answers with what is left, or waits up to `timeoutMs` for it.
   * @throws BotRefusal 409 while a webhook is set, and for the poller that another one replaces.
   */
  fetch(options: {
    offset: number
    limit: number
    timeoutMs: number
    types: readonly string[] | null
  }): Promise<Update[]>
  setWebhook(settings: WebhookSettings | null, dropPending: boolean): Promise<void>
  readonly webhook: WebhookSettings | null
  readonly lastError: string | null
  pending(): number
  /** Resolves when nothing more is being posted to the webhook. */
  posted(): Promise<void>
  /** Lets go of who still waits. */
  close(): void
}

/** How long a webhook has to answer. */
const PATIENCE_MS = 10_000

const conflict = (reason: string) => new BotRefusal(409, `Conflict: ${reason}`)

/** Types that a bot must ask for by name. */
const SELDOM = new Set(['chat_member', 'message_reaction', 'message_reaction_count'])

/** An empty queue. */
export function createUpdates(): Updates {
  let queue: Update[] = []
  let lastId = 1_000
  let waiting: { wake: () => void; replace: (refusal: BotRefusal) => void } | null = null
  let webhook: WebhookSettings | null = null
  let lastError: string | null = null
  let posting: Promise<void> = Promise.resolve()

  const post = async () => {
    for (let next = queue[0]; webhook && next; next = queue[0]) {
      lastError = await postUpdate(webhook, next)
      // Not taken: it stays first in line, and is tried again with the next update.
      if (lastError !== null) return
      queue.shift()
    }
  }
  const schedule = () => {
    posting = posting.then(post)
    return posting
  }

  return {
    get webhook() {
      return webhook
    },
    get lastError() {
      return lastError
    },
    pending: () => queue.length,
    posted: () => posting,
    add(update) {
      const entry = { ...update, update_id: (lastId += 1) }
      queue.push(entry)
      waiting?.wake()
      if (webhook) void schedule()
      return entry
    },
    async fetch({ offset, limit, timeoutMs, types }) {
      if (webhook) {
        throw conflict(
          "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        )
      }
      waiting?.replace(
        conflict('terminated by other getUpdates request; make sure that only one bot instance is running'),
      )
      waiting = null
      if (offset < 0) queue = queue.slice(offset)
      else queue = queue.filter(({ update_id }) => update_id >= offset)
      if (types) queue = queue.filter((update) => types.some((type) => type in update))
      else queue = queue.filter((update) => !Object.keys(update).some((type) => SELDOM.has(type)))
      if (queue.length === 0 && timeoutMs > 0) {
        await new Promise<void>((resolve, reject) => {
          const timer = setTimeout(resolve, timeoutMs)
          timer.unref()
          const done = (act: () => void) => {
            clearTimeout(timer)
            act()
          }
          waiting = { wake: () => done(resolve), replace: (refusal) => done(() => reject(refusal)) }
        })
        waiting = null
      }
      return queue.slice(0, limit)
    },
    async setWebhook(settings, dropPending) {
      if (settings) waiting?.replace(conflict('terminated by setWebhook request'))
      webhook = settings
      lastError = null
      if (dropPending) queue = []
      if (webhook) void schedule()
      await Promise.resolve()
    },
    close() {
      waiting?.wake()
      webhook = null
    },
  }
}

/** Null when the webhook took it, else what went wrong. */
async function postUpdate({ url, secret }: WebhookSettings, update: Update): Promise<string | null> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(secret === null ? {} : { 'x-telegram-bot-api-secret-token': secret }),
      },
      body: JSON.stringify(update),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    await response.arrayBuffer()
    return response.ok ? null : `Wrong response from the webhook: ${response.status} ${response.statusText}`
  } catch (error) {
    return `Connection failed: ${String(error)}`
  }
}

/**
 * The webhook that a caller wants. Telegram takes HTTPS alone; loopback over HTTP is let through, since nothing else can
 * be tested here.
 * @throws BotRefusal as the Bot API refuses it.
 */
export function readWebhook(url: string, secret: string): WebhookSettings | null {
  if (url === '') return null
  if (!URL.canParse(url)) throw badRequest('invalid webhook URL specified')
  const { protocol, hostname } = new URL(url)
  if (protocol !== 'https:' && !['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) {
    throw badRequest('bad webhook: An HTTPS URL must be provided for webhook')
  }
  if (secret.length > 256) throw badRequest('secret token is too long')
  if (!/^[\w-]*$/.test(secret)) throw badRequest('secret token contains unallowed characters')
  return { url, secret: secret || null }
}

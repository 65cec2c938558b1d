// POST /webhook/telegram: updates of the chat bot, when Telegram posts them. Enters: what carries the bot's secret.
// Leaves: 200 once the update has had its effect; 503 when it could not, so that Telegram sends it again.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { toError, UserError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { jsonBody } from './body.ts'
import type { BodyBudget } from './body-budget.ts'
import { storageUnavailable } from './errors.ts'
import { isSecret } from './auth.ts'

/** What the route asks of the chat. */
export interface TelegramUpdates {
  /** null: updates do not come this way, and every request is refused. */
  webhookSecret(): string | null
  /** Rejects when the update is to come again. */
  take(update: unknown): Promise<void>
}

export interface TelegramDeps {
  readonly telegram?: TelegramUpdates | undefined
  readonly log: Log
}

/** `POST /webhook/telegram`. */
export function telegramRoute(
  app: FastifyInstance,
  { telegram, log }: TelegramDeps,
  maxBytes: number,
  budget: BodyBudget,
): void {
  // Before the body is read: a stranger's bytes are not worth it.
  const onRequest = (request: FastifyRequest, _reply: unknown, done: () => void) => {
    const secret = telegram?.webhookSecret() ?? null
    if (secret === null || !isSecret(request.headers['x-telegram-bot-api-secret-token'], secret)) {
      throw new UserError(
        'unauthorized',
        'the header X-Telegram-Bot-Api-Secret-Token must hold telegram.webhook_secret, and telegram.updates must be webhook',
      )
    }
    done()
  }

  void app.register((scope, _options, registered) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('application/json', { bodyLimit: maxBytes }, jsonBody(maxBytes, budget))
    scope.post('/webhook/telegram', { onRequest, bodyLimit: maxBytes }, async (request, reply) => {
      try {
        await telegram?.take(request.body)
      } catch (thrown) {
        log.error(
          { err: toError(thrown) },
          'an update of the chat could not be taken; Telegram sends it again',
        )
        throw storageUnavailable(thrown)
      }
      return reply.code(200).send({ status: 'ok' })
    })
    registered()
  })
}

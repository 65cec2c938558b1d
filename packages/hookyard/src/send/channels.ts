// The channels that messages leave by. A new one is a file with a `createXSender` and an entry here; what an address of it
// looks like is said in config/address.ts.
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { EffectStore } from '../store/store.ts'
import { createDiscordSender } from './discord.ts'
import { type Sender, createLogSender } from './sender.ts'
import { createSlackSender } from './slack.ts'
import { createTelegramSender } from './telegram.ts'
import { createWebhookSender, openSigningKey } from './webhook-sender.ts'

/** Every sender, whoever is written to now: rows of an earlier configuration may still wait. */
export async function createSenders(
  config: Config,
  { effects, clock, log }: { readonly effects: EffectStore; readonly clock: Clock; readonly log: Log },
): Promise<Sender[]> {
  const { botToken, apiUrl } = config.telegram
  const key = await openSigningKey({ store: effects, dataDir: config.dataDir })
  return [
    createLogSender(log),
    ...(botToken === null ? [] : [createTelegramSender({ botToken, apiUrl, log })]),
    createSlackSender({ log }),
    createDiscordSender(),
    createWebhookSender({ scheme: 'https', key, clock }),
    createWebhookSender({ scheme: 'http', key, clock }),
  ]
}

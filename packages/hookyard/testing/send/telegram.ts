// A sender that writes to the stand-in for Telegram.
import { onTestFinished } from 'vitest'
import { startTelegram } from '@hookyard/standins/telegram'
import type { TelegramOptions as StandinOptions, TelegramStandin } from '@hookyard/standins/telegram'
import type { Message } from '../../src/send/message.ts'
import type { Sender, SendResult } from '../../src/send/sender.ts'
import { createTelegramSender } from '../../src/send/telegram.ts'
import type { TelegramOptions } from '../../src/send/telegram.ts'
import { recordingLog } from './bench.ts'

export const BOT_TOKEN = '123456:AAE-secret_token'

export interface TelegramBench {
  readonly telegram: TelegramStandin
  readonly sender: Sender
  readonly logged: string[]
  send(address: string, message: Message): Promise<SendResult>
}

/** The stand-in and the sender are gone when the test is over. */
export async function openTelegram(
  options: Partial<TelegramOptions> & { standin?: StandinOptions } = {},
): Promise<TelegramBench> {
  const telegram = await startTelegram({ token: BOT_TOKEN, ...options.standin })
  onTestFinished(() => telegram.close())
  const logged: string[] = []
  const log = recordingLog(logged)
  const sender = createTelegramSender({ botToken: BOT_TOKEN, apiUrl: telegram.url, log, ...options })
  return { telegram, sender, logged, send: (address, message) => sender.send(address, message) }
}

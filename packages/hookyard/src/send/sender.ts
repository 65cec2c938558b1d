// The port between the outbox and a service that delivers messages. A new service is a new file with a
// `createXSender`, entered in channels.ts; nothing else changes.
import type { Log } from '../lib/log.ts'
import { addressLabel } from './address.ts'
import { toPlainText } from './message.ts'
import type { Message } from './message.ts'

/** What became of one attempt. `again` is for what passes (limits, outages), `refused` for what does not. */
export type SendResult =
  | { readonly status: 'sent' }
  /** `afterMs`: how long the service asked to be left alone; null when it did not say. */
  | { readonly status: 'again'; readonly afterMs: number | null; readonly error: string }
  | { readonly status: 'refused'; readonly error: string }

/** How fast one address may be written to: `burst` messages at once, then one every `everyMs`. */
export interface Pace {
  readonly burst: number
  readonly everyMs: number
}

export interface Sender {
  /** The part of an address before the first colon. */
  readonly scheme: string
  /** The pace that the service wants per address; absent = as fast as it goes. */
  readonly pace?: Pace
  /**
   * Sends to the whole address (`telegram:111`). Never throws, and no secret is in an `error`. `id` names the
   * message, and is the same at each attempt.
   */
  send(address: string, message: Message, signal?: AbortSignal, id?: string): Promise<SendResult>
}

/** Writes messages to the log: for installations without a chat, and for addresses that no sender serves. */
export const createLogSender = (log: Log): Sender => ({
  scheme: 'log',
  send(address, message) {
    log.info({ to: addressLabel(address) }, toPlainText(message))
    return Promise.resolve({ status: 'sent' })
  },
})

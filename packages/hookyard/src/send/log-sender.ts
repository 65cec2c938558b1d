import type { Log } from '../lib/log.ts'
import { addressLabel } from './address.ts'
import { toPlainText } from './message.ts'
import type { Sender } from './sender.ts'

/** Writes messages to the log: for installations without a chat, and for addresses that no sender serves. */
export function createLogSender(log: Log): Sender {
  return {
    scheme: 'log',
    send(address, message) {
      log.info({ to: addressLabel(address) }, toPlainText(message))
      return Promise.resolve({ status: 'sent' })
    },
  }
}

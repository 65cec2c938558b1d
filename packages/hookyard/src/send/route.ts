// From an address to the sender of its scheme. Enters: an outbox row. Leaves: what became of one attempt.
import { toError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { OutboxRow } from '../store/store.ts'
import { addressLabel, schemeOf } from './address.ts'
import { createLogSender } from './log-sender.ts'
import type { Pace, Sender, SendResult } from './sender.ts'

/** A sender that throws has a bug, or the row is damaged: after so many tries the rows behind it go first. */
const MAX_THROWS = 10

export interface Route {
  /** How fast the address may be written to; undefined = as fast as it goes. */
  paceOf(address: string): Pace | undefined
  /** One attempt by the address's sender, or to the log when no sender serves it. Never throws. */
  send(row: OutboxRow, signal: AbortSignal): Promise<SendResult>
}

/** Row numbers may come again when a database is restored from a backup: the time of birth tells them apart. */
const idOf = (row: OutboxRow): string => `${row.createdAt.toString(36)}-${row.id}`

/** The senders by their schemes; `log:` addresses go to the log even when no sender of that name is given. */
export function createRoute(senders: ReadonlyMap<string, Sender>, log: Log): Route {
  const toLog = senders.get('log') ?? createLogSender(log)
  const senderOf = (address: string): Sender | undefined =>
    schemeOf(address) === 'log' ? toLog : senders.get(schemeOf(address))

  return {
    paceOf: (address) => senderOf(address)?.pace,
    async send(row, signal) {
      const sender = senderOf(row.address)
      if (sender === undefined) {
        const fields = { to: addressLabel(row.address), row: row.id }
        log.warn(fields, 'no sender serves this address: its message goes to the log')
      }
      try {
        return await (sender ?? toLog).send(row.address, row.message, signal, idOf(row))
      } catch (thrown) {
        // Not the error's message: a sender that breaks one promise may break that of silence too.
        const error = `the ${schemeOf(row.address)} sender threw ${toError(thrown).name}`
        if (row.tries + 1 >= MAX_THROWS) return { status: 'refused', error }
        return { status: 'again', afterMs: null, error }
      }
    },
  }
}

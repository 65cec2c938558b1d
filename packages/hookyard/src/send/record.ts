// What became of an attempt, written into the store and told to the operator.
import { toError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { OutboxRow, OutboxStore } from '../store/store.ts'
import { addressLabel } from './address.ts'
import { backoffMs } from './backoff.ts'
import type { Restraint } from './rate-limits.ts'
import type { SendResult } from './sender.ts'

export interface RecorderOptions {
  readonly store: Pick<OutboxStore, 'sent' | 'again' | 'dead'>
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  readonly restraint: Restraint
}

/** Writes results down; false when the store did not take one. Never throws. */
export function createRecorder({ store, clock, log, random, restraint }: RecorderOptions) {
  return async (row: OutboxRow, result: SendResult): Promise<boolean> => {
    const now = clock()
    try {
      if (result.status === 'sent') await store.sent(row.id, now)
      else if (result.status === 'refused') await store.dead(row.id, result.error, now)
      else {
        if (result.afterMs !== null) restraint.pause(row.address, now, result.afterMs)
        await store.again(row.id, now + (result.afterMs ?? backoffMs(row.tries, random)), result.error)
      }
    } catch (thrown) {
      const fields = { err: toError(thrown), row: row.id }
      log.error(fields, `the result of a message (${result.status}) could not be stored; trying again`)
      return false
    }
    report(log, row, result)
    return true
  }
}

function report(log: Log, row: OutboxRow, result: SendResult): void {
  if (result.status === 'sent') return
  const fields = { to: addressLabel(row.address), row: row.id, tries: row.tries + 1, error: result.error }
  if (result.status === 'refused') log.warn(fields, 'a message was refused and will not be sent')
  else if (row.tries === 0) log.warn(fields, 'a message could not be sent yet; it will be tried again')
  else log.debug(fields, 'a message still could not be sent')
}

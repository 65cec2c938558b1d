// A run ends: its row, its window and the run that waits behind it change together.
import type { Transaction } from 'kysely'
import { toJson } from '../json.ts'
import type { Database } from '../../schema.ts'
import { closeWindow, pullWaiting } from './windows.ts'

export interface Ending {
  readonly status: 'done' | 'failed' | 'skipped' | 'cancelled'
  readonly reason: string | null
  readonly error: string | null
  readonly at: number
  readonly summary?: string | null
  readonly details?: unknown
}

/** Writes how the run ended; failed and cancelled ones close the window that they opened. */
export async function endRun(
  trx: Transaction<Database>,
  run: { readonly id: string },
  ending: Ending,
): Promise<void> {
  const { status, reason, error, at } = ending
  await trx
    .updateTable('runs')
    .set({
      status,
      reason,
      error,
      summary: ending.summary ?? null,
      details: toJson(ending.details),
      finished_at: at,
      waiting: 0,
      lease_owner: null,
      lease_until: null,
      cancel_reason: null,
      journal_due: 1,
    })
    .where('id', '=', run.id)
    .execute()
  if (status !== 'failed' && status !== 'cancelled') return
  const closed = await closeWindow(trx, run.id)
  if (closed) await pullWaiting(trx, closed)
}

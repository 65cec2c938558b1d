// A run that no delivery planned: invoked, commanded, scheduled. The caller brings the transaction.
import type { Transaction } from 'kysely'
import { insertInPlace } from './replace-runs.ts'
import type { Database } from '../../schema.ts'
import type { CreateOptions, CreateResult, NewRun } from '../../store.ts'

/**
 * Creates the run, unless its idempotency key is known or it is to respect an open window; only then does it take the
 * place of others.
 */
export async function createRun(
  trx: Transaction<Database>,
  run: NewRun,
  { respectWindow = false, idempotency, invokedBy }: CreateOptions,
): Promise<CreateResult> {
  if (idempotency) {
    const known = await trx
      .selectFrom('idempotency')
      .select(['fingerprint', 'run_id as runId'])
      .where('scope', '=', idempotency.scope)
      .where('key', '=', idempotency.key)
      .executeTakeFirst()
    if (known?.fingerprint === idempotency.fingerprint) return { status: 'existing', runId: known.runId }
    if (known) return { status: 'conflict' }
  }
  if (respectWindow) {
    const window = await trx
      .selectFrom('windows')
      .select('until')
      .where('module', '=', run.module)
      .where('entity', '=', run.entity)
      .where('until', '>', run.createdAt)
      .executeTakeFirst()
    if (window) return { status: 'cooldown', until: window.until }
  }
  const replaced = await insertInPlace(trx, run, invokedBy)
  if (idempotency)
    await trx
      .insertInto('idempotency')
      .values({ ...idempotency, run_id: run.id })
      .execute()
  return { status: 'created', runId: run.id, ...(replaced.length > 0 && { replaced }) }
}

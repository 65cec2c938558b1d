// Runs and messages as new rows.
import type { Kysely } from 'kysely'
import { chunks } from '../chunks.ts'
import { insertAlike } from '../compiled-once.ts'
import { toJson } from '../json.ts'
import type { Database } from '../../schema.ts'
import type { NewMessage, NewRun } from '../../store.ts'
import { openWindows } from './windows.ts'

/** Of a message behind another one of its run; after every time. */
const NO_TURN_YET = Number.MAX_SAFE_INTEGER

/** Inserts runs with their recipients; a run that does not wait opens its cooldown window now. */
export async function insertRuns(db: Kysely<Database>, runs: readonly NewRun[]): Promise<void> {
  await insertAlike(db, 'runs', runs.map(toRunRow))
  await insertRecipients(
    db,
    runs.flatMap((run) => run.recipients.map((recipient) => ({ run_id: run.id, recipient }))),
  )
  const opening = runs.filter((run) => !run.waiting)
  await openWindows(
    db,
    opening.map((run) => ({ ...run, from: run.runAt })),
  )
}

/** Adds recipients to runs; one who is named already is not named twice. */
export async function insertRecipients(
  db: Kysely<Database>,
  recipients: readonly { readonly run_id: string; readonly recipient: string }[],
): Promise<void> {
  await insertAlike(db, 'run_recipients', recipients, true)
}

/** Puts messages into the outbox, without those whose dedupe key has been seen. */
export async function insertMessages(db: Kysely<Database>, messages: readonly NewMessage[]): Promise<void> {
  await insertAlike(db, 'outbox', messages.map(toOutboxRow), true)
  const runs = [...new Set(messages.flatMap(({ runId }) => runId ?? []))]
  if (runs.length > 0) await giveTurns(db, runs)
}

/** To the oldest message of each run at each address; those behind it get theirs when it has left. */
async function giveTurns(db: Kysely<Database>, runIds: readonly string[]): Promise<void> {
  for (const ids of chunks(runIds, 1)) {
    await db
      .updateTable('outbox')
      .set((eb) => ({ turn: eb.ref('created_at') }))
      .where('status', '=', 'queued')
      .where('turn', '=', NO_TURN_YET)
      .where('run_id', 'in', ids)
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('outbox as before')
              .select('before.id')
              .whereRef('before.run_id', '=', 'outbox.run_id')
              .whereRef('before.address', '=', 'outbox.address')
              .whereRef('before.id', '<', 'outbox.id')
              .where('before.status', '=', 'queued'),
          ),
        ),
      )
      .execute()
  }
}

function toRunRow(run: NewRun) {
  return {
    id: run.id,
    module: run.module,
    entity: run.entity,
    repository: run.repository,
    trigger: JSON.stringify(run.trigger),
    delivery: run.delivery,
    status: 'queued' as const,
    attempt: 0,
    failures: 0,
    cost_usd: 0,
    input: toJson(run.input),
    depth: run.depth,
    concurrency: run.concurrency,
    cooldown_ms: run.cooldownMs,
    waiting: run.waiting ? 1 : 0,
    due_at: run.dueAt,
    run_at: run.runAt,
    journal_due: 0,
    tainted: run.tainted === true ? 1 : 0,
    created_at: run.createdAt,
  }
}

function toOutboxRow(message: NewMessage) {
  return {
    address: message.address,
    message: JSON.stringify(message.message),
    dedupe_key: message.dedupeKey,
    run_id: message.runId,
    delivery: message.delivery,
    status: 'queued' as const,
    tries: 0,
    next_at: message.createdAt,
    turn: message.runId === null ? message.createdAt : NO_TURN_YET,
    created_at: message.createdAt,
  }
}

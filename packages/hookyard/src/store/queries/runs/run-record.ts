// Rows of runs as records. A damaged row never stops the others: it is shown with what can be read.
import type { Db, RunRow } from '../../schema.ts'
import type { Attempt, RunRecord, RunTrigger } from '../../store.ts'
import { questionsOf } from '../questions/questions.ts'
import { chunks, fromJson } from '../statements.ts'

/** The runs of these rows, in their order; recipients by name, attempts and questions in order. */
export async function toRunRecords(db: Db, rows: readonly RunRow[]): Promise<RunRecord[]> {
  const runIds = rows.map((row) => row.id)
  const recipients = new Map<string, string[]>(runIds.map((id) => [id, []]))
  const attempts = new Map<string, Attempt[]>(runIds.map((id) => [id, []]))
  for (const ids of chunks(runIds)) {
    const heard = db.selectFrom('runRecipients').selectAll().where('runId', 'in', ids)
    for (const row of await heard.orderBy('runId').orderBy('recipient').execute())
      recipients.get(row.runId)?.push(row.recipient)
    const tried = db.selectFrom('attempts').selectAll().where('runId', 'in', ids)
    for (const { id: _, runId, ...attempt } of await tried.orderBy('runId').orderBy('attempt').execute())
      attempts.get(runId)?.push(attempt)
  }
  const questions = await questionsOf(db, runIds)
  return rows.map((row) => ({
    ...readColumns(row),
    recipients: recipients.get(row.id) ?? [],
    attempts: attempts.get(row.id) ?? [],
    questions: questions.get(row.id) ?? [],
  }))
}

function readColumns(row: RunRow) {
  const { concurrency: _1, waiting: _2, dueAt: _3, leaseOwner: _4, leaseUntil: _5, ...kept } = row
  const { cancelReason: _6, journalDue: _7, ...told } = kept
  try {
    return { ...told, tainted: row.tainted === 1, ...readJson(row) }
  } catch (error) {
    const at = new Date(row.createdAt).toISOString()
    const trigger: RunTrigger = { type: 'webhook', event: null, action: null, by: null, at }
    const damage = row.error ?? `this run's row is damaged: ${String(error)}`
    return { ...told, tainted: row.tainted === 1, trigger, details: null, input: null, error: damage }
  }
}

/** @throws SyntaxError when the row's JSON cannot be read. */
export const readJson = (row: RunRow) => ({
  // The column holds what toRunRow wrote of a RunTrigger, nothing else writes it.
  trigger: JSON.parse(row.trigger) as RunTrigger,
  details: fromJson(row.details),
  input: fromJson(row.input),
})

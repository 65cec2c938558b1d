// Rows of runs as records. A damaged row never stops the others: it is shown with what can be read.
import type { Kysely, Selectable } from 'kysely'
import { chunks } from '../chunks.ts'
import { fromJson } from '../json.ts'
import type { Question } from '../../port/question-port.ts'
import { questionsOf } from '../questions/questions.ts'
import type { Database, RunsTable } from '../../schema.ts'
import type { Attempt, RunRecord, RunTrigger } from '../../store.ts'

export type RunRow = Selectable<RunsTable>

/** The runs of these rows, in their order. */
export async function toRunRecords(db: Kysely<Database>, rows: readonly RunRow[]): Promise<RunRecord[]> {
  const beside = await loadBeside(
    db,
    rows.map((row) => row.id),
  )
  return rows.map((row) => {
    try {
      return toRecord(row, beside)
    } catch (error) {
      return toRecord(blanked(row, error), beside)
    }
  })
}

interface Beside {
  readonly recipients: ReadonlyMap<string, string[]>
  readonly attempts: ReadonlyMap<string, Attempt[]>
  readonly questions: ReadonlyMap<string, Question[]>
}

/** What stands in other tables about these runs: recipients by name, attempts and questions in order. */
async function loadBeside(db: Kysely<Database>, runIds: readonly string[]): Promise<Beside> {
  const recipients = new Map<string, string[]>(runIds.map((id) => [id, []]))
  const attempts = new Map<string, Attempt[]>(runIds.map((id) => [id, []]))
  for (const ids of chunks(runIds, 1)) {
    const heard = await db
      .selectFrom('run_recipients')
      .selectAll()
      .where('run_id', 'in', ids)
      .orderBy('run_id')
      .orderBy('recipient')
      .execute()
    for (const row of heard) recipients.get(row.run_id)?.push(row.recipient)
    const tried = await db
      .selectFrom('attempts')
      .select([
        'run_id',
        'attempt',
        'started_at as startedAt',
        'finished_at as finishedAt',
        'status',
        'error',
      ])
      .where('run_id', 'in', ids)
      .orderBy('run_id')
      .orderBy('attempt')
      .execute()
    for (const { run_id, ...attempt } of tried) attempts.get(run_id)?.push(attempt)
  }
  return { recipients, attempts, questions: await questionsOf(db, runIds) }
}

function toRecord(row: RunRow, beside: Beside): RunRecord {
  return {
    id: row.id,
    module: row.module,
    entity: row.entity,
    repository: row.repository,
    trigger: readTrigger(row),
    delivery: row.delivery,
    recipients: beside.recipients.get(row.id) ?? [],
    status: row.status,
    reason: row.reason,
    attempt: row.attempt,
    failures: row.failures,
    attempts: beside.attempts.get(row.id) ?? [],
    questions: beside.questions.get(row.id) ?? [],
    summary: row.summary,
    details: fromJson(row.details),
    error: row.error,
    costUsd: row.cost_usd,
    input: fromJson(row.input),
    depth: row.depth,
    tainted: row.tainted === 1,
    cooldownMs: row.cooldown_ms,
    createdAt: row.created_at,
    runAt: row.run_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }
}

/** @throws SyntaxError when the row's JSON cannot be read. */
export function requireReadable(row: RunRow): void {
  readTrigger(row)
  fromJson(row.details)
  fromJson(row.input)
}

// The column holds what toJson wrote of a RunTrigger, nothing else writes it.
const readTrigger = (row: RunRow): RunTrigger => JSON.parse(row.trigger) as RunTrigger

function blanked(row: RunRow, error: unknown): RunRow {
  const at = new Date(row.created_at).toISOString()
  const trigger: RunTrigger = { type: 'webhook', event: null, action: null, by: null, at }
  const damage = `this run's row is damaged: ${String(error)}`
  return { ...row, trigger: JSON.stringify(trigger), details: null, input: null, error: row.error ?? damage }
}

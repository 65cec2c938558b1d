// Questions of paused runs: asked, answered once, expired, withdrawn. The caller brings the transaction; the run
// and its question change together or not at all.
import { sql, type Kysely, type Transaction } from 'kysely'
import { chunks } from '../chunks.ts'
import { endRun } from '../runs/end-run.ts'
import { fromJson, toJson } from '../json.ts'
import type { GivenAnswer, NewQuestion, Question, QuestionChoice } from '../../port/question-port.ts'
import { resumeTrigger } from './resume-trigger.ts'
import type { Database, QuestionRow } from '../../schema.ts'
import type { RunTrigger } from '../../store.ts'
import { openWindows } from '../runs/windows.ts'

/** Keeps the question of a run that pauses. */
export async function insertQuestion(
  trx: Transaction<Database>,
  runId: string,
  question: NewQuestion,
): Promise<void> {
  const last = await trx
    .selectFrom('questions')
    .select((eb) => eb.fn.max('ordinal').as('ordinal'))
    .where('run_id', '=', runId)
    .executeTakeFirst()
  await trx
    .insertInto('questions')
    .values({
      run_id: runId,
      ordinal: (last?.ordinal ?? 0) + 1,
      text: question.text,
      options: JSON.stringify(question.options),
      fallback: question.fallback,
      state: toJson(question.state),
      asked_at: question.askedAt,
      expires_at: question.expiresAt,
      status: 'open',
    })
    .execute()
}

/** Takes the answer, if the question is still open and in time, and queues the run again. */
export async function answerQuestion(trx: Transaction<Database>, given: GivenAnswer): Promise<boolean> {
  const { runId, ordinal, answer, by, via, at } = given
  const question = await trx
    .updateTable('questions')
    .set({ status: 'answered', answer, answered_by: by, answered_via: via, closed_at: at })
    .where('run_id', '=', runId)
    .where('ordinal', '=', ordinal)
    .where('status', '=', 'open')
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', at)]))
    .returningAll()
    .executeTakeFirst()
  if (!question) return false
  await resume(trx, question, { answer, by, at })
  return true
}

/** Open questions whose time is up; exported so that a test can ask for its plan. */
export const expiredQuery = (db: Kysely<Database>, now: number) =>
  db
    .selectFrom('questions')
    .selectAll()
    .where('status', '=', sql.lit('open'))
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .orderBy('run_id')
    .limit(100)

/** When the next open question's time is up. */
export const nextExpiryQuery = (db: Kysely<Database>) =>
  db
    .selectFrom('questions')
    .select('expires_at as at')
    .where('status', '=', sql.lit('open'))
    .where('expires_at', 'is not', null)
    .orderBy('expires_at')
    .limit(1)

/** Takes the default of each expired question, or ends its run. */
export async function expireQuestions(
  trx: Transaction<Database>,
  now: number,
): Promise<{ resumed: string[]; ended: string[] }> {
  const resumed: string[] = []
  const ended: string[] = []
  for (const question of await expiredQuery(trx, now).execute()) {
    const { run_id: runId, ordinal, fallback } = question
    await trx
      .updateTable('questions')
      .set({ status: 'expired', answer: fallback, closed_at: now })
      .where('run_id', '=', runId)
      .where('ordinal', '=', ordinal)
      .execute()
    if (fallback !== null) {
      await resume(trx, question, { answer: fallback, by: null, at: now })
      resumed.push(runId)
    } else {
      const ending = { status: 'skipped', reason: 'expired', error: null, at: now } as const
      const { details } = await trx
        .selectFrom('runs')
        .select('details')
        .where('id', '=', runId)
        .executeTakeFirstOrThrow()
      await endRun(trx, { id: runId }, { ...ending, details: fromJson(details) })
      ended.push(runId)
    }
  }
  return { resumed, ended }
}

/** A run that is cancelled asks no more. */
export async function withdrawQuestion(trx: Transaction<Database>, runId: string, at: number): Promise<void> {
  await trx
    .updateTable('questions')
    .set({ status: 'withdrawn', closed_at: at })
    .where('run_id', '=', runId)
    .where('status', '=', sql.lit('open'))
    .execute()
}

async function resume(
  trx: Transaction<Database>,
  question: QuestionRow,
  given: { readonly answer: string; readonly by: string | null; readonly at: number },
): Promise<void> {
  const run = await trx
    .selectFrom('runs')
    .select(['id', 'module', 'entity', 'trigger', 'cooldown_ms as cooldownMs'])
    .where('id', '=', question.run_id)
    .executeTakeFirstOrThrow()
  const trigger = resumeTrigger(JSON.parse(run.trigger) as RunTrigger, {
    ...given,
    question: question.text,
    state: fromJson(question.state),
  })
  await trx
    .updateTable('runs')
    // What failed before the question has been made good: the policy's repeats begin anew.
    .set({ status: 'queued', trigger: JSON.stringify(trigger), run_at: given.at, failures: 0 })
    .where('id', '=', run.id)
    .execute()
  await openWindows(trx, [{ ...run, from: given.at }])
}

/** The questions of these runs, by run and in order. */
export async function questionsOf(
  db: Kysely<Database>,
  runIds: readonly string[],
): Promise<Map<string, Question[]>> {
  const questions = new Map<string, Question[]>(runIds.map((id) => [id, []]))
  for (const ids of chunks(runIds, 1)) {
    const rows = await db
      .selectFrom('questions')
      .selectAll()
      .where('run_id', 'in', ids)
      .orderBy('run_id')
      .orderBy('ordinal')
      .execute()
    for (const row of rows) questions.get(row.run_id)?.push(toQuestion(row))
  }
  return questions
}

const toQuestion = (row: QuestionRow): Question => ({
  ordinal: row.ordinal,
  text: row.text,
  options: readOptions(row.options),
  fallback: row.fallback,
  askedAt: row.asked_at,
  expiresAt: row.expires_at,
  status: row.status,
  answer: row.answer,
  answeredBy: row.answered_by,
  answeredVia: row.answered_via,
  closedAt: row.closed_at,
})

/** A damaged row offers nothing, and does not stop the others from being shown. */
function readOptions(json: string): QuestionChoice[] {
  try {
    // The column holds what insertQuestion wrote, nothing else writes it.
    return JSON.parse(json) as QuestionChoice[]
  } catch {
    return []
  }
}

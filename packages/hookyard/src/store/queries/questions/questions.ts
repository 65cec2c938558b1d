// Questions of paused runs: asked, answered once, expired. The caller brings the transaction; the run and its question
// change together or not at all.
import { sql } from 'kysely'
import type { Db, QuestionRow, Trx } from '../../schema.ts'
import { originalTrigger, type GivenAnswer, type NewQuestion, type Question } from '../../store.ts'
import type { QuestionChoice, RunTrigger } from '../../store.ts'
import { endRun } from '../runs/end-run.ts'
import { openWindows } from '../runs/windows.ts'
import { chunks, fromJson, toJson } from '../statements.ts'

/** Keeps the question of a run that pauses. */
export async function insertQuestion(trx: Trx, runId: string, question: NewQuestion): Promise<void> {
  const last = await trx
    .selectFrom('questions')
    .select(({ fn }) => fn.max('ordinal').as('ordinal'))
    .where('runId', '=', runId)
    .executeTakeFirst()
  const { text, fallback, askedAt, expiresAt } = question
  await trx
    .insertInto('questions')
    .values({
      ...{ runId, text, fallback, askedAt, expiresAt },
      ordinal: (last?.ordinal ?? 0) + 1,
      options: JSON.stringify(question.options),
      state: toJson(question.state),
      status: 'open',
    })
    .execute()
}

/** Takes the answer, if the question is still open and in time, and queues the run again. */
export async function answerQuestion(trx: Trx, given: GivenAnswer): Promise<boolean> {
  const { runId, ordinal, answer, by, via, at } = given
  const question = await trx
    .updateTable('questions')
    .set({ status: 'answered', answer, answeredBy: by, answeredVia: via, closedAt: at })
    .where(({ and }) => and({ runId, ordinal, status: 'open' }))
    .where(({ or, eb }) => or([eb('expiresAt', 'is', null), eb('expiresAt', '>', at)]))
    .returningAll()
    .executeTakeFirst()
  if (question) await resume(trx, question, { answer, by, at })
  return question !== undefined
}

const openQuestions = (db: Db) =>
  db.selectFrom('questions').where('status', '=', sql.lit('open')).orderBy('expiresAt')

/** Open questions whose time is up; exported so that a test can ask for its plan. */
export const expiredQuery = (db: Db, now: number) =>
  openQuestions(db).selectAll().where('expiresAt', '<=', now).orderBy('runId').limit(100)

/** When the next open question's time is up. */
export const nextExpiryQuery = (db: Db) =>
  openQuestions(db).select('expiresAt as at').where('expiresAt', 'is not', null).limit(1)

/** Takes the default of each expired question, or ends its run. */
export async function expireQuestions(trx: Trx, now: number) {
  const resumed: string[] = []
  const ended: string[] = []
  for (const question of await expiredQuery(trx, now).execute()) {
    const { runId, ordinal, fallback: answer } = question
    await trx
      .updateTable('questions')
      .set({ status: 'expired', answer, closedAt: now })
      .where(({ and }) => and({ runId, ordinal }))
      .execute()
    if (answer !== null) {
      await resume(trx, question, { answer, by: null, at: now })
      resumed.push(runId)
    } else {
      const run = trx.selectFrom('runs').select('details').where('id', '=', runId)
      const details = fromJson((await run.executeTakeFirstOrThrow()).details)
      await endRun(trx, runId, { status: 'skipped', reason: 'expired', error: null, at: now, details })
      ended.push(runId)
    }
  }
  return { resumed, ended }
}

async function resume(
  trx: Trx,
  question: QuestionRow,
  given: { readonly answer: string; readonly by: string | null; readonly at: number },
): Promise<void> {
  const run = await trx
    .selectFrom('runs')
    .select(['id', 'module', 'entity', 'trigger', 'cooldownMs'])
    .where('id', '=', question.runId)
    .executeTakeFirstOrThrow()
  // The first cause stays in `data.original`, however often the run has asked.
  const original = originalTrigger(JSON.parse(run.trigger) as RunTrigger)
  const { answer, by } = given
  const trigger: RunTrigger = {
    type: 'resume',
    event: original.event,
    action: original.action,
    by,
    at: new Date(given.at).toISOString(),
    data: { answer, by, question: question.text, state: fromJson(question.state), original },
  }
  await trx
    .updateTable('runs')
    // What failed before the question has been made good: the policy's repeats begin anew.
    .set({ status: 'queued', trigger: JSON.stringify(trigger), runAt: given.at, failures: 0 })
    .where('id', '=', run.id)
    .execute()
  await openWindows(trx, [{ ...run, from: given.at }])
}

/** The questions of these runs, by run and in order. */
export async function questionsOf(db: Db, runIds: readonly string[]): Promise<Map<string, Question[]>> {
  const questions = new Map<string, Question[]>(runIds.map((id) => [id, []]))
  for (const ids of chunks(runIds)) {
    const asked = db.selectFrom('questions').selectAll().where('runId', 'in', ids)
    for (const row of await asked.orderBy('runId').orderBy('ordinal').execute()) {
      const { runId, state: _, options, ...question } = row
      questions.get(runId)?.push({ ...question, options: readOptions(options) })
    }
  }
  return questions
}

/** A damaged row offers nothing, and does not stop the others from being shown. */
function readOptions(json: string): QuestionChoice[] {
  try {
    // The column holds what insertQuestion wrote, nothing else writes it.
    return JSON.parse(json) as QuestionChoice[]
  } catch {
    return []
  }
}

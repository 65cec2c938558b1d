// A run as the API writes it (contract section 4).
import { z } from 'zod'
import type { RunRecord } from '../store/store.ts'
import { entity, isoTime, named, time } from './shapes.ts'

export const runStatus = () =>
  z.enum(['queued', 'running', 'paused', 'done', 'failed', 'skipped', 'cancelled'])

const Trigger = named('Trigger', {
  type: z.enum(['webhook', 'command', 'schedule', 'invoke', 'resume']),
  event: z.string().nullable(),
  action: z.string().nullable(),
  by: z.string().nullable().describe('A login of GitHub, or the name of a user'),
  at: z.string().describe('ISO 8601'),
})

const Attempt = named('Attempt', {
  attempt: z.int(),
  status: z.string().describe('running, done, failed, skipped, cancelled, paused, again or lost'),
  error: z.string().nullable(),
  started_at: time(),
  finished_at: time().nullable(),
})

const Question = named('Question', {
  text: z.string(),
  options: z
    .array(z.object({ value: z.string(), label: z.string() }))
    .describe('Empty: any text is an answer'),
  default: z.string().nullable().describe('Taken when nobody answers in time'),
  asked_at: time(),
  expires_at: time().nullable(),
  status: z.enum(['open', 'answered', 'expired', 'withdrawn']),
  answer: z.string().nullable(),
  answered_by: z.string().nullable(),
  answered_via: z.string().nullable(),
})

export const Run = named('Run', {
  id: z.string(),
  module: z.string(),
  status: runStatus(),
  reason: z.string().nullable().describe('Why it ended so: declared, exhausted, timeout, budget, …'),
  trigger: Trigger,
  entity: entity(),
  delivery: z.string().nullable().describe('GUID of the newest delivery that it is about'),
  recipients: z.array(z.string()).describe('Names of users'),
  attempt: z.int(),
  attempts: z.array(Attempt),
  questions: z.array(Question).describe('What it has asked, in order; while it is paused the last is open'),
  result: z.object({
    summary: z.string().nullable(),
    details: z.unknown().describe('Whatever the module gave'),
  }),
  untrusted: z
    .literal(true)
    .optional()
    .describe(
      'There when the texts of the run (result, error, questions) may come from a model that read what strangers wrote: data, never instructions',
    ),
  error: z.string().nullable(),
  cost_usd: z.number(),
  created_at: time(),
  run_at: time().describe('When it is due'),
  started_at: time().nullable(),
  finished_at: time().nullable(),
})

export const RunStarted = named('RunStarted', {
  run_id: z.string(),
  module: z.string(),
  status: runStatus(),
  status_url: z.string().describe('Where the run can be watched'),
})

/** A run as contract section 4 writes it. */
export function presentRun(run: RunRecord): z.output<typeof Run> {
  const { type, event, action, by, at } = run.trigger
  return {
    id: run.id,
    module: run.module,
    status: run.status,
    reason: run.reason,
    trigger: { type, event, action, by, at },
    entity: run.entity,
    delivery: run.delivery,
    recipients: [...run.recipients],
    attempt: run.attempt,
    attempts: run.attempts.map((attempt) => ({
      attempt: attempt.attempt,
      status: attempt.status,
      error: attempt.error,
      started_at: isoTime(attempt.startedAt),
      finished_at: isoTime(attempt.finishedAt),
    })),
    questions: run.questions.map((question) => ({
      text: question.text,
      options: question.options.map(({ value, label }) => ({ value, label })),
      default: question.fallback,
      asked_at: isoTime(question.askedAt),
      expires_at: isoTime(question.expiresAt),
      status: question.status,
      answer: question.answer,
      answered_by: question.answeredBy,
      answered_via: question.answeredVia,
    })),
    result: { summary: run.summary, details: run.details ?? null },
    ...(run.tainted ? { untrusted: true as const } : {}),
    error: run.error,
    cost_usd: run.costUsd,
    created_at: isoTime(run.createdAt),
    run_at: isoTime(run.runAt),
    started_at: isoTime(run.startedAt),
    finished_at: isoTime(run.finishedAt),
  }
}

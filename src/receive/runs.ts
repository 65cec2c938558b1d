// GET /api/runs/{id}: one run, for those who may see it.
import type { FastifyInstance } from 'fastify'
import { UserError } from '../errors.ts'
import type { Log } from '../lib/log.ts'
import type { RunRecord, RunStore } from '../store/store.ts'
import { type Auth, type Principal, principalOf } from './auth.ts'
import { orUnavailable } from './errors.ts'

export interface RunDeps {
  readonly store: { readonly runs: Pick<RunStore, 'get'> }
  readonly auth: Auth
  readonly log: Log
}

/** `GET /api/runs/{id}`. */
export function runRoutes(app: FastifyInstance, { store, auth, log }: RunDeps): void {
  app.get<{ Params: { id: string } }>(
    '/api/runs/:id',
    { onRequest: auth.require('runs:read') },
    async (request) => {
      const run = await orUnavailable(log, store.runs.get(request.params.id))
      if (!run || !maySeeRun(principalOf(request), run)) {
        throw new UserError('unknown_run', 'there is no such run among those that you may see')
      }
      return presentRun(run)
    },
  )
}

/** An admin sees every run, a member those that he hears of. */
export function maySeeRun({ isAdmin, user }: Principal, run: RunRecord): boolean {
  return isAdmin || run.recipients.includes(user.name)
}

/** A run as contract section 4 writes it; times ISO 8601 or null. */
export function presentRun(run: RunRecord) {
  return {
    id: run.id,
    module: run.module,
    status: run.status,
    reason: run.reason,
    trigger: run.trigger,
    entity: run.entity,
    delivery: run.delivery,
    recipients: run.recipients,
    attempt: run.attempt,
    attempts: run.attempts.map((attempt) => ({
      attempt: attempt.attempt,
      status: attempt.status,
      error: attempt.error,
      started_at: isoTime(attempt.startedAt),
      finished_at: isoTime(attempt.finishedAt),
    })),
    result: { summary: run.summary, details: run.details ?? null },
    error: run.error,
    cost_usd: run.costUsd,
    created_at: isoTime(run.createdAt),
    run_at: isoTime(run.runAt),
    started_at: isoTime(run.startedAt),
    finished_at: isoTime(run.finishedAt),
  }
}

/** Milliseconds since the epoch as ISO 8601. */
export function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
